"""Files as bodies: read bit by bit, so that a large one takes no memory.

What the kernel has at hand is read at once; for the rest a thread waits for the disk. Nothing is
kept here, as the kernel keeps what is asked for often.
"""

import asyncio
import os
import stat

from holdfast.host.byte_streams import BodyError, ByteStream

CHUNK_BYTES = 262_144
WHOLE_BYTES = 65_536  # a file of at most so much is one piece of a response

# Linux alone can tell whether a read would wait. https://man7.org/linux/man-pages/man2/preadv2.2.html
_AT_ONCE = getattr(os, "RWF_NOWAIT", None)


class FileBody(ByteStream):
    """The content of an open file, from `start` on; the file is closed at its end."""

    def __init__(self, fd: int, length: int, start: int = 0) -> None:
        self.length: int | None = length
        self._fd: int | None = fd
        self._missing = length
        self._at = start
        self._reads = False  # in a thread
        self._cancelled = False

    async def read(self) -> bytes:
        """See ByteStream."""
        if self._fd is None or not self._missing:
            self._close()
            return b""
        size = min(CHUNK_BYTES, self._missing)
        chunk = read_at_once(self._fd, size, self._at)
        if chunk is None:
            chunk = await self._read_in_thread(self._fd, size)
        if not chunk:
            self._close()
            raise BodyError
        self._at += len(chunk)
        self._missing -= len(chunk)
        if not self._missing:
            self._close()
        return chunk

    async def _read_in_thread(self, fd: int, size: int) -> bytes:
        self._reads = True
        reading = asyncio.get_running_loop().run_in_executor(None, os.pread, fd, size, self._at)
        reading.add_done_callback(self._has_read)
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            self._close()
            raise BodyError from error

    def _has_read(self, reading: "asyncio.Future[bytes]") -> None:
        self._reads = False
        if not reading.cancelled():
            reading.exception()
        if self._cancelled:
            self._close()

    def cancel(self) -> None:
        """See ByteStream. A thread that reads has the file for as long as it does."""
        self._cancelled = True
        if not self._reads:
            self._close()

    def _close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def open_body(file: str) -> bytes | FileBody:
    """The content of a file; a small one that is at hand is given whole. Raises OSError."""
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{file} is no file")
        size = status.st_size
        content = read_at_once(fd, size, 0) if size <= WHOLE_BYTES else None
    except BaseException:
        os.close(fd)
        raise
    if content is None or len(content) < size:
        return FileBody(fd, size)
    os.close(fd)
    return content


def read_at_once(fd: int, size: int, offset: int) -> bytes | None:
    """Bytes of a file that the kernel has at hand; None where it would have to wait for them."""
    if _AT_ONCE is None:
        return None
    buffer = bytearray(size)
    try:
        count = os.preadv(fd, [buffer], offset, _AT_ONCE)
    except OSError:  # it would wait, or the file system cannot tell
        return None
    return bytes(memoryview(buffer)[:count])
