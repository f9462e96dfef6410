"""A Worker's response on its way into the socket.

A body that is there already leaves with its head in one write; a stream is written as
it comes, and a stream that fails closes the connection, so that the client cannot take
the part for the whole.
"""

import time
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import ClientConnectionResetError, web
from aiohttp.abc import AbstractStreamWriter

from holdfast.host.bodies import BodyError, ByteStream
from holdfast.workers import WorkerResponse

# Connection-level headers are the server's business, not the script's (RFC 9110, 7.6.1).
_CONNECTION_HEADERS = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_NO_BODY = frozenset({101, 204, 205, 304})


class _Date:
    """The Date header's line, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = ""

    def line(self) -> str:
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._line = f"Date: {formatdate(now, usegmt=True)}\r\n"
        return self._line


_date = _Date()


class OutgoingResponse(web.StreamResponse):
    """Writes a WorkerResponse by itself where aiohttp's own way costs more."""

    def __init__(self, response: WorkerResponse) -> None:
        super().__init__(status=response.status)
        self._response = response

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write the head, and the body too where it is at hand."""
        self._req = request
        self._keep_alive = request.keep_alive
        self._eof_sent = True
        body = self._response.body
        transport = request.transport
        if transport is None:
            self._response.discard()
            return None
        if body is not None and not isinstance(body, bytes):
            await self._stream(request, body)
            return None
        content = body or b""
        head = self._head(request, len(content))
        transport.write(head if self._has_no_body(request) else head + content)
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""

    def _has_no_body(self, request: web.BaseRequest) -> bool:
        return request.method == "HEAD" or self._response.status in _NO_BODY

    def _head(
        self, request: web.BaseRequest, length: int | None, *, chunked: bool = False
    ) -> bytes:
        response = self._response
        reason = response.status_text or _PHRASES.get(response.status, "")
        lines = [f"HTTP/1.1 {response.status} {reason}\r\n"]
        declared: str | None = None
        if response.headers:
            parts = response.headers.split("\n")
            for name, value in zip(parts[::2], parts[1::2], strict=False):
                if name not in _CONNECTION_HEADERS:
                    lines.append(f"{name}: {value}\r\n")
                elif name == "content-length":
                    declared = value
        if chunked:
            lines.append("Transfer-Encoding: chunked\r\n")
        elif response.status not in (101, 204, 304):
            if request.method == "HEAD" and declared is not None:
                lines.append(f"Content-Length: {declared}\r\n")
            elif length is not None:
                lines.append(f"Content-Length: {length}\r\n")
        lines.append(_date.line())
        if not self._keep_alive:
            lines.append("Connection: close\r\n")
        elif request.version.minor == 0:
            lines.append("Connection: keep-alive\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1", "replace")

    async def _stream(self, request: web.BaseRequest, body: ByteStream) -> None:
        """Write a body of unknown content as it comes."""
        transport = request.transport
        assert transport is not None, "prepare() has looked"
        length = body.length
        chunked = length is None and request.version.minor == 1
        if length is None and not chunked:
            self._keep_alive = False
        transport.write(self._head(request, length, chunked=chunked))
        if self._has_no_body(request):
            body.cancel()
            return
        try:
            await self._copy(request, body, chunked=chunked, length=length)
        except BodyError:
            transport.abort()
            raise ClientConnectionResetError("the script's body failed") from None
        except BaseException:
            body.cancel()
            raise

    async def _copy(
        self, request: web.BaseRequest, body: ByteStream, *, chunked: bool, length: int | None
    ) -> None:
        written = 0
        while chunk := await body.read():
            transport = request.transport
            if transport is None:
                raise ClientConnectionResetError("the client has gone")
            written += len(chunk)
            if length is not None and written > length:
                raise BodyError("the body is longer than its declared length")
            transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
            await request.writer.drain()
        if length is not None and written < length:
            raise BodyError("the body is shorter than its declared length")
        if chunked and request.transport is not None:
            request.transport.write(b"0\r\n\r\n")
