"""Reading a database on a disk that has no room for what SQLite needs besides its file.

In WAL mode that is the index of the log, 32 KiB beside the file, which the last connection
removes. So where a database was closed in order, none can be opened on a full disk; but then it
has no log either, and can be read as it is. (Objects' own files need no such index: session.py.)

https://www.sqlite.org/uri.html#uriimmutable
"""

from pathlib import Path

import apsw

from holdfast.storage.session import wal_path

_NO_INDEX = frozenset(
    {apsw.SQLITE_IOERR_SHMOPEN, apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_SHMMAP}
)


def lacks_room(error: BaseException) -> bool:
    """True for what SQLite says where there is no room for a log, or its index."""
    if isinstance(error, apsw.IOError):
        return getattr(error, "extendedresult", None) in _NO_INDEX
    return isinstance(error, apsw.FullError)


def as_it_is(path: Path) -> apsw.Connection | None:
    """A connection that reads a file, and needs no other; None where it has a log to read, too.

    For as long as nobody writes to the file. Raises apsw.Error.
    """
    log = wal_path(path)
    if not path.exists() or (log.exists() and log.stat().st_size):
        return None
    return apsw.Connection(
        f"{path.absolute().as_uri()}?immutable=1",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )
