"""Objects of R2 on their way from the disk and to it: in pieces, by threads, never whole."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from holdfast.host.byte_streams import BodyError, BufferedBody, ByteStream
from holdfast.host.file_bodies import CHUNK_BYTES, WHOLE_BYTES, FileBody
from holdfast.host.ops import awaited_work
from holdfast.storage.errors import StorageError
from holdfast.storage.r2.bucket import Got
from holdfast.storage.r2.contents import NewContent, OpenedParts, PartSlice

T = TypeVar("T")


class PartsBody(ByteStream):
    """The parts of an object, one after the other."""

    def __init__(self, parts: OpenedParts) -> None:
        self.length: int | None = sum(part.length for part in parts.parts)
        self._parts = parts
        self._left = iter(parts.parts)
        self._current: FileBody | None = None
        self._cancelled = False

    async def read(self) -> bytes:
        """See ByteStream."""
        while not self._cancelled:
            if self._current is not None and (chunk := await self._current.read()):
                return chunk
            part = next(self._left, None)
            if part is None:
                self._parts.close()
                break
            self._current = await self._open(part)
        if self._cancelled and self._current is not None:
            self._current.cancel()  # it was opened meanwhile
        return b""

    async def _open(self, part: PartSlice) -> FileBody:
        try:
            fd = await from_thread(lambda: self._parts.open(part), os.close)
        except OSError as error:
            self._parts.close()
            raise BodyError from error
        return FileBody(fd, part.length, part.start)

    def cancel(self) -> None:
        """See ByteStream."""
        self._cancelled = True
        if self._current is not None:
            self._current.cancel()
        self._parts.close()


def body_of(got: Got) -> bytes | ByteStream:
    """What was got as a body; little of it is read at once. Blocks; raises OSError."""
    content = got.content
    assert content is not None, "the condition holds"
    if isinstance(content, OpenedParts):
        return PartsBody(content)
    if len(got.range) > WHOLE_BYTES:
        return FileBody(content.fd, len(got.range), content.start)
    try:
        bytes_read = os.pread(content.fd, len(got.range), content.start)
    finally:
        os.close(content.fd)
    if len(bytes_read) < len(got.range):
        raise StorageError(f"The content of {got.object.key} is shorter than it was")
    return bytes_read


def stream_of(got: Got) -> ByteStream:
    """The same as a stream, however little it is. Blocks; raises OSError."""
    body = body_of(got)
    return BufferedBody(body) if isinstance(body, bytes) else body


async def from_thread(work: Callable[[], T], forget: Callable[[T], None]) -> T:
    """What a thread gives; `forget` is called with it where nobody waits for it any more."""
    working = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(awaited_work(working))
    except asyncio.CancelledError:
        working.add_done_callback(lambda done: None if done.exception() else forget(done.result()))
        raise


class Receiving:
    """A content that comes in pieces, and is written by threads, one call at a time.

    To be closed in the end: what was not made an object by then is removed, once no thread
    has it any more.
    """

    def __init__(self, new: NewContent) -> None:
        self._new = new
        self._work: asyncio.Future[Any] | None = None

    async def take(self, read: Callable[[], Awaitable[bytes]]) -> None:
        """Write all that `read` gives, which is b"" at the end. Raises what that raises."""
        pieces: list[bytes] = []
        size = 0
        while piece := await read():
            pieces.append(piece)
            size += len(piece)
            if size >= CHUNK_BYTES:
                await self._write(b"".join(pieces))
                pieces, size = [], 0
        if pieces:
            await self._write(b"".join(pieces))

    async def _write(self, piece: bytes) -> None:
        await self.do(lambda new: new.write(piece))

    async def do(self, work: Callable[[NewContent], T]) -> T:
        """Have a thread do something with the content."""
        new = self._new
        self._work = asyncio.get_running_loop().run_in_executor(None, lambda: work(new))
        return await asyncio.shield(awaited_work(self._work))

    def close(self) -> None:
        """Nothing more comes."""
        if self._work is None or self._work.done():
            self._new.close()
        else:
            self._work.add_done_callback(self._abandon)

    def _abandon(self, work: "asyncio.Future[Any]") -> None:
        work.exception()
        self._new.close()
