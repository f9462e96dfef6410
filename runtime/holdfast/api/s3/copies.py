"""Objects, and parts, that are copies of what is there.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
https://developers.cloudflare.com/r2/api/s3/extensions/#copyobject
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import unquote

from aiohttp import web

from holdfast.api.s3.answers import time_text, xml_answer
from holdfast.api.s3.conditions import condition_of
from holdfast.api.s3.errors import S3Error, invalid_argument
from holdfast.api.s3.metadata import class_of, custom_of, http_of
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.api.s3.xml import text
from holdfast.host.byte_streams import BodyError, ByteStream
from holdfast.host.r2_bodies import Receiving, from_thread, stream_of
from holdfast.storage.errors import StorageError
from holdfast.storage.r2 import Bucket, Metadata, StoredObject
from holdfast.storage.r2.bucket import MAX_UPLOAD_BYTES, Got
from holdfast.storage.r2.checksums import MD5
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import EntityTooLarge, PreconditionFailed

SOURCE = "x-amz-copy-source"
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
T = TypeVar("T")


async def copy_object(request: S3Request, _: Signature) -> web.Response:
    """Keep the content of another object, or the same one, as an object."""
    directive = (request.header("x-amz-metadata-directive") or "COPY").upper()
    if directive not in ("COPY", "REPLACE", "MERGE"):
        raise invalid_argument("Unknown metadata directive.")
    condition = condition_of(request, "cf-copy-destination-")
    async with _source(request, None) as (source, body):
        checksums = {name: one for name, one in source.checksums.items() if name != MD5}

        def finish(bucket: Bucket, new: NewContent) -> StoredObject:
            metadata = _metadata(request, directive, source.metadata, bucket.storage_class)
            return bucket.put(
                request.key,
                new,
                metadata,
                checksums=checksums,
                condition=condition,
                now_ms=request.now_ms,
            )

        stored = await _copied(
            request, body, lambda bucket: bucket.begin(request.key, [*checksums]), finish
        )
    return _result("CopyObjectResult", stored.etag, request.now_ms)


async def upload_part_copy(
    request: S3Request,
    put: Callable[[Bucket, NewContent], str],
    begin: Callable[[Bucket], NewContent],
) -> web.Response:
    """Keep the content of an object, or a range of it, as a part."""
    told = request.header(f"{SOURCE}-range")
    wanted = None
    if told is not None:
        found = _RANGE.fullmatch(told)
        if found is None or int(found[1]) > int(found[2]):
            raise invalid_argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last"
            )
        wanted = {"offset": int(found[1]), "length": int(found[2]) - int(found[1]) + 1}
    async with _source(request, wanted) as (_, body):
        etag = await _copied(request, body, begin, put)
    return _result("CopyPartResult", etag, request.now_ms)


def _result(name: str, etag: str, now_ms: float) -> web.Response:
    content = (text("LastModified", time_text(now_ms)), text("ETag", f'"{etag}"'))
    return xml_answer(name, *content)


async def _copied(
    request: S3Request,
    body: ByteStream,
    begin: Callable[[Bucket], NewContent],
    finish: Callable[[Bucket, NewContent], T],
) -> T:
    new = await from_thread(lambda: request.use(begin), NewContent.close)
    receiving = Receiving(new)
    try:
        await receiving.take(body.read)
        return await receiving.do(lambda new: request.use(lambda bucket: finish(bucket, new)))
    except BodyError as error:
        raise StorageError("An object that is copied cannot be read") from error
    finally:
        receiving.close()


@asynccontextmanager
async def _source(
    request: S3Request, wanted: dict[str, Any] | None
) -> AsyncIterator[tuple[StoredObject, ByteStream]]:
    """The object that is copied, and its content. Raises PreconditionFailed."""
    bucket, key = _source_of(request)
    condition = condition_of(request, f"{SOURCE}-")

    def read() -> tuple[Got, ByteStream]:
        got = request.buckets.use(bucket, lambda one: one.get(key, wanted, condition))
        if got.content is None:
            raise PreconditionFailed
        return got, stream_of(got)

    got, body = await from_thread(read, lambda found: found[1].cancel())
    try:
        if wanted is not None and len(got.range) < wanted["length"]:
            raise S3Error(
                "InvalidRange",
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "The requested range is not satisfiable",
            )
        if len(got.range) > MAX_UPLOAD_BYTES:
            raise EntityTooLarge
        yield got.object, body
    finally:
        body.cancel()


def _source_of(request: S3Request) -> tuple[str, str]:
    told, _, version = (request.header(SOURCE) or "").partition("?versionId=")
    bucket, _, key = unquote(told).removeprefix("/").partition("/")
    if not bucket or not key:
        raise invalid_argument("Copy Source must mention the source bucket and key: bucket/key")
    if version not in ("", "null"):
        raise S3Error(
            "NoSuchVersion", HTTPStatus.NOT_FOUND, "The specified version does not exist."
        )
    return bucket, key


def _metadata(request: S3Request, directive: str, source: Metadata, default: str) -> Metadata:
    storage_class = class_of(request, default)
    if directive == "COPY":
        return Metadata(source.http, source.custom, storage_class)
    http, custom = http_of(request), custom_of(request)
    if directive == "MERGE":
        http, custom = {**source.http, **http}, {**source.custom, **custom}
    return Metadata(http, custom, storage_class)
