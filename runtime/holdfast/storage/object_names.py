"""Which names the objects of a namespace were reached by.

An id is made from a name and does not tell it, and workerd's files have no place for it; so
that people can find their objects again, names are noted beside them, in `names.sqlite`. They
are noted by a thread, some time after the object's first call: a name that was lost is noted again
with the next call by it. A book that is damaged is put aside, and begun anew.
"""

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from holdfast.storage.errors import DAMAGED

log = logging.getLogger("holdfast.storage")

FILE_NAME = "names.sqlite"
MAX_WAITING = 1_000
_BUSY_TIMEOUT_MS = 5_000

Result = TypeVar("Result")

_SCHEMA = "CREATE TABLE IF NOT EXISTS names (id TEXT PRIMARY KEY, name BLOB) WITHOUT ROWID"


class NameBook:
    """The names of one namespace's objects. `note` is for the loop, the rest blocks."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._waiting: dict[str, str] = {}
        self._lock = threading.Lock()

    def note(self, object_id: str, name: str) -> bool:
        """Keep a name in mind; True when so many wait that they should be written."""
        self._waiting[object_id] = name
        return len(self._waiting) >= MAX_WAITING

    @property
    def is_waiting(self) -> bool:
        """True while names have not been written."""
        return bool(self._waiting)

    def write(self) -> None:
        """Write what waits, for those objects that have a file. Raises apsw.Error."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            rows = [
                (object_id, name.encode("utf-8", "surrogatepass"))
                for object_id, name in waiting.items()
                if self._path.with_name(f"{object_id}.sqlite").exists()
            ]
            if rows:
                self._unless_damaged(lambda: self._add(rows))

    def _add(self, rows: list[tuple[str, bytes]]) -> None:
        connection = apsw.Connection(str(self._path))
        try:
            connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
            connection.execute("PRAGMA synchronous=FULL").fetchall()
            connection.execute(_SCHEMA)
            with connection:
                connection.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", rows)
        finally:
            connection.close()

    def _unless_damaged(self, attempt: Callable[[], Result]) -> Result:
        try:
            return attempt()
        except DAMAGED as error:
            log.error("%s is damaged, and put aside: %s", self._path, error)
            with contextlib.suppress(FileNotFoundError):  # another process has done so
                self._path.rename(self._path.with_suffix(".damaged"))
            self._path.with_name(f"{FILE_NAME}-journal").unlink(missing_ok=True)
            return attempt()

    def read(self, object_ids: list[str]) -> dict[str, str]:
        """The names of those of the ids that have one. Raises apsw.Error."""
        wanted = set(object_ids)
        found = {i: name for i, name in self._waiting.copy().items() if i in wanted}
        with self._lock:
            return found | self._unless_damaged(lambda: self._look_up(wanted - found.keys()))

    def _look_up(self, object_ids: set[str]) -> dict[str, str]:
        if not self._path.exists():
            return {}
        found = {}
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(_BUSY_TIMEOUT_MS)
            for object_id in object_ids:
                row = connection.execute("SELECT name FROM names WHERE id = ?", (object_id,))
                if (name := row.get) is not None:
                    found[object_id] = bytes(name).decode("utf-8", "surrogatepass")
        finally:
            connection.close()
        return found
