"""Messages between two shards: tuples of plain values on a Unix socket, in order.

A frame is four bytes of length and a tuple in `marshal`'s format: both ends are this very
program, forked from one process, on a socket that only its user reaches. What one turn of the
loop has to say leaves in one write.
"""

import asyncio
import marshal
from collections.abc import Callable
from typing import Any, cast

HEAD_BYTES = 4
MAX_GATHERED_BYTES = 1 << 20


class Wire(asyncio.Protocol):
    """A connection that says tuples and hears them. On the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._outgoing = bytearray()
        self._is_due = False
        self._incoming = bytearray()
        self.is_lost = False
        self.on_message: Callable[..., None]
        self.on_lost: Callable[[], None]

    def say(self, *values: Any) -> None:
        """Send a tuple, soon; ignored when the connection is lost."""
        if self.is_lost:
            return
        frame = marshal.dumps(values)
        self._outgoing += len(frame).to_bytes(HEAD_BYTES, "big")
        self._outgoing += frame
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush)
        elif len(self._outgoing) > MAX_GATHERED_BYTES and self._transport is not None:
            self._write()

    @property
    def unsent_bytes(self) -> int:
        """How much of what was said has not left yet."""
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return len(self._outgoing) + waiting

    def _flush(self) -> None:
        self._is_due = False
        if self._outgoing and self._transport is not None:
            self._write()

    def _write(self) -> None:
        assert self._transport is not None, "who writes has looked"
        data, self._outgoing = bytes(self._outgoing), bytearray()
        self._transport.write(data)

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
            self._outgoing.clear()
            self.on_lost()

    # ---- the transport's side ------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; what was said before leaves now."""
        self._transport = cast("asyncio.Transport", transport)  # which uvloop's do not inherit
        self._flush()

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
            self.on_message(*marshal.loads(memoryview(data)[begin:start]))  # noqa: S302 - ours
        self._incoming = bytearray(memoryview(data)[start:])

    def _wanted(self) -> int:
        head = self._incoming[:HEAD_BYTES]
        return HEAD_BYTES + (int.from_bytes(head, "big") if len(head) == HEAD_BYTES else 0)
