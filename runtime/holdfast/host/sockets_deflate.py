"""A client's WebSocket whose messages are compressed: https://www.rfc-editor.org/rfc/rfc7692.

No context is kept between messages, in either direction (`sockets_extensions`). One compressor
serves all sockets of a window's size: after a full flush it refers to nothing that came before.
What comes in is inflated by a new state for each message, since what a client sends could refer
to anything.

A message that swells is given up at the limit that all messages have. Others wait compressed: of
what has arrived a slice at a time is read, until more than `MAX_INFLATED_BYTES` have come of it;
then the loop gets its turn, and the peer may say that it has enough.
"""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp._websocket.models import WebSocketError
from aiohttp.http_websocket import WSMsgType

from holdfast.host.constants import MAX_SOCKET_MESSAGE_BYTES
from holdfast.host.sockets_end import Message
from holdfast.host.sockets_reader import FrameReader, check_size
from holdfast.host.sockets_wire import WireEnd

SLICE_BYTES = 4_096  # four mebibytes at most, but for the end of a message that began before
MAX_INFLATED_BYTES = 1_048_576
# Smaller messages gain nothing; larger ones keep others waiting, so that they go as they are.
MIN_DEFLATED_BYTES, MAX_DEFLATED_BYTES = 64, 1_048_576
MAX_MEMBERS = 16  # deflate streams in one message, of which there is hardly ever a second
_TAIL = b"\x00\x00\xff\xff"  # of each flush, which does not travel
_RSV1 = 0x40
_CONTROL_AND_RSV1 = 0x08 | _RSV1
_MASK_BYTES = 4
_LENGTH_BYTES = {126: 2, 127: 8}  # of a length that seven bits cannot tell
_CONTINUATION = int(WSMsgType.CONTINUATION)
_TEXT, _BINARY = int(WSMsgType.TEXT), int(WSMsgType.BINARY)
_DATA = frozenset({_CONTINUATION, _TEXT, _BINARY})

# Each loop's, by the size of the window.
_compressors: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Any]] = WeakKeyDictionary()


def _compressor_of(loop: asyncio.AbstractEventLoop, window_bits: int) -> Any:
    ours = _compressors.setdefault(loop, {})
    if window_bits not in ours:
        ours[window_bits] = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, -window_bits)
    return ours[window_bits]


def _deflated(data: bytes, compressor: Any) -> bytes:
    out: bytes = compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)
    assert out.endswith(_TAIL), "a flush ends with an empty block"
    return out[: -len(_TAIL)]


def _inflated(data: bytes | bytearray) -> bytes:
    """A message. Raises WebSocketError for what is none, or swells too much."""
    rest, parts, room = data + _TAIL, [], MAX_SOCKET_MESSAGE_BYTES + 1
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            part = inflater.decompress(rest, room)
        except zlib.error as error:
            raise WebSocketError(1007, "Decompression failed") from error
        parts.append(part)
        room -= len(part)
        if room <= 0:
            check_size(MAX_SOCKET_MESSAGE_BYTES + 1)
        if not inflater.eof:
            return b"".join(parts)
        rest = inflater.unused_data
    raise WebSocketError(1007, "Decompression failed")


