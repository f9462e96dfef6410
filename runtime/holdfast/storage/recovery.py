"""What a process that did not come to an orderly end has left to do.

Its journal tells that it did not: it is there from the first write on that depends on this, and
removed at the end. Everything that was said to be durable is on the disk then, but not all of it
where it belongs: see journal.py, redo.py and staged.py. And something may be there that was not to
be there yet: see unlisted.py.

Where something cannot be done yet, as on a full disk, what journals have for it is set aside, in
one file for all that were found, and each object that it concerns is brought up to date when it is
opened first (untold.py). The next start looks again.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from holdfast.storage import journal, staged, unlisted
from holdfast.storage.disk import Folder, shared_sync, sync_path
from holdfast.storage.errors import is_read_only
from holdfast.storage.journal import Entry
from holdfast.storage.names import object_id_of
from holdfast.storage.redo import Redone, bring_up_to_date, by_log

log = logging.getLogger("holdfast.storage")


def recover(root: Path, place: str = "*", is_here: Callable[[str], bool] | None = None) -> None:
    """Bring the files of objects up to date, durably.

    After a process with this place among those that share the folder, of whose objects `is_here`
    knows; or after all. Before any of these objects is opened. Blocks, and does nothing after an
    orderly end. Where nothing can be written, files stay as they are. Raises OSError.
    """
    journals = sorted({*journal.left(root, place), *journal.set_aside_in(root, place)})
    if not journals:
        return
    try:
        _recover(root, place, journals, is_here)
    except OSError as error:
        if not is_read_only(error):
            raise
        log.warning("objects are read as a power loss may have left them: %s", error)


def _recover(
    root: Path, place: str, journals: list[Path], is_here: Callable[[str], bool] | None
) -> None:
    # Opened before anything is written: it tells of failures from then on.
    sync_all = shared_sync(root)
    try:
        logs, left = _replay(root, journals)
        try:
            if sync_all:
                sync_all()
            else:
                journal.sync_logs(redone.log for redone in logs)
        except OSError:
            for redone in logs:
                redone.undo()
            raise
    finally:
        if sync_all:
            sync_all.close()
    is_done = not left
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and folder.name[0] != ".":
            is_done &= _look_after(folder, is_here)
    if is_done:
        for path in journals:
            path.unlink()
        sync_path(root)
    else:
        journal.set_aside(root, "all" if place == "*" else place, journals, left)
    log.info("what an ended process had left was looked after, %d logs among it", len(logs))


def _replay(root: Path, journals: list[Path]) -> tuple[list[Redone], list[Entry]]:
    """Write what journals hold to where it belongs: the logs that are then to be synced.

    And the entries for which that did not work.
    """
    written: list[Redone] = []
    folders: dict[Path, Folder] = {}
    left: list[Entry] = []
    failures: list[tuple[Path, OSError]] = []
    try:
        for name, entries in by_log(journal.entries_of(journals)).items():
            path = root / os.fsdecode(name)
            folder = folders.setdefault(path.parent, Folder(path.parent))
            try:
                if redone := bring_up_to_date(path, folder, entries):
                    written.append(redone)
            except OSError as error:
                if is_read_only(error) and not os.access(root, os.W_OK):
                    raise  # nothing can be written, so nothing is
                failures.append((path, error))
                left += _for_present_log(path, entries)
    finally:
        for folder in folders.values():
            folder.close()
    if failures:
        log.error(
            "of %d objects, what was written last cannot be put in its place in %s: they cannot be"
            " written before there is room; nothing is lost. The first is %s: %s",
            len(failures),
            root,
            *failures[0],
        )
    return written, left


def _for_present_log(path: Path, entries: list[Entry]) -> list[Entry]:
    try:
        salts = journal.salts_of(path)
    except OSError:
        return entries
    return [entry for entry in entries if entry.salts == salts]


def _look_after(folder: Path, is_here: Callable[[str], bool] | None) -> bool:
    """True if the next start need not look again."""
    named = {object_id_of(name) for name in staged.promote(folder, is_here)}
    doubtful = {*unlisted.with_logs(folder), *named}
    ours = [each for each in doubtful if each and (is_here is None or is_here(each))]
    missing = unlisted.enlist(folder, ours, is_here)
    if missing:
        log.info("%d alarms of objects in %s were missing in its list, or late", missing, folder)
    return missing is not None
