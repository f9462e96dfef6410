"""Messages between two shards: a word and plain values each, on a Unix socket, in order.

What one turn of the loop has to say leaves in one write, as one frame or a few: four bytes of
length and a list of messages in `marshal`'s format, which has a value that comes again but once.
Both ends are this very program, forked from one process, on a socket that only its user reaches.
"""

import asyncio
import marshal
from collections.abc import Callable
from typing import Any, cast

HEAD_BYTES = 4
MAX_GATHERED = 64  # messages in a frame
# What waits for the other side when the wire is full, and when it no longer is.
FULL_BYTES, ROOM_BYTES = 8_388_608, 1_048_576

Messages = list[tuple[str, tuple[Any, ...]]]


class Wire(asyncio.Protocol):
    """A connection that says messages and hears them. On the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._said: Messages = []
        self._outgoing = bytearray()  # before there is a transport
        self._is_due = False
        self._incoming = bytearray()
        self.is_lost = False
        self.is_full = False
        self.on_messages: Callable[[Messages], None]
        self.on_lost: Callable[[], None]
        self.on_room: Callable[[], None]  # it is no longer full

    def say(self, word: str, *values: Any) -> None:
        """Send a message, soon; ignored when the connection is lost.

        The values are whatever they are when it leaves.
        """
        if self.is_lost:
            return
        self._said.append((word, values))
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush)
        elif len(self._said) == MAX_GATHERED:
            self._write()

    @property
    def unsent_bytes(self) -> int:
        """How much of what was said has not left yet, but for what the next frame will have."""
        if self._transport is None:
            return len(self._outgoing)
        return self._transport.get_write_buffer_size()

    def _flush(self) -> None:
        self._is_due = False
        if self._said:
            self._write()

    def _write(self) -> None:
        said, self._said = self._said, []
        frame = marshal.dumps(said)
        frame = len(frame).to_bytes(HEAD_BYTES, "big") + frame
        if self._transport is None:
            self._outgoing += frame
        else:
            self._transport.write(frame)

    def close(self) -> None:
        """End the connection once what was said has left."""
        self._flush()
        if self._transport is None:
            self.lose()
        else:
            self._transport.close()

    def lose(self) -> None:
        """There is no connection any more, or there never was."""
        if not self.is_lost:
            self.is_lost = True
            self._said.clear()
            self._outgoing.clear()
            self.on_lost()

    # ---- the transport's side ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; what was said before leaves now."""
        self._transport = cast("asyncio.Transport", transport)  # which uvloop's do not inherit
        self._transport.set_write_buffer_limits(high=FULL_BYTES, low=ROOM_BYTES)
        if self._outgoing:
            self._transport.write(bytes(self._outgoing))
            self._outgoing.clear()

    def pause_writing(self) -> None:
        """The other shard takes less than we say."""
        self.is_full = True

    def resume_writing(self) -> None:
        """It has taken most of that."""
        self.is_full = False
        self.on_room()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The other shard has gone, or we have closed."""
        self.lose()

    def data_received(self, data: bytes) -> None:
        """Hear the messages that are whole."""
        if self._incoming:
            self._incoming += data
            data = bytes(self._incoming) if len(self._incoming) >= self._wanted() else b""
            if not data:
                return
        start, end = 0, len(data)
        while end - start >= HEAD_BYTES:
            size = int.from_bytes(data[start : start + HEAD_BYTES], "big")
            begin = start + HEAD_BYTES
            if end - begin < size:
                break
            start = begin + size
            self.on_messages(marshal.loads(memoryview(data)[begin:start]))  # noqa: S302 - ours
        self._incoming = bytearray(memoryview(data)[start:])

    def _wanted(self) -> int:
        head = self._incoming[:HEAD_BYTES]
        return HEAD_BYTES + (int.from_bytes(head, "big") if len(head) == HEAD_BYTES else 0)
