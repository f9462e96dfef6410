"""Frames put together to messages, by RFC 6455: https://www.rfc-editor.org/rfc/rfc6455#section-5.

aiohttp's reader takes frames apart: reserved bits, opcodes, lengths and masks. What frames make
together is checked here, and whether they came masked, which aiohttp does not ask.
"""

import asyncio
import codecs
from typing import TYPE_CHECKING, Any

from aiohttp._websocket.models import WebSocketError
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http_websocket import WebSocketReader

from holdfast.host.constants import MAX_SOCKET_MESSAGE_BYTES

if TYPE_CHECKING:
    from holdfast.host.sockets_wire import WireEnd

AT_ONCE = 64  # messages of one piece that are handed on before the loop gets its turn

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING = 0, 1, 2, 8, 9
_NEVER_SENT = frozenset({1004, 1005, 1006})
_WRONG_MASKING = "Received frame that is not masked as it has to be"
_utf_8 = codecs.getincrementaldecoder("utf-8")


class _Failures(WebSocketDataQueue):
    """Where aiohttp's reader tells that bytes were no frames."""

    def __init__(self, wire: "WireEnd", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(wire, 0, loop=loop)
        self._wire = wire

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        # The reader keeps the exception, whose traceback would keep the reader and the message.
        exc.__traceback__ = exc.__cause__ = exc.__context__ = None
        self._wire.failed(exc)


class FrameReader(WebSocketReader):
    """Gives a wire the messages and control frames of the bytes that it is fed."""

    __slots__ = ("_decoder", "_kind", "_parts", "_unwanted", "_wire")

    def __init__(
        self,
        wire: "WireEnd",
        loop: asyncio.AbstractEventLoop,
        *,
        is_client: bool,
        compress: bool = False,
    ) -> None:
        """`is_client`: what comes is a server's; `compress`: it may be compressed."""
        super().__init__(
            _Failures(wire, loop), MAX_SOCKET_MESSAGE_BYTES + 1, compress=compress, decode_text=True
        )
        self._wire = wire
        # aiohttp takes the mask off in a bytearray. Section 5.1: who must not send masks, who must.
        self._unwanted: type = bytearray if is_client else bytes
        self._kind: int | None = None  # of the message that is not whole
        self._parts = bytearray()
        self._decoder: Any = None  # of its text

    def _handle_frame(
        self, fin: bool, opcode: int, payload: bytes | bytearray, _compressed: int
    ) -> None:
        if payload.__class__ is self._unwanted:
            raise WebSocketError(1002, _WRONG_MASKING)
        if opcode > _BINARY:
            self._control(opcode, payload)
        elif fin and opcode and self._kind is None:
            self._whole(opcode, payload)
        else:
            self._part(opcode, payload, is_last=fin)

    def check_mask(self, payload: bytes | bytearray) -> None:
        """Raise WebSocketError where a frame has a mask that must not have one, or has none."""
        if payload.__class__ is self._unwanted:
            raise WebSocketError(1002, _WRONG_MASKING)

    def _whole(self, kind: int, payload: bytes | bytearray) -> None:
        """A message: it goes to the wire's peer, without a detour most of the time."""
        message = _text(payload) if kind == _TEXT else bytes(payload)
        wire = self._wire
        peer = wire.peer
        if (
            peer is None
            or not peer.listening
            or wire.has_closed
            or wire._waiting
            or wire._in_piece >= AT_ONCE
        ):
            wire.received(message)
        else:
            wire._in_piece += 1
            peer.on_message(message)

    def _part(self, opcode: int, payload: bytes | bytearray, *, is_last: bool) -> None:
        if (opcode == _CONTINUATION) is (self._kind is None):
            raise WebSocketError(1002, f"Unexpected opcode={opcode}")
        if self._kind is None:
            self._kind = opcode
            self._decoder = _utf_8() if opcode == _TEXT else None
        self._parts += payload
        check_size(len(self._parts))
        if self._decoder is not None:
            _checked(self._decoder, payload, is_last=is_last)
        if is_last:
            kind, parts = self._kind, self._parts
            self._kind, self._parts = None, bytearray()
            self._whole(kind, parts)

    def _control(self, opcode: int, payload: bytes | bytearray) -> None:
        if opcode == _PING:
            self._wire.pinged(bytes(payload))
        elif opcode == _CLOSE:
            if len(payload) == 1:
                raise WebSocketError(1002, "Invalid close frame: half a code")
            code = int.from_bytes(payload[:2], "big")
            # https://www.rfc-editor.org/rfc/rfc6455#section-7.4
            if payload and (
                not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in _NEVER_SENT
            ):
                raise WebSocketError(1002, f"Invalid close code: {code}")
            self._wire.closed(code, _text(payload[2:]))


def check_size(size: int) -> None:
    """Raise WebSocketError for a message that is too large."""
    if size > MAX_SOCKET_MESSAGE_BYTES:
        raise WebSocketError(1009, f"Message size {size} exceeds limit")  # as aiohttp says it


def _text(payload: bytes | bytearray) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise _not_text() from error


def _checked(decoder: Any, payload: bytes | bytearray, *, is_last: bool) -> None:
    """Look at a part of a text as it comes, wherever it was cut: section 8.1."""
    try:
        decoder.decode(payload, is_last)
    except UnicodeDecodeError as error:
        raise _not_text() from error


def _not_text() -> WebSocketError:
    return WebSocketError(1007, "Invalid UTF-8 text message")
