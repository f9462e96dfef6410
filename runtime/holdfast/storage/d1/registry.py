"""Which D1 databases were created, and what they are called: `<data>/d1.sqlite`.

Those of `dev` and `run` are not among them: what a project is bound to is made with its first
use. A database that was deleted stays on the list, so that no binding makes it anew.
"""

from pathlib import Path

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage.errors import StorageError
from holdfast.storage.shared_file import SharedFile

FILE_NAME = "d1.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS databases (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_on TEXT NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS databases_by_name ON databases(name) WHERE NOT is_deleted;
"""
_LIST = "SELECT id, name, created_on FROM databases WHERE NOT is_deleted"


class NameTaken(StorageError):
    """Another database has the name."""


@dataclass(frozen=True, slots=True)
class Created:
    """A database that was created: its id, its name, and when, as an ISO time."""

    id: str
    name: str
    created_on: str


class D1Registry:
    """The list. Its methods block, and may be called from any thread and process.

    Raises StorageError where the disk fails.
    """

    def __init__(self, path: Path) -> None:
        self._file = SharedFile(path, _SCHEMA, "The list of D1 databases")

    def all(self) -> list[Created]:
        """All of them, the newest first."""
        return self._read(f"{_LIST} ORDER BY created_on DESC, id")

    def find(self, id_or_name: str) -> Created | None:
        """The one of this id, or else of this name."""
        sql = f"{_LIST} AND (id = ?1 OR name = ?1) ORDER BY id = ?1 DESC"
        return next(iter(self._read(sql, id_or_name)), None)

    def is_deleted(self, database_id: str) -> bool:
        """True for a database that was there once."""
        sql = "SELECT id, name, created_on FROM databases WHERE is_deleted AND id = ?"
        return bool(self._read(sql, database_id))

    def add(self, created: Created) -> None:
        """Note one that is new, durably. Raises NameTaken."""
        values = (created.id, created.name, created.created_on)
        with self._file.writing() as db:
            try:
                db.execute("INSERT INTO databases VALUES (?, ?, ?, 0)", values)
            except apsw.ConstraintError as error:
                raise NameTaken(f"There is a database named {created.name!r} already.") from error

    def delete(self, database_id: str) -> None:
        """Note that a database is gone, durably."""
        with self._file.writing() as db:
            db.execute("UPDATE databases SET is_deleted = 1 WHERE id = ?", (database_id,))

    def close(self) -> None:
        """Close the file. Later calls open it again."""
        self._file.close()

    def _read(self, sql: str, *values: str) -> list[Created]:
        with self._file.reading() as db:
            return [] if db is None else [Created(*row) for row in db.execute(sql, values)]
