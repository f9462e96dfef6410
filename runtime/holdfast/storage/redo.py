"""Bringing the files of objects to where a journal has them: for the next process.

First the frames that a log lacks are written to it (journal.py), then SQLite is told of the puts
that it was never told of (recent.py). Puts belong between two commits of a log, and say so: by its
salts, and by the number of its frames. If the log has more by now, SQLite had been told of them
before the process ended. So this may be done again after it was interrupted, and entries of a
journal that was used anew do no harm.
"""

import errno
import logging
import os
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import apsw

from holdfast.storage import opening
from holdfast.storage.disk import Folder
from holdfast.storage.errors import DAMAGED, is_read_only
from holdfast.storage.journal import (
    FRAMES,
    PUTS,
    Entry,
    is_below_a_namespace,
    salts_of,
    write_to_log,
)
from holdfast.storage.recent import puts_of
from holdfast.storage.session import WAL_SUFFIX, Session

log = logging.getLogger("holdfast.storage")


def by_log(entries: Iterable[tuple[int, Entry]]) -> dict[bytes, list[Entry]]:
    """The entries of each object's log, by its name, in the order of their batches' numbers."""
    found: defaultdict[bytes, list[tuple[int, Entry]]] = defaultdict(list)
    for number, entry in entries:
        if is_below_a_namespace(entry.name):
            found[entry.name].append((number, entry))
    return {
        name: [entry for _, entry in sorted(own, key=itemgetter(0))] for name, own in found.items()
    }


class NotTold(OSError):
    """SQLite could not be told of `values`, which is all that its file lacks."""

    def __init__(self, values: dict[str, bytes], cause: apsw.Error) -> None:
        super().__init__(_code(cause), f"SQLite cannot be told of what was written last: {cause}")
        self.values = values


def _code(error: apsw.Error) -> int:
    if is_read_only(error):
        return errno.EROFS
    return errno.ENOSPC if isinstance(error, apsw.FullError) else errno.EIO


class Redone(NamedTuple):
    """A log that is to be synced now."""

    log: Path
    told_from: int | None  # what SQLite has added now begins here

    def undo(self) -> None:
        """The log could not be synced, and syncing it once more would prove nothing.

        So the next process is to tell SQLite again. Raises OSError.
        """
        if self.told_from is not None:
            os.truncate(self.log, self.told_from)


def bring_up_to_date(log_path: Path, folder: Folder, entries: list[Entry]) -> Redone | None:
    """Have an object's file hold what its entries do, before anybody opens it.

    None if none of them is for the log that is there; else it is to be synced even if it has them
    all, as whoever wrote them may have been killed before. Blocks. Raises OSError, with nothing
    lost: it may be done again. A file that is damaged is told of, and left.
    """
    salts = salts_of(log_path)
    entries = [entry for entry in entries if entry.salts == salts]
    if not entries:
        return None
    write_to_log(log_path, [entry for entry in entries if entry.kind == FRAMES])
    puts = [entry for entry in entries if entry.kind == PUTS]
    return Redone(log_path, _redo(log_path, folder, puts) if puts else None)


def _redo(log_path: Path, folder: Folder, puts: list[Entry]) -> int | None:
    path = log_path.with_name(log_path.name.removesuffix(WAL_SUFFIX))
    try:
        session = opening.open_existing(path, folder, log_is_durable=True)
        if session is None:
            return None
        try:
            return _tell(session, puts)
        finally:
            session.close(checkpoint=False)
    except DAMAGED as error:
        log.error("%s cannot be read, nor told of what was written last: %s", path, error)
        return None
    except apsw.Error as error:
        raise OSError(_code(error), f"the file cannot be opened: {error}") from error


def _tell(session: Session, puts: list[Entry]) -> int | None:
    frames, _ = session.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    values: dict[str, bytes] = {}
    for entry in puts:
        if entry.at == frames:
            values.update(puts_of(entry.content))
    try:
        session.take_over(values)
    except apsw.Error as error:
        raise NotTold(values, error) from error
    return session.end_of(frames) if values else None
