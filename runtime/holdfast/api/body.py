"""Request bodies, read no further than they may go.

aiohttp would answer `Expect: 100-continue` before a handler runs, and so invite
the body of a client that has no token. The API's routes therefore have
`withhold_continue`, and a handler invites the body when it wants it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import cast

from aiohttp import StreamReader, web
from aiohttp.web import RequestPayloadError

from holdfast.api.auth import SETTINGS
from holdfast.api.envelope import ApiRefusal
from holdfast.catalog import ErrorCode, UploadRejected
from holdfast.host.byte_streams import ByteStream

_CHUNK_BYTES = 1 << 16
_SLOWEST_BYTES_S = 100_000  # of objects, which may be large


async def withhold_continue(_request: web.Request) -> None:
    """The routes' answer to `Expect: 100-continue`: none yet."""


async def read_body(request: web.Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body. Raises UploadRejected when it is longer than `max_bytes`."""
    body = bytearray()
    async with bounded_body(request, max_bytes=max_bytes, timeout_s=timeout_s) as stream:
        while chunk := await stream.read(_CHUNK_BYTES):
            body += chunk
    return bytes(body)


@contextlib.asynccontextmanager
async def bounded_body(
    request: web.Request, *, max_bytes: int, timeout_s: float
) -> AsyncIterator[StreamReader]:
    """The body as a stream that ends in UploadRejected after `max_bytes`.

    A body that says it is longer is refused before it is invited. ApiRefusal is
    raised when the block takes longer than `timeout_s` or the body breaks off.
    """
    if (request.content_length or 0) > max_bytes:
        raise too_large(max_bytes)
    await _invite(request)
    try:
        async with asyncio.timeout(timeout_s):
            yield cast("StreamReader", BoundedStream(request.content, max_bytes))
    except TimeoutError as error:
        raise ApiRefusal(
            HTTPStatus.REQUEST_TIMEOUT,
            ErrorCode.INVALID_SCRIPT,
            f"The body did not arrive within {timeout_s:g} seconds.",
        ) from error
    except RequestPayloadError as error:
        raise ApiRefusal(
            HTTPStatus.BAD_REQUEST, ErrorCode.INVALID_SCRIPT, f"The body broke off: {error}"
        ) from error


def object_timeout_s(request: web.Request, length: int) -> float:
    """How long the body of an object may take that has so many bytes."""
    return request.app[SETTINGS].upload_timeout_s + length / _SLOWEST_BYTES_S


async def send_stream(request: web.Request, response: web.StreamResponse, body: ByteStream) -> None:
    """Answer with a stream, piece by piece. Who has opened it cancels it in the end."""
    await response.prepare(request)
    while piece := await body.read():
        await response.write(piece)
    await response.write_eof()


def too_large(max_bytes: int) -> UploadRejected:
    """The error for a body or a script beyond its limit."""
    return UploadRejected(
        ErrorCode.SCRIPT_TOO_LARGE, f"The upload is larger than the limit of {max_bytes:,} bytes."
    )


class BoundedStream:
    """A StreamReader that counts what is read, with the methods that multipart parsing needs."""

    def __init__(self, stream: StreamReader, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._taken = 0

    async def read(self, size: int = -1) -> bytes:
        """As StreamReader.read."""
        return self._count(await self._stream.read(size))

    async def readline(self, *, max_line_length: int | None = None) -> bytes:
        """As StreamReader.readline."""
        return self._count(await self._stream.readline(max_line_length=max_line_length))

    def at_eof(self) -> bool:
        """As StreamReader.at_eof."""
        return self._stream.at_eof()

    def unread_data(self, data: bytes) -> None:
        """As StreamReader.unread_data; what is put back will be counted when it is read again."""
        self._taken -= len(data)
        self._stream.unread_data(data)

    def _count(self, data: bytes) -> bytes:
        self._taken += len(data)
        if self._taken > self._max_bytes:
            raise too_large(self._max_bytes)
        return data


async def _invite(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
