"""The past of a D1 database: when marks are made, and going back to one of them.

As with an object (storage/bookmarks.py), a mark is made *before* the first write that comes
INTERVAL_MS after the last mark, or after the database was made: it shows what was committed until
then, and a thread stores it while the write goes on. So what stood for that long is not lost, and
a database that is younger has no file for its past.

Unlike an object's, a database's file is open in several processes. What they have to know of each
other is in files: the database tells when it was made and written last (metadata.py), and the
history's time of change when a mark was begun last. Whoever marks has the turn to write, so no two
begin at the same time. How far apart marks of a large database are is told by its size, so that
a thread is busy with them for about one part in DUTY of the time.

https://developers.cloudflare.com/d1/reference/time-travel/
"""

import logging
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import apsw

from holdfast.storage.bookmarks import DUTY, INTERVAL_MS
from holdfast.storage.copying import copying
from holdfast.storage.d1 import metadata
from holdfast.storage.d1.files import forget_past
from holdfast.storage.d1.metadata import Metadata
from holdfast.storage.d1.pasts import Ended, Pasts
from holdfast.storage.disk import make_folder
from holdfast.storage.errors import DAMAGED, BookmarkInvalid, StorageError
from holdfast.storage.history import (
    AHEAD_MS,
    History,
    changed_ms,
    history_path,
    newest_ms,
)
from holdfast.storage.names import SCRATCH
from holdfast.storage.session import SHARED_VFS, wal_path
from holdfast.storage.snapshot import Snapshot
from holdfast.storage.template import settle

log = logging.getLogger("holdfast.storage")

SWITCHED_OFF = "Time Travel is switched off: --history-days is 0."
IN_THE_FUTURE = "The timestamp is in the future: give one in the past."
NOT_MADE_YET = "The timestamp is before the database was made, at {}."
TOO_LONG_AGO = "The timestamp is too long ago: give one within the last {:g} days."
NO_MARK = (
    "There is no bookmark {!r} of this database to restore, or not any more; those of sessions "
    "are none. A timestamp finds one."
)
DAMAGED_PAST = "The past of this database is damaged, and was put aside. The database is as it was."

MARKING_MS_PER_BYTE = 2e-6  # about: two seconds for a gigabyte

_PAGES_AT_ONCE = 1_024

Files = tuple[tuple[int, int, int], ...]


