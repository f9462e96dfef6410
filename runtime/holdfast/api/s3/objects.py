"""Objects: they are read, put and removed.

https://developers.cloudflare.com/r2/api/s3/api/#object-level-operations
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from aiohttp import web

from holdfast.api.body import send_stream
from holdfast.api.object_headers import sendable
from holdfast.api.s3.answers import empty_answer, xml_answer
from holdfast.api.s3.checksums import checksum_headers
from holdfast.api.s3.conditions import condition_of, is_of_same, parted_condition
from holdfast.api.s3.errors import S3Error, invalid_argument, malformed_xml
from holdfast.api.s3.metadata import headers_of, metadata_of
from holdfast.api.s3.receiving import read_document, receive
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.api.s3.xml import element, text
from holdfast.api.s3.xml_in import parse
from holdfast.host.byte_streams import ByteStream
from holdfast.host.r2_bodies import from_thread, stream_of
from holdfast.storage.r2 import Bucket, R2Error, StoredObject
from holdfast.storage.r2.bucket import MAX_DELETED, Got
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import BucketExists, PreconditionFailed
from holdfast.storage.r2.rows import checked_key

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_OVERRIDES = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Expires",
)


async def get_object(request: S3Request, _: Signature) -> web.StreamResponse:
    """The content of an object, or of a range or a part of it."""
    got, body, is_part = await _opened(request)
    try:
        response = _head(request, got.object, got.range if is_part else None)
        await send_stream(request.http, response, body)
    finally:
        body.cancel()
    return response


async def head_object(request: S3Request, _signature: Signature) -> web.StreamResponse:
    """What is told of an object."""
    if request.parameter("partNumber") is not None:
        got, body, _ = await _opened(request)
        body.cancel()
        response = _head(request, got.object, got.range)
    else:
        stored = await asyncio.to_thread(request.use, lambda bucket: bucket.head(request.key))
        if not condition_of(request).holds(stored.etag, stored.uploaded):
            raise _unmet(request, stored)
        response = _head(request, stored, None)
    await response.prepare(request.http)
    await response.write_eof()
    return response


async def put_object(request: S3Request, signature: Signature) -> web.Response:
    """Keep the body as an object."""
    condition = condition_of(request)
    await create_if_missing(request)

    def begin(bucket: Bucket, algorithms: Sequence[str]) -> NewContent:
        metadata_of(request, bucket.storage_class).check()
        return bucket.begin(request.key, algorithms)

    def finish(bucket: Bucket, new: NewContent, checksums: dict[str, str]) -> StoredObject:
        return bucket.put(
            request.key,
            new,
            metadata_of(request, bucket.storage_class),
            checksums=checksums,
            condition=condition,
            now_ms=request.now_ms,
        )

    stored = await receive(request, signature, begin, finish)
    return empty_answer(headers=stored_headers(stored))


async def delete_object(request: S3Request, _: Signature) -> web.Response:
    """Remove an object; one that is not there counts as removed."""
    await asyncio.to_thread(request.use, lambda bucket: bucket.delete([request.key]))
    return empty_answer(HTTPStatus.NO_CONTENT)


async def delete_objects(request: S3Request, signature: Signature) -> web.Response:
    """Remove up to 1,000 objects that a document names."""
    asked = await asyncio.to_thread(parse, await read_document(request, signature), "Delete")
    keys = [one.find("Key") for one in asked.all("Object")]
    if not 1 <= len(keys) <= MAX_DELETED or any(not key for key in keys):
        raise malformed_xml()
    is_quiet = (asked.find("Quiet") or "").strip().lower() == "true"
    good, content = [], []
    for key in keys:
        assert key, "it is none of those that were refused"
        try:
            checked_key(key)
        except R2Error as error:
            told = (text("Code", "InvalidObjectName"), text("Message", error.message))
            content.append(element("Error", text("Key", key), *told))
        else:
            good.append(key)
    await asyncio.to_thread(request.use, lambda bucket: bucket.delete(good))
    if not is_quiet:
        content += (element("Deleted", text("Key", key)) for key in good)
    return xml_answer("DeleteResult", *content)


def stored_headers(stored: StoredObject) -> dict[str, str]:
    """What is told of an object that was just stored."""
    return {
        "ETag": f'"{stored.etag}"',
        **checksum_headers(stored.checksums),
    }


async def create_if_missing(request: S3Request) -> None:
    """Create the bucket, if it is not there and a header of R2's asks for that.

    https://developers.cloudflare.com/r2/api/s3/extensions/#cf-create-bucket-if-missing
    """
    if (request.header("cf-create-bucket-if-missing") or "").lower() == "true":
        with suppress(BucketExists):
            await asyncio.to_thread(request.buckets.create, request.bucket, request.now_ms)


# ---- what is asked for ----------------------------------------------------------------


async def _opened(request: S3Request) -> tuple[Got, ByteStream, bool]:
    """An object, its bytes that are asked for, and whether these are a part of them.

    Raises PreconditionFailed, and S3Error for what the client has already.
    """
    condition, wanted = condition_of(request), _wanted(request)

    def get(bytes_of: dict[str, Any] | None) -> tuple[Got, ByteStream]:
        got = request.use(lambda bucket: bucket.get(request.key, bytes_of, condition))
        if got.content is None:
            raise _unmet(request, got.object)
        return got, stream_of(got)

    def read() -> tuple[Got, ByteStream, bool]:
        got, body = get(wanted)
        if wanted is None or is_of_same(request, got.object):
            return got, body, wanted is not None
        body.cancel()
        return *get(None), False

    return await from_thread(read, lambda found: found[1].cancel())


def _wanted(request: S3Request) -> dict[str, Any] | None:
    """Which bytes, as storage takes it; a header that is none of one range counts for nothing."""
    header, part = request.header("Range"), request.parameter("partNumber")
    if part is not None:
        if header is not None:
            raise invalid_argument(
                "Cannot specify both Range header and partNumber query parameter"
            )
        return {"part": request.number("partNumber", 0)}
    found = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        return {"suffix": int(last)} if last else None
    if not last:
        return {"offset": int(first)}
    length = int(last) - int(first) + 1
    return {"offset": int(first), "length": length} if length > 0 else None


def _unmet(request: S3Request, stored: StoredObject) -> Exception:
    required, _ = parted_condition(request)
    if not required.holds(stored.etag, stored.uploaded):
        return PreconditionFailed()
    told = headers_of(stored)
    kept = ("ETag", "Last-Modified", "Cache-Control", "Expires")
    headers = {name: told[name] for name in kept if name in told}
    return S3Error("NotModified", HTTPStatus.NOT_MODIFIED, "Not Modified", headers)


# ---- what is told ---------------------------------------------------------------------


def _head(request: S3Request, stored: StoredObject, part: range | None) -> web.StreamResponse:
    """An answer that has all but its body; `part`: which bytes those are, unless they are all."""
    headers = headers_of(stored)
    for name in _OVERRIDES:
        told = request.parameter(f"response-{name.lower()}")
        if told is not None:
            headers[name] = sendable(told)
    response = web.StreamResponse(headers={**headers, **request.cors})
    response.content_length = stored.size if part is None else len(part)
    if part is None:
        if (request.header("x-amz-checksum-mode") or "").upper() == "ENABLED":
            response.headers.update(checksum_headers(stored.checksums))
        return response
    response.set_status(HTTPStatus.PARTIAL_CONTENT)
    response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
    _, dash, count = stored.etag.partition("-")
    if dash:
        response.headers["x-amz-mp-parts-count"] = count
    return response
