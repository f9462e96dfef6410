"""Telling SQLite of the puts that a journal holds for it (recent.py): for the next process.

Puts belong between two commits of a log, and say so: by its salts, and by the number of its frames.
If the log has more by now, SQLite had been told of them before the process ended. So this may be
done again after it was interrupted, and entries of a journal that was used anew do no harm.
"""

import errno
import logging
import os
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path

import apsw

from holdfast.storage import opening
from holdfast.storage.disk import Folder
from holdfast.storage.errors import DAMAGED
from holdfast.storage.journal import PUTS, SALTS_BYTES, SALTS_OFFSET, Entry, is_below_a_namespace
from holdfast.storage.recent import puts_of
from holdfast.storage.session import WAL_SUFFIX, Session

log = logging.getLogger("holdfast.storage")


def redo(root: Path, entries: Iterable[tuple[int, Entry]]) -> list[Path]:
    """Have SQLite know of the puts among entries, which come with their batch's number.

    After their frames are in the logs, and before any of the objects is opened. The logs that were
    written to, which are then to be synced. Blocks. Raises OSError; a file that is damaged is told
    of, and left.
    """
    by_log: defaultdict[bytes, list[tuple[int, Entry]]] = defaultdict(list)
    for number, entry in entries:
        if entry.kind == PUTS and is_below_a_namespace(entry.name):
            by_log[entry.name].append((number, entry))
    folders: dict[Path, Folder] = {}
    written = []
    try:
        for name, own in by_log.items():
            path = root / os.fsdecode(name)
            folder = folders.setdefault(path.parent, Folder(path.parent))
            if _redo_one(path, folder, [entry for _, entry in sorted(own, key=itemgetter(0))]):
                written.append(path)
    finally:
        for folder in folders.values():
            folder.close()
    return written


def _redo_one(log_path: Path, folder: Folder, entries: list[Entry]) -> bool:
    try:
        with log_path.open("rb") as file:
            salts = os.pread(file.fileno(), SALTS_BYTES, SALTS_OFFSET)
    except FileNotFoundError:
        return False
    entries = [entry for entry in entries if entry.salts == salts]
    path = log_path.with_name(log_path.name.removesuffix(WAL_SUFFIX))
    try:
        session = opening.open_existing(path, folder, log_is_durable=True) if entries else None
        if session is None:
            return False
        try:
            return _tell(session, entries)
        finally:
            session.close(checkpoint=False)
    except DAMAGED as error:
        log.error("%s cannot be read, nor told of what was written last: %s", path, error)
        return False
    except apsw.Error as error:
        code = errno.ENOSPC if isinstance(error, apsw.FullError) else errno.EIO
        raise OSError(code, f"{path} cannot be told of what was written last: {error}") from error


def _tell(session: Session, entries: list[Entry]) -> bool:
    frames, _ = session.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    for entry in entries:
        if entry.at == frames:
            session.recent.kept.update(puts_of(entry.content))
    if not session.recent:
        return False
    session.settle()
    return True
