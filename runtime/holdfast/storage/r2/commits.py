"""`Commits`: changes of a database, of which those that wait together share one sync."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import apsw

from holdfast.storage.shared_file import SharedFile

T = TypeVar("T")


class Commits:
    """Runs changes in order, each whole or not at all; from any thread."""

    def __init__(self, database: SharedFile) -> None:
        self._database = database
        self._adding = threading.Lock()
        self._waiting: list[_Change[Any]] = []
        self._turn = threading.Lock()

    def run(self, change: Callable[[apsw.Connection], T]) -> T:
        """Make a change; what it returns, once it is on the disk. Raises what it raises."""
        mine = _Change(change)
        with self._adding:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_done:
                with self._adding:
                    together, self._waiting = self._waiting, []
                self._commit(together)
        return mine.outcome()

    def _commit(self, together: "list[_Change[Any]]") -> None:
        try:
            with self._database.writing() as db:
                for change in together:
                    change.make(db)
        except Exception as error:  # noqa: BLE001 - each of them is told
            for change in together:
                change.error = error
        for change in together:
            change.is_done = True


class _Change(Generic[T]):
    def __init__(self, function: Callable[[apsw.Connection], T]) -> None:
        self._function = function
        self._result: T
        self.error: Exception | None = None
        self.is_done = False

    def make(self, db: apsw.Connection) -> None:
        """Raises apsw.Error where none of those that are made together can be."""
        try:
            with db:  # a savepoint
                self._result = self._function(db)
        except apsw.Error:
            raise
        except Exception as error:  # noqa: BLE001 - who asked for it is told
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self._result
