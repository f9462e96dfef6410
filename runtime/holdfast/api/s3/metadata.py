"""What is told of objects, in the headers of S3.

https://developers.cloudflare.com/r2/api/s3/extensions/#extended-metadata-using-unicode
"""

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from holdfast.api.object_headers import http_metadata, object_headers
from holdfast.api.s3.request import S3Request
from holdfast.storage.r2 import Metadata, StoredObject
from holdfast.storage.r2.errors import InvalidStorageClass

PREFIX = "x-amz-meta-"
_STORAGE_CLASSES = {"STANDARD": "Standard", "STANDARD_IA": "InfrequentAccess"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ENCODED_WORD = "=?"


def metadata_of(request: S3Request, default_class: str) -> Metadata:
    """The metadata that an upload gives. Raises InvalidStorageClass."""
    return Metadata(http_of(request), custom_of(request), class_of(request, default_class))


def http_of(request: S3Request) -> dict[str, Any]:
    """Those that HTTP has names for."""
    told = http_metadata(request.header)
    codings = [one.strip() for one in told.pop("contentEncoding", "").split(",")]
    # How the body came, and not what it is.
    if kept := ", ".join(one for one in codings if one and one.lower() != "aws-chunked"):
        told["contentEncoding"] = kept
    return told


def custom_of(request: S3Request) -> dict[str, str]:
    """Those that the client has named."""
    return {name: _decoded(value) for name, value in request.named(PREFIX).items()}


def class_of(request: S3Request, default: str) -> str:
    """The storage class. Raises InvalidStorageClass."""
    told = request.header("x-amz-storage-class")
    if not told:
        return default
    if told not in _STORAGE_CLASSES:
        raise InvalidStorageClass
    return _STORAGE_CLASSES[told]


def class_name(storage_class: str) -> str:
    """A storage class as S3 names it."""
    return next(name for name, own in _STORAGE_CLASSES.items() if own == storage_class)


def headers_of(stored: StoredObject) -> dict[str, str]:
    """All that is told of an object but its size."""
    headers = {**object_headers(stored), "Accept-Ranges": "bytes"}
    if (name := class_name(stored.metadata.storage_class)) != "STANDARD":
        headers["x-amz-storage-class"] = name
    missing = 0
    for name, value in stored.metadata.custom.items():
        if _NAME.fullmatch(name):
            headers[f"{PREFIX}{name}"] = _encoded(value)
        else:
            missing += 1
    if missing:
        headers["x-amz-missing-meta"] = str(missing)
    return headers


def _decoded(value: str) -> str:
    """Text that may be in the form of RFC 2047."""
    if _ENCODED_WORD not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _encoded(value: str) -> str:
    if value.isascii() and value.isprintable() and _ENCODED_WORD not in value:
        return value
    content = base64.b64encode(value.encode("utf-8", "replace")).decode()
    return f"=?UTF-8?B?{content}?="
