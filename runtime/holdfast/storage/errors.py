"""The storage's errors, placed by who acted.

Exception
└── StorageError
    ├── InvalidName          the caller: a unique key or an id that cannot name a file
    ├── ValueTooLarge        the caller: SQLite cannot hold a value of this size
    ├── DatabaseFull         the script: its object is as large as it may be
    ├── SqlError             the script: its SQL is wrong, or does what it may not
    ├── BookmarkInvalid      the script: a bookmark that leads nowhere, or not any more
    ├── TransactionConflict  a peer: another process holds the file; rerun the transaction
    ├── StoreLocked          a peer: another process holds the file, outside any transaction
    ├── StoreClosed          the owner: the store was closed, or its object opened anew
    ├── CutOff               the owner: a thread had to let go of the file before it was done
    ├── StorageReadOnly      the operator: the folder or the file cannot be written
    ├── DiskFull             the operator: a file of all scripts finds no room, nothing was changed
    └── StoreBroken          the disk or the file: uncommitted writes are gone, open anew

What was given to `ObjectStore.supersede` is raised as it is. Every error of APSW and of
the file system that an access meets becomes one of these, with the cause attached.
"""

import errno
import logging
import os
from pathlib import Path

import apsw

# What the operating system says of a folder that must not be written.
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


# What SQLite says of a file that is no database, or not any more.
DAMAGED = (apsw.CorruptError, apsw.NotADBError)

_LITTLE_BYTES = 4 << 20

log = logging.getLogger("holdfast.storage")


class StorageError(Exception):
    """The base of what the storage raises."""


class InvalidName(StorageError, ValueError):
    """A unique key or an object id that cannot be the name of a folder or a file."""


class ValueTooLarge(StorageError):
    """The value exceeds what SQLite can hold; nothing was written."""


class DatabaseFull(StorageError):
    """The object is as large as it may be; the statement did nothing, deleting makes room."""


class SqlError(StorageError):
    """A script's SQL is wrong or does what it may not; the message is for the script."""


class BookmarkInvalid(StorageError):
    """A bookmark of no point in time, or of one that is too long ago."""


class TransactionConflict(StorageError):
    """Another process holds the object's file: the transaction did nothing, run it again."""


class StoreLocked(StorageError):
    """Another process holds the object's file; nothing was read or written."""


class StoreClosed(StorageError):
    """The store was closed, or its object was opened anew by another owner."""


class CutOff(StorageError):
    """A thread had to let go of an object's file before it was done with it: begin anew."""


class StorageReadOnly(StorageError):
    """The object's file cannot be written; what it holds can be read.

    Scripts are told so, and not where it lies.
    """

    def __init__(self) -> None:
        super().__init__("The storage of this Durable Object cannot be written.")


class DiskFull(StorageError):
    """There is no room for what a file holds that all scripts share; nothing was changed."""


class StoreBroken(StorageError):
    """The store failed for good: open the object anew to go on with what is durable."""


def conflict(error: apsw.BusyError, path: Path, depth: int) -> StorageError:
    """Another process holds the file; `depth` tells how many transactions were begun."""
    log.warning("the database %s is held by another process: %s", path, error)
    text = f"The storage of this Durable Object is held by another process: {error}"
    return TransactionConflict(text) if depth else StoreLocked(text)


def read_only(error: BaseException, path: Path) -> StorageReadOnly:
    """The operator keeps us from writing a database."""
    log.warning("the database %s cannot be written: %s", path, error)
    return StorageReadOnly()


def failure(what: str, error: BaseException) -> StorageError:
    """Something that all scripts share could not be read or written.

    Where SQLite has ended the transaction by itself, since the disk is full, the error is that
    there is none to undo, and the reason is what came before.
    """
    reason: BaseException | None = error
    while reason is not None:
        if _is_full(reason):
            return DiskFull(f"{what} failed: {reason}")
        reason = reason.__context__
    return StorageError(f"{what} failed: {error}")


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return isinstance(error, apsw.FullError)


def is_bound_met(error: BaseException, folder: Path) -> bool:
    """True if a database in this folder is as large as it may be, rather than its disk full.

    SQLite has one error for both.
    """
    if not isinstance(error, apsw.FullError):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= _LITTLE_BYTES


def is_read_only(error: BaseException) -> bool:
    """True when the operator, not the disk, keeps us from writing."""
    if isinstance(error, OSError):
        return error.errno in _READ_ONLY
    return isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError))
