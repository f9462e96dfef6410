"""S3's codes for what goes wrong.

https://developers.cloudflare.com/r2/api/error-codes/
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import logging
from http import HTTPStatus

from aiohttp import web

from holdfast.api.envelope import ApiRefusal
from holdfast.api.s3.xml import document, text
from holdfast.catalog import UploadRejected
from holdfast.storage import StorageError
from holdfast.storage.r2.errors import (
    BadDigest,
    BadUpload,
    BucketExists,
    BucketNotEmpty,
    EntityTooLarge,
    EntityTooSmall,
    InvalidBucketName,
    InvalidCors,
    InvalidMaxKeys,
    InvalidObjectName,
    InvalidPart,
    InvalidRange,
    InvalidStorageClass,
    MetadataTooLarge,
    NoSuchBucket,
    NoSuchCors,
    NoSuchKey,
    NoSuchUpload,
    PreconditionFailed,
    R2Error,
    TooManyKeys,
)

logger = logging.getLogger("holdfast.api")

_CODES: dict[type[R2Error], str] = {
    BadDigest: "BadDigest",
    BadUpload: "InvalidPart",
    BucketExists: "BucketAlreadyOwnedByYou",
    BucketNotEmpty: "BucketNotEmpty",
    EntityTooLarge: "EntityTooLarge",
    EntityTooSmall: "EntityTooSmall",
    InvalidBucketName: "InvalidBucketName",
    InvalidCors: "InvalidRequest",
    InvalidMaxKeys: "InvalidArgument",
    InvalidObjectName: "InvalidObjectName",
    InvalidPart: "InvalidPart",
    InvalidRange: "InvalidRange",
    InvalidStorageClass: "InvalidStorageClass",
    MetadataTooLarge: "MetadataTooLarge",
    NoSuchBucket: "NoSuchBucket",
    NoSuchCors: "NoSuchCORSConfiguration",
    NoSuchKey: "NoSuchKey",
    NoSuchUpload: "NoSuchUpload",
    PreconditionFailed: "PreconditionFailed",
    TooManyKeys: "MalformedXML",
}


class S3Error(Exception):
    """An answer other than success that storage has no error for; a status 304 is one, too."""

    def __init__(
        self, code: str, status: int, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.headers = headers


def not_implemented(what: str) -> S3Error:
    """R2, or Holdfast, does not have this."""
    return S3Error("NotImplemented", HTTPStatus.NOT_IMPLEMENTED, f"{what} not implemented")


def invalid_argument(message: str) -> S3Error:
    """A parameter or a header makes no sense."""
    return S3Error("InvalidArgument", HTTPStatus.BAD_REQUEST, message)


def malformed_xml() -> S3Error:
    """A body is no XML, or says something else than was expected."""
    return S3Error(
        "MalformedXML",
        HTTPStatus.BAD_REQUEST,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def as_s3(error: Exception) -> S3Error:
    """An error as S3 tells it; one that nobody foresaw is logged and not told."""
    match error:
        case S3Error():
            return error
        case NoSuchUpload():
            return S3Error("NoSuchUpload", HTTPStatus.NOT_FOUND, error.message)
        case R2Error() if type(error) in _CODES:
            return S3Error(_CODES[type(error)], error.status, error.message)
        case R2Error() if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return S3Error("InvalidArgument", error.status, error.message)
        case R2Error():
            return S3Error("InternalError", error.status, error.message)
        case UploadRejected():  # a body without an end
            return as_s3(EntityTooLarge())
        case ApiRefusal(status=HTTPStatus.REQUEST_TIMEOUT):
            return S3Error("RequestTimeout", HTTPStatus.BAD_REQUEST, error.message)
        case ApiRefusal():  # the body broke off
            return S3Error("IncompleteBody", HTTPStatus.BAD_REQUEST, error.message)
        case StorageError() | OSError():
            logger.error("A request to a bucket failed: %s", error)
        case _:
            logger.error("A request to a bucket failed.", exc_info=error)
    return S3Error(
        "InternalError",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "An internal error occurred. Holdfast's log has the details.",
    )


def answer(error: Exception) -> web.Response:
    """The answer that tells of an error."""
    told = as_s3(error)
    if told.status == HTTPStatus.NOT_MODIFIED:
        return web.Response(status=told.status, headers=told.headers)
    return web.Response(
        status=told.status,
        body=document(
            "Error", text("Code", told.code), text("Message", told.message), namespace=""
        ),
        content_type="application/xml",
        headers=told.headers,
    )
