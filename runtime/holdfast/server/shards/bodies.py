"""Bodies that cross a link: at most `WINDOW_BYTES` of each are under way.

The writer's side says `chunk` until the window is full, then waits for the reader to say
`room`; `end` or `broken` is its last word. The reader may say `unwanted` instead.
"""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from holdfast.host.byte_streams import BodyError, BufferedBody, ByteStream

if TYPE_CHECKING:
    from holdfast.server.shards.wire import Wire

log = logging.getLogger("holdfast.shards")

WINDOW_BYTES = 262_144
CHUNK_BYTES = 65_536

# What crosses of a body: None, its bytes, or (number, length) of a stream.
Crossing = bytes | tuple[int, int | None] | None


class IncomingBody(ByteStream):
    """A body whose writer is in another shard."""

    def __init__(self, bodies: "Bodies", number: int, length: int | None) -> None:
        self.length = length
        self._bodies = bodies
        self._number = number
        self._chunks: deque[bytes] = deque()
        self._error: BodyError | None = None
        self._has_ended = False
        self._reader: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """See ByteStream."""
        while not self._chunks and not self._has_ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._chunks:
            if self._error is not None:
                raise self._error
            return b""
        content = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if not self._has_ended:
            self._bodies.say("room", self._number, len(content))
        return content

    def cancel(self) -> None:
        """See ByteStream."""
        self._chunks.clear()
        if not self._has_ended:
            self._bodies.say("unwanted", self._number)
            self._bodies.incoming.pop(self._number, None)
            self.end(None)

    def feed(self, chunk: bytes) -> None:
        """More of it has come."""
        self._chunks.append(chunk)
        self._wake()

    def end(self, error: BodyError | None) -> None:
        """All of it has come, or nothing more will."""
        self._has_ended = True
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class _Outgoing:
    """A body that is read here for another shard."""

    def __init__(self, bodies: "Bodies", number: int, stream: ByteStream) -> None:
        self._bodies = bodies
        self._number = number
        self._stream = stream
        self._room = WINDOW_BYTES
        self._waiting: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = bodies.loop.create_task(self._copy())

    async def _copy(self) -> None:
        say, number = self._bodies.say, self._number
        try:
            while content := await self._stream.read():
                for start in range(0, len(content), CHUNK_BYTES):
                    await self._has_room()
                    chunk = content[start : start + CHUNK_BYTES]
                    self._room -= len(chunk)
                    say("chunk", number, chunk)
            say("end", number)
        except BodyError as error:
            say("broken", number, error.message, error.name, error.retryable)
        except Exception:
            log.exception("a body cannot be passed on")
            self._stream.cancel()
            say("broken", number, "internal error", "Error", False)
        finally:
            self._task = None  # which keeps what it was about, once it was cancelled
            self._bodies.outgoing.pop(number, None)

    async def _has_room(self) -> None:
        while self._room <= 0:
            self._waiting = self._bodies.loop.create_future()
            await self._waiting

    def more_room(self, size: int) -> None:
        """The reader has read."""
        self._room += size
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def stop(self) -> None:
        """The reader wants no more."""
        self._bodies.outgoing.pop(self._number, None)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()  # which may not have begun
        self._stream.cancel()


class Bodies:
    """The bodies that one link carries, either way; those that leave have our numbers."""

    def __init__(self, wire: "Wire", loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.say = wire.say
        self.incoming: dict[int, IncomingBody] = {}
        self.outgoing: dict[int, _Outgoing] = {}
        self._last = 0
        self._is_lost = False
        self.handlers: dict[str, Any] = {
            "chunk": self._chunk,
            "end": self._end,
            "broken": self._broken,
            "room": self._room,
            "unwanted": self._unwanted,
        }

    def sent(self, body: bytes | ByteStream | None) -> Crossing:
        """What crosses for a body, which is taken over."""
        if body is None or (isinstance(body, bytes) and len(body) <= CHUNK_BYTES):
            return body
        stream = BufferedBody(body) if isinstance(body, bytes) else body
        if self._is_lost:
            stream.cancel()
            return None
        self._last = number = self._last + 1
        self.outgoing[number] = _Outgoing(self, number, stream)
        return number, stream.length

    def received(self, crossing: Crossing) -> bytes | ByteStream | None:
        """The body that has crossed."""
        if not isinstance(crossing, tuple):
            return crossing
        number, length = crossing
        self.incoming[number] = body = IncomingBody(self, number, length)
        return body

    def lose(self) -> None:
        """The link is lost: no body goes on."""
        self._is_lost = True
        for outgoing in [*self.outgoing.values()]:
            outgoing.stop()
        incoming, self.incoming = self.incoming, {}
        for body in incoming.values():
            body.end(BodyError(retryable=True))

    # ---- what the other side says --------------------------------------------------

    def _chunk(self, number: int, chunk: bytes) -> None:
        if body := self.incoming.get(number):
            body.feed(chunk)

    def _end(self, number: int) -> None:
        if body := self.incoming.pop(number, None):
            body.end(None)

    def _broken(self, number: int, message: str, name: str, retryable: bool) -> None:  # noqa: FBT001
        if body := self.incoming.pop(number, None):
            body.end(BodyError(message, name=name, retryable=retryable))

    def _room(self, number: int, size: int) -> None:
        if outgoing := self.outgoing.get(number):
            outgoing.more_room(size)

    def _unwanted(self, number: int) -> None:
        if outgoing := self.outgoing.get(number):
            outgoing.stop()
