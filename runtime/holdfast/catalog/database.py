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
from pathlib import Path
from typing import IO, Any, cast

import apsw

from holdfast.catalog.errors import CatalogUnusable
from holdfast.storage.disk import make_folder
from holdfast.storage.errors import DAMAGED
from holdfast.storage.makeshift import as_it_is, lacks_room

SCHEMA_VERSION = 5

# "HFct": what `file` and SQLite's own tools show as the application's id.
APPLICATION_ID = 0x48466374

_BUSY_TIMEOUT_MS = 5_000
_MAX_IDLE_WAL_BYTES = 1 << 20

_SCHEMA = """
CREATE TABLE scripts (
    name TEXT PRIMARY KEY,
    live_version TEXT NOT NULL,
    created_on TEXT NOT NULL,
    modified_on TEXT NOT NULL,
    migration_tag TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    main TEXT NOT NULL,
    syntax TEXT NOT NULL,
    compatibility_date TEXT,
    compatibility_flags TEXT NOT NULL,
    bindings TEXT NOT NULL,
    handlers TEXT NOT NULL,
    classes TEXT NOT NULL,
    etag TEXT NOT NULL,
    created_on TEXT NOT NULL
) STRICT;
CREATE INDEX versions_of_script ON versions(script, number);

CREATE TABLE modules (
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (version, position)
) STRICT;

CREATE TABLE secrets (
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (version, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE namespaces (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    class_name TEXT NOT NULL,
    unique_key TEXT NOT NULL UNIQUE,
    use_sqlite INTEGER NOT NULL,
    created_on TEXT NOT NULL,
    UNIQUE (script, class_name)
) STRICT, WITHOUT ROWID;
"""

_SCHEDULES = """
CREATE TABLE schedules (
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    cron TEXT NOT NULL,
    created_on TEXT NOT NULL,
    modified_on TEXT NOT NULL,
    PRIMARY KEY (script, position)
) STRICT, WITHOUT ROWID;
"""

_HISTORY = """
ALTER TABLE scripts ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE versions ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE versions ADD COLUMN annotations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE versions ADD COLUMN source TEXT NOT NULL DEFAULT 'api';
ALTER TABLE versions ADD COLUMN startup_time_ms INTEGER NOT NULL DEFAULT 0;
UPDATE versions SET serial = (
    SELECT count(*) FROM versions older
    WHERE older.script = versions.script AND older.number <= versions.number
);

CREATE TABLE deployments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    script TEXT NOT NULL REFERENCES scripts(name) ON DELETE CASCADE,
    version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
    annotations TEXT NOT NULL,
    source TEXT NOT NULL,
    created_on TEXT NOT NULL
) STRICT;
CREATE INDEX deployments_of_script ON deployments(script, number);
CREATE INDEX deployments_of_version ON deployments(version);
INSERT INTO deployments (id, script, version, annotations, source, created_on)
    SELECT live_version, name, live_version, '{}', 'api', modified_on FROM scripts;
"""


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
        self._open = (lambda: _open_to_read(path)) if for_reading else (lambda: _open(path, seal))
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
            if _pragma(connection, "user_version") != SCHEMA_VERSION:
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
        _pragma(connection, "user_version")  # which opens the file
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, seal: Callable[[str, str], bytes]) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
        _check_identity(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone stops at the drive's cache
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute(f"PRAGMA journal_size_limit={_MAX_IDLE_WAL_BYTES}")
        if _pragma(connection, "user_version") == 0:
            _create(connection)
        else:
            _check_writable(connection)
            _upgrade(connection, seal)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_identity(connection: apsw.Connection, path: Path) -> None:
    version = _pragma(connection, "user_version")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    assert tables is not None, "an aggregate always has one row"
    if tables[0] == 0 and version == 0:
        return
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise CatalogUnusable(f"{path} is a SQLite database, but not a Holdfast catalog.")
    if version > SCHEMA_VERSION:
        raise CatalogUnusable(
            f"{path} was written by a newer Holdfast: its schema is version {version}, "
            f"and this one knows version {SCHEMA_VERSION}. Upgrade Holdfast to open it."
        )


def _create(connection: apsw.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_SCHEMA + _SCHEDULES + _HISTORY)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


# What takes a file from each version of the schema to the next.
_UPGRADES = (
    "ALTER TABLE scripts ADD COLUMN migration_tag TEXT",
    """
    ALTER TABLE secrets RENAME TO open_secrets;
    CREATE TABLE secrets (
        version TEXT NOT NULL REFERENCES versions(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (version, name)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO secrets SELECT version, name, seal(text, version || ' ' || name) FROM open_secrets;
    DROP TABLE open_secrets;
    """,
    _SCHEDULES,
    _HISTORY,
)


def _upgrade(connection: apsw.Connection, seal: Callable[[str, str], bytes]) -> None:
    version = _pragma(connection, "user_version")
    if version < SCHEMA_VERSION:
        connection.create_scalar_function("seal", cast("Any", seal), 2)
        connection.execute("PRAGMA secure_delete=ON")  # what was readable is overwritten
        connection.execute("BEGIN IMMEDIATE")
        for statement in _UPGRADES[version - 1 :]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _check_writable(connection: apsw.Connection) -> None:
    """Raise now what the first upload would raise: a file that can only be read."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE scripts SET name = name WHERE 0")
    connection.execute("ROLLBACK")


def _pragma(connection: apsw.Connection, name: str) -> int:
    value = connection.pragma(name)
    assert isinstance(value, int), f"PRAGMA {name} is an integer"
    return value


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
