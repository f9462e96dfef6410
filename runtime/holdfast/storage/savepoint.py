"""Several writes of one call, which are undone together."""

from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from holdfast.storage.database import Database


class Savepoint:
    """Undoes what its block wrote if the block fails, unless the database has failed."""

    def __init__(self, database: "Database", cursor: apsw.Cursor) -> None:
        self._database = database
        self._cursor = cursor

    def __enter__(self) -> None:
        self._cursor.execute("SAVEPOINT holdfast_many")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        session = self._database.session
        if self._database.broken is not None or session is None:
            return
        if kind is not None:
            self._cursor.execute("ROLLBACK TO holdfast_many")
            session.forget_schema()
        self._cursor.execute("RELEASE holdfast_many")
