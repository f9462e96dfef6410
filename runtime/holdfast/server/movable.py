"""A connection that may go on in another process, where it is between two requests.

Its descriptor takes along what lies in the kernel's buffers; what our own parser has taken out
of them must be whole requests, all answered. The parser does not tell where in a request it
stands, so that is followed here, from how the bytes that it gets end.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiohttp.http_parser import HttpParser, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from holdfast.server.connection import Connection
from holdfast.server.framing import HEAD_END, Message

if TYPE_CHECKING:
    from holdfast.server.http_server import HttpServer

_UNKNOWN = -1


class MovableConnection(Connection):
    """See Connection."""

    __slots__ = ("_missing",)

    def __init__(self, server: "HttpServer") -> None:
        super().__init__(server)
        self._missing = 0  # bytes until the end of the request that came last

    def _parse(self, parser: HttpParser[Any], data: bytes) -> Any:
        result = super()._parse(parser, data)
        messages = result[0]
        if messages and messages[-1][1] is EMPTY_PAYLOAD and data.endswith(HEAD_END):
            self._missing = 0
        else:
            self._missing = self._count_missing(messages, data)
        if result[1]:  # it waits as `_tail`
            self._missing = _UNKNOWN
        return result

    def _count_missing(self, messages: Sequence[Message], data: bytes) -> int:
        """How much is to come of the last request, whose last bytes so far are `data`.

        _UNKNOWN where the beginning of another one may be among them.
        """
        if not (data or messages or self._missing):
            return 0  # nothing came: the parser was woken, as it is by who reads a body
        last = messages or self._messages
        payload = last[-1][1] if last else self._payload
        if payload is EMPTY_PAYLOAD:
            return _UNKNOWN
        message = last[-1][0] if last else self._message
        length = int(message.headers.get("Content-Length", _UNKNOWN))
        if not payload.is_eof():
            return max(length - payload.total_bytes, 0) or _UNKNOWN
        if data.endswith(HEAD_END):
            return 0
        if messages:
            return 0 if self.is_idle and _is_whole(message, length, data) else _UNKNOWN
        return 0 if len(data) == self._missing else _UNKNOWN

    def descriptor(self) -> int | None:
        """That of its socket, if nothing else is left of this connection in this process."""
        transport = self.transport
        if transport is None or self._parser is None or not self.is_idle or self._closing:
            return None
        if self._missing or self._upgraded or self._unparsed:
            return None
        if self._reading_paused or self._buffer_paused or self._paused:
            return None
        self.flush()
        if transport.is_closing() or transport.get_write_buffer_size():
            return None
        return int(transport.get_extra_info("socket").fileno())

    def leave(self) -> None:
        """Go on elsewhere: the client is not to notice.

        A transport that is aborted closes its descriptor and does not shut down the connection.
        """
        self._forget()
        self.abort()


def _is_whole(message: RawRequestMessage, length: int, data: bytes) -> bool:
    """Whether `data` is one request with its body of this length, and nothing else."""
    line = f"{message.method} {message.path} ".encode("utf-8", "surrogateescape")
    return data.startswith(line) and data.find(HEAD_END) + len(HEAD_END) + length == len(data)
