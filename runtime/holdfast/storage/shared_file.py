"""A database that belongs to a whole server: all of its processes, and any thread, may open it.

https://www.sqlite.org/wal.html
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from holdfast.storage.disk import make_folder, sync_path
from holdfast.storage.errors import DAMAGED, StorageError, failure
from holdfast.storage.makeshift import as_it_is, lacks_room

_BUSY_TIMEOUT_MS = 5_000


class SharedFile:
    """The connections of one process. Its methods block, and may be called from any thread.

    The file is made with the first write. `what` it holds is told by the StorageError that is
    raised where the disk fails. Who reads does not wait for who writes, and the disk.
    """

    def __init__(self, path: Path, schema: str, what: str, *, must_exist: bool = False) -> None:
        """`must_exist`: it is never made; writing to one that is not there fails."""
        self._must_exist = must_exist
        self._path = path
        self._schema = schema
        self._what = what
        self._reader = _Held()
        self._writer = _Held()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection | None]:
        """A connection to read with; None while there is no file, and so nothing to read."""
        with self._reader.turn, self._explained():
            if self._reader.connection is None and not self._path.exists():
                yield None
            else:
                with self._opened_to_read() as connection:
                    yield connection

    @contextmanager
    def writing(self, *, durably: bool = True) -> Iterator[apsw.Connection]:
        """A transaction, which is on the disk when the context ends.

        One that is not made `durably` outlives the process, and may be lost with the machine's
        power; no later one is without it.
        """
        with self._writer.turn, self._explained():
            db = self._opened(self._writer)
            if not durably:
                db.execute("PRAGMA synchronous=NORMAL")
            try:
                with db:
                    yield db
            finally:
                if not durably:
                    db.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        """Close the file. Later calls open it again."""
        for held in (self._reader, self._writer):
            with held.turn:
                if held.connection is not None:
                    held.connection.close()
                    held.connection = None

    @contextmanager
    def _opened_to_read(self) -> Iterator[apsw.Connection]:
        try:
            connection = self._opened(self._reader)
        except apsw.Error as error:
            makeshift = as_it_is(self._path) if lacks_room(error) else None
            if makeshift is None:
                raise
            with closing(makeshift):
                yield makeshift
        else:
            yield connection

    def _opened(self, held: "_Held") -> apsw.Connection:
        if held.connection is None:
            flags = apsw.SQLITE_OPEN_READWRITE
            if not self._must_exist:
                make_folder(self._path.parent)
                flags |= apsw.SQLITE_OPEN_CREATE
            connection = apsw.Connection(str(self._path), flags=flags)
            try:
                connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
                connection.transaction_mode = "IMMEDIATE"  # what it reads is true until it writes
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA fullfsync=ON")
                connection.execute("PRAGMA trusted_schema=OFF")
                if not self._must_exist:
                    connection.execute(self._schema)
                sync_path(self._path.parent)  # the file's entry in it
            except BaseException:
                connection.close()
                raise
            held.connection = connection
        return held.connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DAMAGED as error:
            raise StorageError(
                f"{self._what} in {self._path} cannot be read: {error}. Put it back from a backup."
            ) from error
        except (apsw.Error, OSError) as error:
            raise failure(f"{self._what} in {self._path}", error) from error


class _Held:
    """A connection, and whose turn it is to use it."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.connection: apsw.Connection | None = None