class Past:
    """The past of one database, as one process keeps it. Its methods block."""

    def __init__(
        self,
        path: Path,
        pasts: Pasts,
        *,
        is_deleted: Callable[[], bool] = bool,
        is_stopped: Callable[[], bool] = bool,
    ) -> None:
        """`is_stopped`: nobody waits any more for what was asked for."""
        self._path = path
        self._pasts = pasts
        self._is_deleted = is_deleted
        self._is_stopped = is_stopped
        self._is_removed = False
        self._history = self._open(self._look)
        self._looked_ms = self._due_ms = -math.inf  # when it was seen, and is to be seen again
        self._marking: threading.Thread | None = None
        # Who asks again meets what was marked last: its state, and its bookmark.
        self._marked: tuple[Metadata | None, Files, str] = None, (), ""

    def now_ms(self) -> float:
        """The time of the calendar."""
        return self._pasts.now_ms()

    # ---- marks that are made by themselves ---------------------------------------------

    def before_write(self, db: apsw.Cursor) -> None:
        """Within a transaction that has written nothing: mark what is committed, if it is due.

        Never raises, and does not block.
        """
        now = self.now_ms()
        if self._looked_ms - AHEAD_MS <= now < self._due_ms or not self._pasts.retention_days:
            return
        self._looked_ms = now
        try:
            self._mark_if_due(metadata.read(db), now)
        except (apsw.Error, OSError, RuntimeError) as error:
            log.warning("no mark could be made of %s: %s", self._path, error)

    def _mark_if_due(self, told: Metadata, now: float) -> None:
        interval = self._interval_ms()
        history = history_path(self._path)
        marked = newest_ms(str(history))
        last = told.born_ms if marked is None else marked
        if last is not None and last <= now + AHEAD_MS and now < last + interval:
            self._due_ms = last + interval
            return
        if self._pasts.is_full:
            log.warning("no mark is made of %s: too many wait", self._path)
            return
        history.touch()
        os.utime(history, (now / 1000, now / 1000))  # so that no other process does the same
        self._due_ms = now + interval
        snapshot = Snapshot.of(self._path, SHARED_VFS)
        try:
            self._marking = self._pasts.begin(partial(self._store, snapshot, told, now))
        except RuntimeError:
            snapshot.close()
            raise

    def _store(self, snapshot: Snapshot, told: Metadata, now: float) -> None:
        history = self._open(self._look_in_background)
        try:
            try:
                self._mark(history, snapshot, told, now, asked=False)
            finally:
                if self._is_deleted():  # meanwhile, perhaps by another process
                    forget_past(self._path)
        except (StorageError, apsw.Error, OSError) as error:
            if not self._is_removed:
                log.warning("a mark of %s could not be stored: %s", self._path, error)

    def _interval_ms(self) -> float:
        size = self._path.stat().st_size
        return max(INTERVAL_MS, DUTY * MARKING_MS_PER_BYTE * size)

    def settle(self) -> None:
        """Wait for the mark that is being stored."""
        if self._marking is not None:
            self._marking.join()

    # ---- what is asked for -------------------------------------------------------------

    def current(self) -> str:
        """Mark what is committed now, to be kept; the bookmark.

        Raises BookmarkInvalid where no past is kept, apsw.Error and OSError.
        """
        self._require_kept()
        self.settle()
        files = self._files()
        snapshot, told = self._snapshot()
        *state, bookmark = self._marked
        if state == [told, files]:
            snapshot.close()
            if self._history.renew(bookmark, self.now_ms()):
                return bookmark
            snapshot, told = self._snapshot()
        bookmark = self._mark(self._history, snapshot, told, self.now_ms(), asked=True)
        self._marked = told, files, bookmark
        return bookmark

    def at(self, time_ms: float) -> str:
        """The bookmark of the last mark up to a time. Raises as `current`."""
        self._require_kept()
        now = self.now_ms()
        if time_ms > now:
            raise BookmarkInvalid(IN_THE_FUTURE)
        if time_ms < self._pasts.oldest_ms:
            raise BookmarkInvalid(TOO_LONG_AGO.format(self._pasts.retention_days))
        self.settle()
        snapshot, told = self._snapshot()
        if time_ms < (told.born_ms or 0.0):
            snapshot.close()
            raise BookmarkInvalid(NOT_MADE_YET.format(_iso(told.born_ms)))
        if told.changed_ms is None or time_ms >= told.changed_ms or not self._history.ended_ms:
            self._mark(self._history, snapshot, told, now, asked=False)
        else:
            snapshot.close()
        return self._history.at(time_ms)

    def go_back(self, db: apsw.Connection, bookmark: str) -> str:
        """Make the database what a mark shows, in one transaction; a bookmark to undo that with.

        `db` is a connection to it, with no transaction under way. Whoever reads goes on with what
        there was. Nobody writes from the moment that the returned bookmark leads to until the
        transaction has ended, however it does. Raises as `current`, StorageError for a past that
        is damaged, and apsw.BusyError where others write for too long.
        """
        self._require_kept()
        self.settle()
        try:
            self._history.require(bookmark)
        except BookmarkInvalid as error:
            raise BookmarkInvalid(NO_MARK.format(bookmark)) from error
        with self._taken_out(bookmark) as source, copying(source, db) as copy:
            copy.step(0)  # takes the turn to write
            previous, told = self._mark_present()
            # Sessions' bookmarks go on growing.
            changed = told._replace(writes=told.writes + 1, changed_ms=self.now_ms())
            metadata.put(source, changed)
            while not copy.done:
                self._look()
                copy.step(_PAGES_AT_ONCE)
        with suppress(apsw.Error):  # it has come back all the same
            # The log holds all of it, and would have the next write wait.
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return previous

    @contextmanager
    def _taken_out(self, bookmark: str) -> Iterator[apsw.Connection]:
        """A copy of a mark, as a database of its own for the length of the block."""
        scratch = self._path.parent.parent / SCRATCH
        make_folder(scratch)
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            path = Path(folder) / "database"
            try:
                with path.open("wb") as file, closing(self._history.pages(bookmark)) as pages:
                    for offset, content in pages:
                        file.seek(offset)
                        file.write(content)
            except DAMAGED as error:
                self._history.put_aside(error)
                raise StorageError(DAMAGED_PAST) from error
            settle(path)
            with closing(apsw.Connection(str(path))) as source:
                source.execute("PRAGMA synchronous=OFF")
                yield source

    # ---- inside ------------------------------------------------------------------------

    def _mark_present(self) -> tuple[str, Metadata]:
        snapshot, told = self._snapshot()
        return self._mark(self._history, snapshot, told, self.now_ms(), asked=True), told

    def _files(self) -> Files:
        """What differs whenever somebody, of whatever program, has written."""
        found = []
        for file in (self._path, wal_path(self._path)):
            with suppress(FileNotFoundError):
                status = file.stat()
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def _snapshot(self) -> tuple[Snapshot, Metadata]:
        snapshot = Snapshot.of(self._path, SHARED_VFS)
        try:
            with snapshot.opened() as db:
                return snapshot, metadata.read(db)
        except BaseException:
            snapshot.close()
            raise

    def _mark(
        self, history: History, snapshot: Snapshot, told: Metadata, now: float, *, asked: bool
    ) -> str:
        since = changed_ms(self._path) if told.changed_ms is None else told.changed_ms
        return history.mark(snapshot, asked=asked, since_ms=since or 0.0, now_ms=now)

    def _require_kept(self) -> None:
        if not self._pasts.retention_days:
            raise BookmarkInvalid(SWITCHED_OFF)

    def _open(self, look: Callable[[], None]) -> History:
        history = History(self._path, self._pasts.now_ms, self._pasts.retention_days)
        history.look = look
        return history

    def _look(self) -> None:
        if self._is_stopped():
            raise Ended("The process ends: nothing was done.")

    def _look_in_background(self) -> None:
        if self._pasts.is_ending or self._is_removed:
            raise Ended("The process ends before it was stored.")

    # ---- the end -----------------------------------------------------------------------

    def remove(self) -> None:
        """Remove the past of a database that is deleted. Not durably. Raises OSError."""
        self._is_removed = True
        self.settle()
        self._is_removed = False
        forget_past(self._path)


def _iso(time_ms: float | None) -> str:
    return datetime.fromtimestamp((time_ms or 0.0) / 1000, UTC).isoformat(timespec="seconds")
