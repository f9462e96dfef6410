"""A WebSocket over TCP, ours or a client's: sockets_reader.py reads its frames.

Back-pressure. A peer that has enough (`hold`) stops the reading. What the other side does
not read waits in the transport. It is given up when more than `MAX_WAITING_BYTES` wait for
`SLOW_SECONDS`, or more than `MAX_BACKLOG_BYTES` at any time: the connection breaks off, as
nothing else reaches who does not read; or as soon as all clients together leave more unread than
there is room for (holders.py). Many small messages in one piece are handed on a few
at a time, so that the loop gets to its other work.
"""

import asyncio
import base64
import hashlib
import logging
import re
from collections.abc import Callable
from weakref import WeakKeyDictionary

from aiohttp._websocket.models import WebSocketError
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WS_KEY, WebSocketWriter, WSMsgType

from holdfast.host.constants import MAX_SOCKET_MESSAGE_BYTES
from holdfast.host.holders import Holders
from holdfast.host.sockets_end import MAX_WAITING_BYTES, NO_STATUS, Message, SocketEnd
from holdfast.host.sockets_reader import AT_ONCE, FrameReader

log = logging.getLogger("holdfast.host.sockets")

MAX_BACKLOG_BYTES = 67_108_864
SLOW_SECONDS = 10.0  # how long the other side may take for what is beyond MAX_WAITING_BYTES
CLOSE_SECONDS = 10.0  # how long the other side is waited for after a close frame
LAST_SECONDS = 1.0  # and how long where what it was connected with has ended
MAX_GATHERED_BYTES = 65_536

_OPCODE_TEXT, _OPCODE_BINARY = int(WSMsgType.TEXT), int(WSMsgType.BINARY)
_OPCODE_CLOSE, _OPCODE_PONG = int(WSMsgType.CLOSE), int(WSMsgType.PONG)
SHORT = 125  # bytes, the longest message whose head has two
_SHORT_HEADS = {
    opcode: [bytes([0x80 | opcode, size]) for size in range(SHORT + 1)]
    for opcode in (_OPCODE_TEXT, _OPCODE_BINARY)
}
_TOO_LARGE = re.compile(r"Message size (\d+) exceeds")


