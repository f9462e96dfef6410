"""What an error of SQLite, or of the file system, means for an object's database.

Some are the script's fault, some undo no more than a statement; any other breaks the database,
which calls nothing durable from then on.
"""

from typing import TYPE_CHECKING

import apsw

from holdfast.storage.errors import (
    DatabaseFull,
    StorageError,
    ValueTooLarge,
    conflict,
    is_bound_met,
    is_read_only,
    read_only,
)
from holdfast.storage.statements import describe

if TYPE_CHECKING:
    from holdfast.storage.database import Database


def of(database: "Database", error: apsw.Error) -> StorageError:
    """What to raise for an error of SQLite; breaks the database if it lost anything."""
    if isinstance(error, apsw.BusyError):
        return conflict(error, database.path, database.transactions.depth)
    if is_bound_met(error, database.folder.path):
        full = DatabaseFull(describe(error))
        return full if has_its_transaction(database) else database.break_down(full)
    if has_its_transaction(database):
        # Nothing but the statement was undone.
        if isinstance(error, apsw.TooBigError):
            return ValueTooLarge(str(error))
        if is_read_only(error):
            return read_only(error, database.path)
    return database.break_down(error)


def has_its_transaction(database: "Database") -> bool:
    """True unless an error has made SQLite undo the whole transaction by itself."""
    in_transaction = bool(database.session and database.session.connection.in_transaction)
    return in_transaction == database.transactions.are_open


def at_opening(database: "Database", error: apsw.Error | OSError) -> StorageError:
    """What to raise where the file could not be opened or made: nothing was lost that was there."""
    if isinstance(error, apsw.BusyError):
        return conflict(error, database.path, database.transactions.depth)
    if is_read_only(error):
        return read_only(error, database.path)
    return database.break_down(error)
