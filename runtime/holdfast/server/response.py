"""A Worker's response as bytes on a connection."""

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from holdfast.host.byte_streams import BodyError, ByteStream
from holdfast.workers import WorkerResponse

# Connection-level headers are the server's business, not the script's (RFC 9110, 7.6.1).
_CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_NO_BODY = frozenset({101, 204, 205, 304})
_NO_LENGTH = frozenset({101, 204, 304})
MAX_REMEMBERED_LENGTH = 512  # of a response's headers

# A body that is there as fast as it is written makes no pause of its own, and the loop would
# see neither other clients nor this one leave.
MAX_HOLD_SECONDS = 0.001


class ResponseBroken(Exception):
    """A body failed after its head was sent: only closing the connection can tell."""


class Writable(Protocol):
    """What a body is copied to."""

    transport: asyncio.Transport | None

    async def drain(self) -> None:
        """Return once there is room again. Raises ConnectionError when the client has gone."""


class _Date:
    """The Date header's line, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._line = f"Date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._line


_date = _Date()


def has_no_body(method: str, status: int) -> bool:
    """True where a response must not carry a body, whatever the script gave it."""
    return method == "HEAD" or status in _NO_BODY


def response_head(
    response: WorkerResponse,
    *,
    keep_alive: bool,
    length: int | None,
    chunked: bool = False,
    method: str = "GET",
    minor: int = 1,
) -> bytes:
    """Status line and headers. `length` is the body's; `minor` the client's HTTP/1 version."""
    status, headers = response.status, response.headers
    written = _written if len(headers) <= MAX_REMEMBERED_LENGTH else _written.__wrapped__
    head, declared, has_date = written(status, response.status_text, headers)
    # What is passed on has its own.
    date = b"" if has_date else _date.line()
    if chunked:
        head += b"Transfer-Encoding: chunked\r\n"
    elif status not in _NO_LENGTH:
        if method == "HEAD" and declared is not None:
            head += b"Content-Length: %b\r\n" % declared
        elif length is not None:
            head += b"Content-Length: %d\r\n" % length
    if not keep_alive:
        return head + date + b"Connection: close\r\n\r\n"
    if minor == 0:
        return head + date + b"Connection: keep-alive\r\n\r\n"
    return head + date + b"\r\n"


@lru_cache(maxsize=1024)
def _written(status: int, status_text: str, headers: str) -> tuple[bytes, bytes | None, bool]:
    """Status line and the script's headers, what these say of the body's length, and of the date.

    Remembered, because a script answers with few different ones.
    """
    lines = [f"HTTP/1.1 {status} {status_text or _PHRASES.get(status, '')}\r\n"]
    declared: bytes | None = None
    has_date = False
    assert "\r" not in headers and "\0" not in headers, "header values are checked in JS"
    parts = headers.split("\n")
    for i in range(0, len(parts) - 1, 2):
        name = parts[i]
        if name not in _CONNECTION_HEADERS:
            lines.append(f"{name}: {parts[i + 1]}\r\n")
            has_date = has_date or name == "date"
        elif name == "content-length":
            declared = parts[i + 1].encode()
    return "".join(lines).encode(errors="replace"), declared, has_date


def plain_response(status: int, message: str) -> WorkerResponse:
    """An answer of the server's own: one line of text."""
    body = f"{message}\n".encode("utf-8", "replace")
    return WorkerResponse(status, "", "content-type\ntext/plain;charset=UTF-8\n", body)


def overloaded(message: str) -> WorkerResponse:
    """The answer where there is too much to do."""
    response = plain_response(503, message)
    response.headers += "retry-after\n1\n"
    return response


OVERLOADED = overloaded("The server is overloaded; try again later.")  # to be left as it is


async def copy_body(target: Writable, body: ByteStream, *, chunked: bool) -> None:
    """Write a body as it comes.

    Raises ResponseBroken when it fails or is not as long as it said, ConnectionError
    when the client has gone.
    """
    written, length = 0, body.length
    since = time.monotonic()
    try:
        while chunk := await body.read():
            written += len(chunk)
            if length is not None and written > length:
                raise ResponseBroken("the body is longer than its declared length")
            _transport(target).write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            await target.drain()
            if time.monotonic() - since > MAX_HOLD_SECONDS:
                await asyncio.sleep(0)
                since = time.monotonic()
    except BodyError as error:
        raise ResponseBroken(str(error)) from error
    if length is not None and written < length:
        raise ResponseBroken("the body is shorter than its declared length")
    if chunked:
        _transport(target).write(b"0\r\n\r\n")


def _transport(target: Writable) -> asyncio.Transport:
    if target.transport is None:
        raise ConnectionResetError("the client has gone")
    return target.transport