def proof_of(key: bytes) -> str:
    """What a server answers to a client's Sec-WebSocket-Key (RFC 6455, 4.2.2)."""
    digest = hashlib.sha1(key + WS_KEY, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


class _Burst:
    """Writes what wires have gathered, once the loop has read what there was to read.

    Whoever reads on this machine or the next is woken once then, not for every message.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wires: list[WireEnd] = []

    def add(self, wire: "WireEnd") -> None:
        """Have the wire flushed soon."""
        if not self._wires:
            self._loop.call_soon(self._flush)
        self._wires.append(wire)

    def _flush(self) -> None:
        wires, self._wires = self._wires, []
        for wire in wires:
            wire.flush()


_bursts: WeakKeyDictionary[asyncio.AbstractEventLoop, _Burst] = WeakKeyDictionary()


def _burst_of(loop: asyncio.AbstractEventLoop) -> _Burst:
    return _bursts.get(loop) or _bursts.setdefault(loop, _Burst(loop))


class WireEnd(BaseProtocol, SocketEnd):
    """The end of a connection that has been upgraded; it takes its transport over."""

    listening = True
    _rest = b""  # of what has arrived, where it is not read at once
    _queued = 0  # what was sent while the other side read too slowly
    holders: Holders | None = None  # those that this is one of while it is read too slowly

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        is_client: bool,
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        """`on_end` is called once, when the TCP connection has ended."""
        BaseProtocol.__init__(self, loop)
        SocketEnd.__init__(self)
        self._upgraded = True
        self.transport = transport
        self._on_end = on_end
        self._is_client = is_client
        self._is_mute = False  # a close frame has left, or nothing can leave any more
        self._has_failed = False  # what still comes is thrown away
        self._in_piece = 0  # messages of the piece at hand that were handed on
        self._held = False  # by the peer
        self._spreading = False  # the rest of a piece waits for the loop
        self._timer: asyncio.TimerHandle | None = None  # for the end
        self._slow: asyncio.TimerHandle | None = None  # for reading what waits
        # None once nothing is read any more: it knows the wire, and has what came of a message.
        self._reader: FrameReader | None = self._make_reader()
        self._writer = WebSocketWriter(self, transport, use_mask=is_client)
        self._gathered = b""  # short frames that leave together
        self._burst = _burst_of(loop)
        transport.set_protocol(self)

    def _make_reader(self) -> FrameReader:
        return FrameReader(self, self._loop, is_client=self._is_client)

    # ---- what comes in -----------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes from the other side."""
        if self._reader is None:
            return
        self._in_piece = 0
        self._reader.feed_data(data)

    def received(self, message: Message) -> None:
        """A whole message from the other side."""
        self._in_piece += 1
        if self._in_piece > AT_ONCE and not self._waiting:
            self._spread(message)
        else:
            self.send(message)
            if self._waiting and not self._spreading:
                self._look_at_reading()

    def _spread(self, message: Message) -> None:
        self._wait(message, len(message))
        if not self._spreading:
            self._spreading = True
            self._look_at_reading()
            self._loop.call_soon(self._go_on_spreading)

    def _go_on_spreading(self) -> None:
        self.release_waiting(AT_ONCE)
        if self._waiting and self.peer is not None and self.peer.listening:
            self._loop.call_soon(self._go_on_spreading)
        else:
            self._spreading = False
            self._look_at_reading()

    def pinged(self, payload: bytes) -> None:
        """A ping from the other side, which has to be answered until it has closed."""
        if self._is_mute or self.has_closed:
            return
        self._write(payload, _OPCODE_PONG)
        if self._paused:
            self._look_at_backlog(len(payload))

    def closed(self, code: int, reason: str) -> None:
        """A close frame from the other side; code 0 for one without a code."""
        self.close(code or NO_STATUS, reason)

    def failed(self, error: BaseException) -> None:
        """What came breaks the protocol: say so to both sides, and hang up."""
        code = error.code if isinstance(error, WebSocketError) else 1011
        reason = str(error)
        if too_large := _TOO_LARGE.match(reason):
            reason = f"Message is too large: {too_large[1]} > {MAX_SOCKET_MESSAGE_BYTES}"
        log.debug("a WebSocket failed: %s", reason)
        if not self._is_mute:
            self._write_close(int(code), reason[:100])
        self._has_failed = True
        self._reader = None
        self.fail(reason)
        self._linger(CLOSE_SECONDS, self.abort)

    # ---- what goes out -----------------------------------------------------------

    def on_message(self, message: Message) -> None:
        """See SocketEnd."""
        if self._is_mute:
            return
        if message.__class__ is str:
            payload, opcode = message.encode("utf-8", "replace"), _OPCODE_TEXT
        else:
            payload, opcode = message, _OPCODE_BINARY  # type: ignore[assignment]
        if len(payload) > SHORT or self._is_client:
            self._write(payload, opcode)
        else:  # what the writer would do, but together with what else goes out
            if not self._gathered:
                self._burst.add(self)
            self._gathered += _SHORT_HEADS[opcode][len(payload)] + payload
            if len(self._gathered) > MAX_GATHERED_BYTES:
                self.flush()
        if self._paused:
            self._look_at_backlog(len(payload))

    def _look_at_backlog(self, newest: int) -> None:
        """Give the other side up where too much waits; what has just been sent is spared."""
        self._queued += newest
        if self.holders is not None:
            self.holders.hold_too_much(newest)  # which lets go of some
        waiting = self.backlog - newest
        if waiting > MAX_BACKLOG_BYTES:
            self._give_up()
        elif waiting > MAX_WAITING_BYTES and self._slow is None:
            self._slow = self._loop.call_later(SLOW_SECONDS, self._give_up_if_slow)

    def _give_up_if_slow(self) -> None:
        self._slow = None
        if self.backlog > MAX_WAITING_BYTES:
            self._give_up()

    def _give_up(self) -> None:
        log.info("a WebSocket is given up: the other side does not read")
        self.abort()

    def _write(self, payload: bytes, opcode: int) -> None:
        """Write a frame behind those that were gathered."""
        self.flush()
        self._writer._write_websocket_frame(payload, opcode, 0)

    def flush(self) -> None:
        """Write what was gathered."""
        data, self._gathered = self._gathered, b""
        if data and self.transport is not None:
            self.transport.write(data)

    @property
    def backlog(self) -> int:
        """See SocketEnd."""
        if self.transport is None:
            return 0
        return len(self._gathered) + self.transport.get_write_buffer_size()

    @property
    def held_bytes(self) -> int:
        """See Holder."""
        return self.backlog

    @property
    def taken(self) -> int:
        """See Holder."""
        return self._queued - self.backlog

    def on_close(self, code: int, reason: str) -> None:
        """See SocketEnd. The other side has some time to answer."""
        if self._is_mute:
            return
        self._write_close(code, reason)
        if not self.has_closed:
            self._timer = self._loop.call_later(CLOSE_SECONDS, self.abort)

    def on_over(self) -> None:
        """See SocketEnd."""
        self._hang_up()

    def on_loss(self) -> None:
        """See SocketEnd. The other side sees the connection break off."""
        self._hang_up()

    def on_end(self, code: int, reason: str) -> None:
        """See SocketEnd. The other side has a moment to read why, although it may be sending."""
        if not self._is_mute:
            self._write_close(code, reason)
        if self.has_closed or self._has_failed:
            self._hang_up()
            return
        self.has_closed = True
        self._reader = None
        self._linger(LAST_SECONDS, self._hang_up)

    def shut_down(self, code: int, reason: str = "") -> None:
        """End the connection as if the peer had been ended; it hears nothing of that."""
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
        self.on_end(code, reason)

    def _write_close(self, code: int, reason: str) -> None:
        body = b"" if code == NO_STATUS else code.to_bytes(2, "big") + reason.encode()
        self._write(body, _OPCODE_CLOSE)
        self._is_mute = True

    def _linger(self, seconds: float, then: Callable[[], None]) -> None:
        """Let the other side read why, although it may still be sending: RFC 6455, 7.1.1.

        To close a connection on which something comes would reset it, and lose what has left.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        self.flush()
        self._waiting = ()
        self.go_on()
        if self._timer is not None:
            self._timer.cancel()
        if transport.can_write_eof():
            transport.write_eof()
        self._timer = self._loop.call_later(seconds, then)

    def _hang_up(self) -> None:
        """Close the TCP connection when everything has been sent, or after a while anyway."""
        self._is_mute = True
        self.has_closed = True
        if self._has_failed or self.transport is None or self.transport.is_closing():
            return
        self.flush()
        self.transport.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """End the TCP connection now; who is its peer hears of it soon."""
        self._is_mute = True
        if self.transport is not None:
            self.transport.abort()

    # ---- the transport -------------------------------------------------------------

    def connection_lost(self, exc: BaseException | None) -> None:
        """The TCP connection has ended, whoever did it."""
        super().connection_lost(exc)
        self._is_mute = True
        self._reader = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stop_slow()
        self.release_waiting()
        self.lose()
        self._on_end(exc)

    def _stop_slow(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def pause_writing(self) -> None:
        """The other side reads too slowly: the peer may wait."""
        super().pause_writing()
        if self.holders is not None:
            self.holders.add(self)
        if self.peer is not None:
            self.peer.hold()

    def resume_writing(self) -> None:
        """The other side has read."""
        super().resume_writing()
        self._stop_slow()
        if self.holders is not None:
            self.holders.discard(self)
        if self.peer is not None:
            self.peer.go_on()

    def hold(self) -> None:
        """See SocketEnd."""
        self._held = True
        self._look_at_reading()

    def go_on(self) -> None:
        """See SocketEnd."""
        self._held = False
        self._look_at_reading()

    def release_waiting(self, limit: int | None = None) -> None:
        """See SocketEnd."""
        super().release_waiting(limit)
        self._look_at_reading()

    def _look_at_reading(self) -> None:
        wanted = not (self._held or self._waiting or self._rest)
        if wanted is not self._reading_paused or self.transport is None:
            return
        if wanted:
            self.resume_reading()
        else:
            self.pause_reading()