class _Reader(FrameReader):
    """Inflates messages that came compressed; their parts have to be put together first."""

    __slots__ = ("_deflated", "_deflated_kind", "_head", "_to_skip", "inflated_bytes")

    def __init__(self, wire: "DeflatedWireEnd", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(wire, loop, is_client=False, compress=True)
        self.inflated_bytes = 0  # since somebody has set it to zero
        self._deflated_kind: int | None = None  # of a compressed message that is not whole
        self._deflated = bytearray()
        self._head = b""  # of a frame whose length is not known yet
        self._to_skip = 0  # bytes of the last frame that are yet to come

    def feed(self, data: bytes) -> None:
        """Read what has come, but no control frame that says that it is compressed."""
        end = self._end_before_mistake(data)
        self.feed_data(data[:end])
        if end < len(data):
            self._wire.failed(WebSocketError(1002, "Received frame with non-zero reserved bits"))

    def _end_before_mistake(self, data: bytes) -> int:
        """Where such a frame begins, which aiohttp lets pass; else the end of the data.

        https://www.rfc-editor.org/rfc/rfc7692#section-6.1
        """
        known = len(self._head)
        data, at = self._head + data, self._to_skip
        self._head, size = b"", len(data)
        while at < size:
            if data[at] & _CONTROL_AND_RSV1 == _CONTROL_AND_RSV1:
                return at - known
            length = data[at + 1] & 0x7F if at + 1 < size else 0
            head = 2 + _LENGTH_BYTES.get(length, 0)
            if at + head > size:
                self._head, self._to_skip = data[at:], 0
                return size - known
            if head > 2:
                length = int.from_bytes(data[at + 2 : at + head], "big")
            at += head + (_MASK_BYTES if data[at + 1] & 0x80 else 0) + length
        self._to_skip = at - size
        return size - known

    def _handle_frame(
        self, fin: bool, opcode: int, payload: bytes | bytearray, compressed: int
    ) -> None:
        if opcode not in _DATA or compressed != 1:
            super()._handle_frame(fin, opcode, payload, 0)
            return
        self.check_mask(payload)
        if (opcode == _CONTINUATION) is (self._deflated_kind is None):
            raise WebSocketError(1002, f"Unexpected opcode={opcode}")
        self._deflated_kind = self._deflated_kind or opcode
        self._deflated += payload
        check_size(len(self._deflated))
        if not fin:
            return
        kind, data = self._deflated_kind, self._deflated
        self._deflated_kind, self._deflated = None, bytearray()
        message = _inflated(data)
        self.inflated_bytes += len(message)
        self._whole(kind, message)


class DeflatedWireEnd(WireEnd):
    """A WireEnd of the server's, for a client that has agreed to compression."""

    _reader: _Reader | None

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        window_bits: int,
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        super().__init__(transport, loop, is_client=False, on_end=on_end)
        self._compressor = _compressor_of(loop, window_bits)
        self._is_feeding = False  # the rest waits for the loop

    def _make_reader(self) -> FrameReader:
        return _Reader(self, self._loop)

    def data_received(self, data: bytes) -> None:
        """See WireEnd."""
        if self._reader is None:
            return
        self._rest += data
        if not self._is_feeding and not self._is_held:
            self._feed()

    @property
    def _is_held(self) -> bool:
        return self._held or bool(self._waiting)

    def _feed(self) -> None:
        """Read what has arrived, as long as it does not swell."""
        data, self._rest = self._rest, b""
        reader = self._reader
        if reader is None:
            return
        reader.inflated_bytes = self._in_piece = 0
        for at in range(0, len(data), SLICE_BYTES):
            if self._reader is None:
                break
            if reader.inflated_bytes > MAX_INFLATED_BYTES or self._is_held:
                self._rest = data[at:]
                break
            reader.feed(data[at : at + SLICE_BYTES])
        self._look_at_reading()

    def _feed_soon(self) -> None:
        if self._rest and not self._is_feeding and not self._is_held:
            self._is_feeding = True
            self._loop.call_soon(self._go_on_feeding)

    def _go_on_feeding(self) -> None:
        self._is_feeding = False
        if self._rest and not self._is_held:
            self._feed()

    def _look_at_reading(self) -> None:
        super()._look_at_reading()
        self._feed_soon()

    def connection_lost(self, exc: BaseException | None) -> None:
        """See WireEnd. While a rest waits nothing is read, so that it was a failure."""
        self._rest = b""
        super().connection_lost(exc)

    def on_message(self, message: Message) -> None:
        """See SocketEnd."""
        if self._is_mute or not MIN_DEFLATED_BYTES <= len(message) <= MAX_DEFLATED_BYTES:
            super().on_message(message)
            return
        if isinstance(message, str):
            payload, opcode = message.encode("utf-8", "replace"), _TEXT
        else:
            payload, opcode = message, _BINARY
        deflated = _deflated(payload, self._compressor)
        if len(deflated) >= len(payload):
            super().on_message(message)
            return
        self.flush()
        self._writer._write_websocket_frame(deflated, opcode, _RSV1)
        if self._paused:
            self._look_at_backlog(len(deflated))
