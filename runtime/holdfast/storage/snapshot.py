"""What a database held at one moment, to be read by a thread while the object goes on."""

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import apsw

from holdfast.storage.copying import copying
from holdfast.storage.session import VFS
from holdfast.storage.template import in_memory_mode

_PAGES_AT_ONCE = 256
_SMALL_BYTES = 1 << 20  # so much is copied in memory
_CONNECTION_BYTES = 2 << 20
_PAGE_SIZE = slice(16, 18)  # in the header: https://www.sqlite.org/fileformat2.html#page_size


class Snapshot:
    """A moment of a database, whatever is committed to it later. Made on the loop, used once."""

    def __init__(self, source: apsw.Connection | bytes) -> None:
        """`source` is a connection that only this uses, or the whole content."""
        self._source = source
        # Of memory, or as much as a connection is worth, of which there may be few.
        self.held_bytes = len(source) if isinstance(source, bytes) else _CONNECTION_BYTES

    @classmethod
    def of(cls, path: Path, vfs: str = VFS) -> "Snapshot":
        """What a file holds now. Takes microseconds. Raises apsw.Error."""
        source = apsw.Connection(str(path), vfs=vfs)
        try:
            # Leaves the log alone: it is the object's.
            source.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            source.execute("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        except BaseException:
            source.close()
            raise
        return cls(source)

    def copy_to(self, path: Path, look: Callable[[], None] = lambda: None) -> None:
        """Write it to a file that is not there yet. Blocks. `look` may raise meanwhile."""
        if isinstance(self._source, bytes):
            path.write_bytes(self._source)
            return
        target = apsw.Connection(str(path))
        try:
            target.execute("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF").fetchall()
            with copying(self._source, target) as copy:
                while not copy.done:
                    look()
                    copy.step(_PAGES_AT_ONCE)
        finally:
            target.close()

    @contextlib.contextmanager
    def reading(
        self, scratch: Path, look: Callable[[], None] = lambda: None
    ) -> Iterator[IO[bytes]]:
        """All of it, to be read; if that is much, by way of a file `scratch`. Blocks.

        `look` may raise while that is made.
        """
        if isinstance(self._source, bytes):
            yield io.BytesIO(self._source)
        elif self.size_of(self._source) <= _SMALL_BYTES:
            yield io.BytesIO(self._source.serialize("main"))
        else:
            scratch.unlink(missing_ok=True)
            try:
                self.copy_to(scratch, look)
                with scratch.open("rb") as file:
                    yield file
            finally:
                scratch.unlink(missing_ok=True)

    @contextlib.contextmanager
    def opened(self) -> Iterator[apsw.Connection]:
        """A connection to it, for the length of the block. Raises apsw.Error."""
        if not isinstance(self._source, bytes):
            yield self._source
            return
        source = apsw.Connection(":memory:")
        try:
            source.deserialize("main", in_memory_mode(self._source))
            yield source
        finally:
            source.close()

    @staticmethod
    def size_of(source: apsw.Connection) -> int:
        """How many bytes a database has."""
        return int(source.pragma("page_count")) * int(source.pragma("page_size"))

    def close(self) -> None:
        """Let go of the file; harmless the second time."""
        if not isinstance(self._source, bytes):
            self._source.close()


def page_size(file: IO[bytes]) -> int:
    """How long the pages are of a database that is read from its beginning."""
    size = int.from_bytes(file.read(_PAGE_SIZE.stop)[_PAGE_SIZE], "big")
    file.seek(0)
    return 65_536 if size == 1 else size
