"""How an object's file is made, found, healed and opened. Blocks as little as it can.

A log that this process did not leave behind itself may hold commits that were never synced:
the process was killed between the commit and the sync, or a sync failed. Such commits can
be read, so they must be durable before anyone reads them, or what an object has said could
be undone by a power loss. So such a log is rewritten (see `disk.rewrite_durably`) before SQLite
sees it: that is three syncs, once per object that was being written when the process ended. A
thread does it while the object waits (`heal`, see lifecycle.py), and `open_existing` for those
who do not wait.
"""

import contextlib
import logging
import os
from pathlib import Path

import apsw

from holdfast.storage.disk import Folder, rewrite_durably, sync_path, write_all
from holdfast.storage.errors import DAMAGED, is_read_only
from holdfast.storage.session import Session, connect, wal_path
from holdfast.storage.template import is_unborn, template

log = logging.getLogger("holdfast.storage")

# workerd keeps references to other objects beside the values that hold them, and drops
# them with the value. Triggers do so here, only in files that have such a table.
_CLEAR_EXTERNALS = """
CREATE TEMP TRIGGER clear_externals_insert AFTER INSERT ON main._cf_KV
    BEGIN DELETE FROM _cf_EXTERNALS WHERE key = new.key; END;
CREATE TEMP TRIGGER clear_externals_update AFTER UPDATE ON main._cf_KV
    BEGIN DELETE FROM _cf_EXTERNALS WHERE key = new.key; END;
CREATE TEMP TRIGGER clear_externals_delete AFTER DELETE ON main._cf_KV
    BEGIN DELETE FROM _cf_EXTERNALS WHERE key = old.key; END;
"""


def create(path: Path, folder: Folder) -> Session:
    """Make the file of an object that has none. Raises OSError and apsw.Error.

    The file and its entry are durable with the first round.
    """
    folder.ensure()
    remove_stray_log(path, folder)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        write_all(fd, template())
        connection = connect(path)
    except BaseException:
        os.close(fd)
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    session = Session(connection, path, folder, created_fd=fd)
    try:
        session.configure()
    except BaseException:
        session.close(checkpoint=False)
        raise
    return session


def remove_stray_log(path: Path, folder: Folder) -> None:
    """Remove a log that has outlived its file: its content is nobody's. Raises OSError.

    It has to be gone for good before a file appears that SQLite would replay it into.
    """
    stray = wal_path(path)
    if stray.exists():
        stray.unlink()
        folder.sync(folder.changed())


