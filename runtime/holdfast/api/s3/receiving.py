"""Bodies on their way to the disk: in pieces, checked before they become anything."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeVar

from aiohttp import StreamReader

from holdfast.api.auth import SETTINGS
from holdfast.api.body import bounded_body, object_timeout_s, read_body
from holdfast.api.s3.checksums import Given
from holdfast.api.s3.chunks import ChunkedBody, is_in_chunks
from holdfast.api.s3.errors import S3Error
from holdfast.api.s3.request import S3Request
from holdfast.api.s3.signature import Signature
from holdfast.host.r2_bodies import Receiving, from_thread
from holdfast.storage.r2 import Bucket
from holdfast.storage.r2.bucket import MAX_UPLOAD_BYTES
from holdfast.storage.r2.checksums import check_digests, new_checksum
from holdfast.storage.r2.contents import NewContent
from holdfast.storage.r2.errors import EntityTooLarge

MAX_DOCUMENT_BYTES = 4 << 20
_PIECE_BYTES = 1 << 18
_FRAMING = 2  # a chunk of one byte has some dozens around it; clients' have a thousandth
T = TypeVar("T")


async def receive(
    request: S3Request,
    signature: Signature,
    begin: Callable[[Bucket, Sequence[str]], NewContent],
    finish: Callable[[Bucket, NewContent, dict[str, str]], T],
) -> T:
    """Write a body to what `begin` gives for some algorithms, and have `finish` store it.

    `finish` gets the checksums to be checked by storage, and kept. Raises S3Error and R2Error;
    then nothing is stored.
    """
    in_chunks = is_in_chunks(signature.payload)
    given = Given(request, signature.payload)
    length = _length_of(request, in_chunks=in_chunks)

    def check_and_finish(new: NewContent) -> T:
        if given.payload is not None:
            _check_payload(given.payload, new.digests["sha256"])
        new.check(given.not_kept)
        return request.use(lambda bucket: finish(bucket, new, given.kept))

    new = await from_thread(
        lambda: request.use(lambda bucket: begin(bucket, given.algorithms)), NewContent.close
    )
    receiving = Receiving(new)
    try:
        async with _body(request, length, MAX_UPLOAD_BYTES, in_chunks=in_chunks) as stream:
            if in_chunks:
                chunks = ChunkedBody(stream, signature, length)
                await receiving.take(chunks.read)
                given.take(chunks.trailers)
            else:
                await receiving.take(lambda: stream.read(_PIECE_BYTES))
        return await receiving.do(check_and_finish)
    finally:
        receiving.close()


async def read_document(
    request: S3Request, signature: Signature, given: Given | None = None
) -> bytes:
    """A body of XML, whole and checked. Raises S3Error and BadDigest.

    `given`: what is to be checked, unless it is all that the request gives.
    """
    settings = request.http.app[SETTINGS]
    given = given or Given(request, signature.payload)
    if is_in_chunks(signature.payload):
        length = _length_of(request, in_chunks=True)
        async with _body(request, length, MAX_DOCUMENT_BYTES, in_chunks=True) as stream:
            chunks = ChunkedBody(stream, signature, length)
            pieces = []
            while piece := await chunks.read():
                pieces.append(piece)
            given.take(chunks.trailers)
            body = b"".join(pieces)
    else:
        body = await read_body(
            request.http, max_bytes=MAX_DOCUMENT_BYTES, timeout_s=settings.upload_timeout_s
        )
    await asyncio.to_thread(_check_document, body, given)
    return body


def _check_document(body: bytes, given: Given) -> None:
    if given.payload is not None:
        _check_payload(given.payload, _digest("sha256", body))
    announced = {**given.kept, **given.not_kept}
    check_digests({name: _digest(name, body) for name in announced}, announced)


def _digest(name: str, body: bytes) -> str:
    checksum = new_checksum(name)
    checksum.update(body)
    return checksum.hexdigest()


@asynccontextmanager
async def _body(
    request: S3Request, length: int, most: int, *, in_chunks: bool
) -> AsyncIterator[StreamReader]:
    timeout_s = object_timeout_s(request.http, length)
    max_bytes = most * _FRAMING if in_chunks else most
    if length > most:
        raise EntityTooLarge
    async with bounded_body(request.http, max_bytes=max_bytes, timeout_s=timeout_s) as stream:
        yield stream


def _length_of(request: S3Request, *, in_chunks: bool) -> int:
    """How many bytes of content there are to be. Raises S3Error."""
    if not in_chunks:
        if request.http.content_length is None:
            raise S3Error(
                "MissingContentLength",
                HTTPStatus.LENGTH_REQUIRED,
                "You must provide the Content-Length HTTP header.",
            )
        return request.http.content_length
    told = request.header("x-amz-decoded-content-length") or ""
    if not (told.isascii() and told.isdigit() and len(told) < 16):
        raise S3Error(
            "MissingContentLength",
            HTTPStatus.LENGTH_REQUIRED,
            "You must provide the x-amz-decoded-content-length HTTP header.",
        )
    return int(told)


def _check_payload(expected: str, found: str) -> None:
    if not hmac.compare_digest(expected, found):
        raise S3Error(
            "XAmzContentSHA256Mismatch",
            HTTPStatus.BAD_REQUEST,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
