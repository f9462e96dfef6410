"""The catalog's file: changed by one process, with every commit on the disk before it returns.

A lock file beside the database keeps other processes out: SQLite itself would let
them in between two transactions, and each would then serve what the other has
replaced. The lock belongs to the open file, so it goes with the process, however
that ends. What `kill -9` leaves in the write-ahead log is recovered by SQLite at
the next open.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import apsw

from holdfast.catalog.errors import CatalogUnusable
from holdfast.catalog.schema import SCHEMA_VERSION, check_identity, create, pragma_of, upgrade
from holdfast.storage.disk import make_folder, sync_path
from holdfast.storage.errors import DAMAGED
from holdfast.storage.makeshift import as_it_is, lacks_room

_BUSY_TIMEOUT_MS = 5_000
_MAX_IDLE_WAL_BYTES = 1 << 20


class Database:
    """An open catalog file. Its methods block, and may be called from any thread.

    Raises CatalogUnusable, saying what to do about it, when the folder cannot be
    written, another process has the catalog open, or the file is no catalog or
    one of a newer Holdfast.
    """

    def __init__(
        self, path: Path, seal: Callable[[str, str], bytes], *, for_reading: bool = False
    ) -> None:
        """`seal(text, place)` encrypts the secrets of files in which they are not yet.

        `for_reading`: the process that has the catalog is a fellow shard, which made it what
        it is; this one only reads.
        """
        self._path = path
        self._turn = threading.RLock()
        self._open: Callable[[], apsw.Connection] = (
            partial(_open_to_read, path) if for_reading else partial(_open, path, seal)
        )
        self._is_makeshift = False  # there was no room for more than reading it
        self._lock = None if for_reading else _lock(path)
        try:
            with _explained(path):
                self._connection = self._open_somehow()
        except BaseException:
            if self._lock is not None:
                self._lock.close()
            raise

    def _open_somehow(self) -> apsw.Connection:
        try:
            return self._open()
        except apsw.Error as error:
            connection = as_it_is(self._path) if lacks_room(error) else None
            if connection is None:
                raise
            self._is_makeshift = True
            if pragma_of(connection, "user_version") != SCHEMA_VERSION:
                connection.close()
                raise
            return connection

    def _reach(self) -> apsw.Connection:
        """The connection; a real one, if there is room by now."""
        if self._is_makeshift:
            connection = self._open()
            self._connection.close()
            self._connection, self._is_makeshift = connection, False
        return self._connection

    def close(self) -> None:
        """Close the file and let others open it. Closing twice is harmless."""
        with self._turn:
            self._connection.close()
            if self._lock is not None:
                self._lock.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """A transaction that is on the disk when the block has ended without an exception.

        Any exception undoes all of it.
        """
        with self._turn, _explained(self._path):
            connection = self._reach()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT (a full disk) may have ended the transaction by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One state of the catalog for the length of the block."""
        with self._turn, _explained(self._path):
            with contextlib.suppress(apsw.Error):  # what is there can be read
                self._reach()
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")


def _lock(path: Path) -> IO[str]:
    """The lock file beside `path`, locked for as long as it is open."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        make_folder(path.parent)
        file = lock_path.open("a+")
    except OSError as error:
        raise CatalogUnusable(
            f"The data folder {path.parent} cannot be written: {error.strerror}. "
            "Choose another folder, or give this user the right to write there."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(file)
        file.close()
        raise CatalogUnusable(
            f"The data folder {path.parent} is in use by another Holdfast process{holder}. "
            "Stop that one, or choose another folder."
        ) from error
    except OSError as error:
        file.close()
        raise CatalogUnusable(f"{lock_path} cannot be locked: {error.strerror}.") from error
    with contextlib.suppress(OSError):  # where there is no room to say who has it
        file.truncate(0)
        os.write(file.fileno(), b"%d" % os.getpid())
    return file


def _holder(file: IO[str]) -> str:
    file.seek(0)
    process_id = file.read().strip()
    return f" (process {process_id})" if process_id.isdigit() else ""


def _open_to_read(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        connection.execute("PRAGMA query_only=ON")
        pragma_of(connection, "user_version")  # which opens the file
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: Path) -> None:
    """Make a catalog, on the disk and whole before it has its name."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    connection = apsw.Connection(str(fresh))
    try:
        connection.execute("PRAGMA synchronous=FULL")
        create(connection)
    finally:
        connection.close()
    fresh.rename(path)
    sync_path(path.parent)


def _open(path: Path, seal: Callable[[str, str], bytes]) -> apsw.Connection:
    if not path.exists():
        _make(path)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        check_identity(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone stops at the drive's cache
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute(f"PRAGMA journal_size_limit={_MAX_IDLE_WAL_BYTES}")
        _check_writable(connection)
        upgrade(connection, seal)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_writable(connection: apsw.Connection) -> None:
    """Raise now what the first upload would raise: a file that can only be read."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE scripts SET name = name WHERE 0")
    connection.execute("ROLLBACK")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Maps SQLite's errors to CatalogUnusable, with the file's name."""
    try:
        yield
    except (apsw.ReadOnlyError, apsw.PermissionsError, apsw.CantOpenError) as error:
        raise CatalogUnusable(f"The catalog {path} cannot be written: {error}.") from error
    except DAMAGED as error:
        raise CatalogUnusable(
            f"{path} is damaged or not a Holdfast catalog: {error}. Restore it from a backup."
        ) from error
    except apsw.BusyError as error:
        raise CatalogUnusable(f"The catalog {path} is locked by another program.") from error
    except apsw.Error as error:
        if lacks_room(error):
            raise CatalogUnusable(f"The disk that holds {path} is full.") from error
        raise CatalogUnusable(f"The catalog {path} failed: {error}.") from error