def open_existing(path: Path, folder: Folder, *, log_is_durable: bool) -> Session | None:
    """Open an object's file; None if there is none. Raises OSError and apsw.Error.

    `log_is_durable`: this process left the log, with every commit in it synced.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    folder.ensure()
    wal_bytes = _size(wal_path(path))
    if not found.st_size:
        log.warning("%s is empty, and begins anew: what something has emptied is lost", path)
        remove(path, folder)
        return None
    if wal_bytes and not log_is_durable:
        heal(path, folder)
    try:
        return _open(path, folder, wal_bytes)
    except DAMAGED:
        if not is_unborn(path):
            raise
        remove(path, folder)
        return None
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.IOError):
        if wal_bytes or os.access(folder.path, os.W_OK):
            raise
        log.warning("the database %s cannot be written, and is read as it is", path)
        return _open_immutable(path, folder)


def _open(path: Path, folder: Folder, wal_bytes: int) -> Session:
    session = Session(connect(path), path, folder, wal_bytes=wal_bytes)
    try:
        if not session.read_only:
            # For files that another tool has made; does nothing to workerd's and to ours.
            session.once("PRAGMA journal_mode=WAL")
        session.configure(wal_bytes=wal_bytes)
        _prepare_tables(session)
    except BaseException:
        session.close(checkpoint=False)
        raise
    return session


def _open_immutable(path: Path, folder: Folder) -> Session:
    """Open a file on a medium that cannot be written: SQLite then needs no log and no lock."""
    connection = apsw.Connection(
        f"{path.absolute().as_uri()}?immutable=1",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )
    session = Session(connection, path, folder)
    _prepare_tables(session)
    return session


def _prepare_tables(session: Session) -> None:
    names = {name for (name,) in session.once("SELECT name FROM sqlite_schema")}
    session.has_metadata = "_cf_METADATA" in names
    session.has_keys = "_cf_KV" in names
    if not session.has_keys:
        return
    if "_cf_EXTERNALS" in names and not session.read_only:
        session.once(_CLEAR_EXTERNALS)
    # Meets a damaged table here rather than in the middle of a script.
    session.once("SELECT 1 FROM _cf_KV LIMIT 1")


def heal(path: Path, folder: Folder) -> None:
    """Make durable what an earlier process has left, which may have been killed before it did.

    Blocks; from any thread, while nobody has the file open. Raises OSError.
    """
    log = wal_path(path)
    try:
        written = log.stat()
        sync_path(path)
        rewrite_durably(log, folder)
        # It goes on telling when the object was written last.
        os.utime(log, ns=(written.st_atime_ns, written.st_mtime_ns))
    except OSError as error:
        if not is_read_only(error):
            raise  # a medium that cannot be written cannot lose anything either


def remove(path: Path, folder: Folder) -> None:
    """Remove an object's file and log for good. Blocks; SQLite must not have them open.

    The file goes first, durably: a log without its file is empty to any reader, whereas the
    file without its log would show what the log had deleted.
    """
    path.unlink(missing_ok=True)
    folder.sync(folder.changed())
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def has_log(path: Path) -> bool:
    """True if a write-ahead log lies beside the file."""
    return wal_path(path).exists()


def is_empty(cursor: apsw.Cursor) -> bool:
    """True if the object stores nothing: no key, no table of its own, no alarm."""
    names = {name for (name,) in cursor.execute("SELECT name FROM sqlite_schema")}
    if "_cf_KV" in names and cursor.execute("SELECT 1 FROM _cf_KV LIMIT 1").fetchall():
        return False
    if any(not name.startswith(("_cf_", "sqlite_")) for name in names):
        return False
    if "_cf_METADATA" not in names:
        return True
    alarms = "SELECT 1 FROM _cf_METADATA WHERE value IS NOT NULL LIMIT 1"
    return not cursor.execute(alarms).fetchall()


def close_settled(session: Session) -> None:
    """Close a file with its log copied into it; remove it if its object stores nothing.

    Blocks; the connection belongs to the calling thread. Raises apsw.Error and OSError,
    with everything durable left in place.
    """
    if session.read_only:
        session.close(checkpoint=False)
    elif is_empty(session.cursor):
        session.close(checkpoint=False)
        remove(session.path, session.folder)
    else:
        session.guard_restart()
        session.close(checkpoint=True)


def finish_parked(path: Path, folder: Folder) -> None:
    """Copy the log that a parked connection has left to its file, and remove it.

    Removes both if the object stores nothing. Blocks. Raises apsw.Error and OSError.
    """
    connection = connect(path)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        is_gone = is_empty(connection.cursor())
        if not is_gone:  # here, since closing tells of no failure
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_gone)
    finally:
        connection.close()
    if is_gone:
        remove(path, folder)


def leave_no_log(path: Path, folder: Folder) -> None:
    """Have the log of a file that nobody has open copied to it, and gone for good.

    What is damaged is removed, log and file. Blocks. Raises apsw.Error and OSError, as where there
    is no room for the copy.
    """
    if path.exists() and has_log(path):
        try:
            finish_parked(path, folder)
        except DAMAGED as error:
            log.warning("%s cannot be read, and is removed: %s", path, error)
            remove(path, folder)
    remove_stray_log(path, folder)
    folder.sync(folder.changed())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
