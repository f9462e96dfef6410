"""Objects whose files lack what a journal has for them, since the start could not write it.

On a full disk, say, or while another program has a file. The server runs all the same. Such an
object is brought up to date right before it is opened first. If that fails again, it goes on with
what its file lacks in memory, as if a connection had broken (Database.break_down); or it fails,
too, where more than puts are missing. The journal has all of it, and recovery.py has set that
aside until the next start.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.storage import journal
from holdfast.storage.journal import Entry
from holdfast.storage.recent import Left, Unsettled
from holdfast.storage.redo import NotTold, bring_up_to_date, by_log
from holdfast.storage.session import wal_path

if TYPE_CHECKING:
    from holdfast.storage.database import Database


class Untold:
    """What such objects are yet to be told. For the loop's thread."""

    def __init__(self) -> None:
        self._entries: dict[bytes, list[Entry]] = {}

    def find(self, root: Path, is_here: Callable[[str], bool] | None) -> None:
        """Look for them, among our objects, in the journals set aside. Blocks. Raises OSError."""
        entries = by_log(journal.entries_of(journal.set_aside_in(root)))
        for name, own in entries.items():
            path = root / os.fsdecode(name)
            if is_here is None or is_here(path.name.partition(".")[0]):
                salts = journal.salts_of(path)
                if any(entry.salts == salts for entry in own):
                    self._entries[name] = own

    def tell(self, database: "Database", unsettled: "dict[tuple[str, str], Unsettled]") -> None:
        """Bring the file up to date of a database that is not open. May block. Raises OSError.

        What SQLite alone is yet to be told of is among what is `unsettled` from then on.
        """
        if self._entries:
            name = os.fsencode(f"{database.unique_key}/{wal_path(database.path).name}")
            if entries := self._entries.get(name):
                try:
                    bring_up_to_date(wal_path(database.path), database.folder, entries)
                except NotTold as error:
                    unsettled[database.key] = Left(error.values)
                del self._entries[name]
