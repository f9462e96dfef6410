"""Bookmarks of one object that is in use: when marks are made, on threads, one at a time.

Each object whose class has SQL keeps its past, from its first moment on, and most pay nothing
for it: a mark is made *before* the first write that comes INTERVAL_MS, or a little less, after
the last mark, or after the object was made. It shows what the object was until then. So
nothing that was there for that long is lost, an object that is no older has no file for its past,
and one that is not written to makes no marks. What was there before the first mark is nothing,
and what comes after the last one is the database itself; both are marked when somebody asks for
a bookmark of them.

What a mark holds is settled on the loop: a small database is copied in memory, and of a large one
a second connection, which nobody else uses, begins to read then and keeps seeing that. The write
goes on at once. A process that is killed within the
milliseconds that a thread then takes loses that mark, and nothing else. A large database is
marked the less often: a thread may be busy with that for one part in DUTY of the time.

How the object's own database helps: it tells in its header when the object was made, and by its
time of change when it was written last.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.dataclass import dataclass
from holdfast.storage import going_back
from holdfast.storage.catching_up import settle_if_possible
from holdfast.storage.clock import now_ms
from holdfast.storage.errors import BookmarkInvalid, CutOff, StorageError
from holdfast.storage.going_back import GoingBack
from holdfast.storage.history import (
    AHEAD_MS,
    RETENTION_DAYS,
    SUFFIX,
    History,
    changed_ms,
    newest_ms,
)
from holdfast.storage.names import is_unfinished
from holdfast.storage.newborn import LARGE_BYTES, Newborn
from holdfast.storage.snapshot import Snapshot
from holdfast.storage.template import PAGE_BYTES, read_birth_ms, settle
from holdfast.storage.workers import Job

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.session import Session
    from holdfast.storage.shard import Shard

log = logging.getLogger("holdfast.storage")

INTERVAL_MS = 600_000
DUTY = 100
MAX_WAITING_BYTES = 64 << 20  # of what is to be marked, in memory
_PUT_OFF_MS = 1_000

NO_PAST = -1.0  # instead of a time
NEVER_OPENED = -2.0

# Objects that were made at the same time are not to be marked at the same time.
_SPREAD = 0.2


class Bookmarking:
    """How the past is kept: the same for all objects of a shard."""

    def __init__(
        self,
        retention_days: float = RETENTION_DAYS,
        now_ms: Callable[[], float] = now_ms,
    ) -> None:
        """No past is kept for 0 days."""
        self.retention_days = retention_days
        self.now_ms = now_ms
        self.waiting_bytes = 0  # of snapshots that threads are to read

    def history(self, database: "Database") -> History:
        """The past of an object."""
        return History(database.path, self.now_ms, self.retention_days)

    def open_past(self, database: "Database") -> None:
        """See when an object is to be marked next, and whether it is to go back before that.

        Once, before it is opened: a connection that was closed to save memory goes on where it was.
        NO_PAST where no mark tells. Raises OSError.
        """
        if database.mark_due_ms != NEVER_OPENED:
            return
        marked_ms = newest_ms(database.folder.file(database.object_id + SUFFIX))
        if marked_ms is None:
            database.mark_due_ms = NO_PAST
            return
        path = database.path
        if going_back.request_path(path).exists():
            changed = changed_ms(path) or 0.0
            history = self.history(database)
            database.going_back = GoingBack(
                history, database.folder, changed, self.now_ms, database.unsettled
            )
        database.mark_due_ms = self._after(database, marked_ms)

    def came_back(self, database: "Database", opened: "Session | None") -> None:
        """What was put in an object's place is about to be used. Raises OSError, with it closed."""
        assert database.going_back, "it went"
        try:
            if opened:
                database.alarm.came_back(opened, database.name)
            database.going_back.finish()
        except OSError:
            if opened:
                opened.close(checkpoint=False)
            raise
        database.going_back = None
        database.mark_due_ms = self.next_ms(database)

    def next_ms(self, database: "Database") -> float:
        """When an object that is marked now, or made, is to be marked next."""
        return self._after(database, self.now_ms())

    def mark_if_due(self, database: "Database") -> None:
        """A transaction has begun, and has written nothing: mark what there is, if it is due."""
        if database.mark_due_ms == NO_PAST:
            database.mark_due_ms = self._first_ms(database)
            if self.now_ms() < database.mark_due_ms:
                return
        database.keep_past().before_write()

    def _first_ms(self, database: "Database") -> float:
        session = database.session
        assert session, "what is about to be written to is open"
        born_ms = _born_ms(session)
        return self._after(database, -math.inf if born_ms is None else born_ms)

    def _after(self, database: "Database", time_ms: float) -> float:
        if not self.retention_days or not database.use_sqlite:
            return math.inf
        now_ms = self.now_ms()
        database.due_from_ms = now_ms - AHEAD_MS
        share = int.from_bytes(database.object_id[-2:].encode(), "big") % 256 / 256
        return min(time_ms, now_ms) + INTERVAL_MS * (1 - _SPREAD * share)


class Bookmarks:
    """The bookmarks of one object. On the loop's thread only."""

    def __init__(self, database: "Database", shard: "Shard") -> None:
        self._database = database
        self._shard = shard
        self._history = shard.bookmarking.history(database)
        self._tasks: deque[_Task] = deque()  # the first of them is a thread's
        self.restores = False  # the next opening goes back

    @property
    def is_busy(self) -> bool:
        """True while a thread reads the file, or is to."""
        return bool(self._tasks)

    @property
    def has_past(self) -> bool:
        """False for an object that holds nothing, and never did, as far as is known."""
        return self._history.exists or self._database.look() is not None

    # ---- what scripts ask for ----------------------------------------------------------

    def current(self) -> "asyncio.Future[str]":
        """Mark what is committed now; the bookmark. Raises StorageError."""
        self._require_past()
        return self._mark_now(asked=True)

    def at(self, time_ms: float) -> "asyncio.Future[str]":
        """The bookmark that comes closest to a time. Raises StorageError."""
        self._require_past()
        if time_ms >= self._changed_ms or not self._history.exists:
            self._mark_now(asked=False).add_done_callback(_warn)
        return self._run(partial(self._history.at, time_ms))

    def restore_at_next_opening(self, bookmark: str) -> "asyncio.Future[str]":
        """Have the next owner find the object as it was; a bookmark to undo that with."""
        self._require_past()
        folder = self._database.folder
        noted = self._run(partial(going_back.ask, self._history, bookmark, folder))
        noted.add_done_callback(self._restore_noted)
        return noted

    def _restore_noted(self, noted: "asyncio.Future[str]") -> None:
        if not noted.cancelled() and noted.exception() is None:
            self.restores = True

    def copy_to(self, target: Path) -> "asyncio.Future[str]":
        """Write what is committed now to a file that is not there yet. Raises StorageError.

        Raises FileNotFoundError where the object holds nothing, CutOff if it is closed meanwhile.
        """
        snapshot = snapshot_of(self._database, self._shard)
        if snapshot is None:
            raise FileNotFoundError("The object holds nothing.")

        def copy() -> str:
            snapshot.copy_to(target)
            settle(target)
            return str(target)

        return self._run(copy, snapshot)

    def _require_past(self) -> None:
        if not self._shard.bookmarking.retention_days:
            raise BookmarkInvalid("Point-in-time recovery is switched off: --history-days is 0.")

    # ---- marks that are made by themselves ---------------------------------------------

    def before_write(self) -> None:
        """Mark what is committed, since it is about to change; nothing is written yet.

        Never raises. Where threads have too much to do it is put off, to a write after this one.
        """
        bookmarking, database = self._shard.bookmarking, self._database
        session = database.session
        assert session, "what is about to be written to is open"
        try:
            snapshot = self._snapshot_for_long(session)
            if bookmarking.waiting_bytes + snapshot.held_bytes > MAX_WAITING_BYTES:
                snapshot.close()
                log.warning("no mark is made of %s: too many wait", database.path)
                database.mark_due_ms = bookmarking.now_ms() + _PUT_OFF_MS
                return
            self._mark(session, snapshot, asked=False).add_done_callback(_warn)
        except (StorageError, apsw.Error, OSError) as error:
            log.warning("no mark could be made of %s: %s", database.path, error)

    async def before_replacing(self) -> None:
        """Mark what is committed, since another database is to take its place."""
        with contextlib.suppress(StorageError):
            marking = self._mark_now(asked=False)
            marking.add_done_callback(_warn)
            await marking

    def _mark_now(self, *, asked: bool) -> "asyncio.Future[str]":
        snapshot = snapshot_of(self._database, self._shard)
        return self._mark(self._database.look(), snapshot, asked=asked)

    def _mark(
        self, session: "Session | Newborn | None", snapshot: Snapshot | None, *, asked: bool
    ) -> "asyncio.Future[str]":
        bookmarking, database = self._shard.bookmarking, self._database
        now_ms = bookmarking.now_ms()
        mark = partial(
            self._history.mark,
            snapshot,
            asked=asked,
            since_ms=self._changed_ms,
            now_ms=now_ms,
            born_ms=None if session is None or self._history.exists else _born_ms(session),
        )
        database.mark_due_ms = bookmarking.next_ms(database)

        def work() -> str:
            database.folder.sweep(is_unfinished)
            started = time.monotonic()
            bookmark = mark()
            took_ms = (time.monotonic() - started) * 1000
            # A number is replaced in one step, whoever reads it. A test may have moved the clock.
            database.mark_due_ms = max(database.mark_due_ms, now_ms + DUTY * took_ms)
            return bookmark

        return self._run(work, snapshot)

    @property
    def _changed_ms(self) -> float:
        """When the database was committed to last, as far as that is known."""
        if self._database.changed_ms is not None:
            return self._database.changed_ms
        return changed_ms(self._database.path) or 0.0

    # ---- threads -----------------------------------------------------------------------

    def _snapshot_for_long(self, session: "Session | Newborn") -> Snapshot:
        """What is committed now, without a connection of its own if that is little."""
        if isinstance(session, Newborn):
            return Snapshot(session.image)
        pages = int(session.cursor.execute("PRAGMA page_count").get or 0)
        if pages * PAGE_BYTES <= LARGE_BYTES:
            return Snapshot(session.connection.serialize("main"))
        return Snapshot.of(self._database.path)

    def _run(
        self, work: Callable[[], str], snapshot: Snapshot | None = None
    ) -> "asyncio.Future[str]":
        found: list[str] = []
        if snapshot:
            self._shard.bookmarking.waiting_bytes += snapshot.held_bytes
        task = _Task(
            Job(lambda: found.append(work())), found, snapshot, self._shard.loop.create_future()
        )
        self._tasks.append(task)
        if len(self._tasks) == 1:
            self._start(task)
        return task.result

    def _start(self, task: "_Task") -> None:
        self._shard.workers.submit(task.job.run, partial(self._ended, task))

    def _ended(self, task: "_Task", error: BaseException | None) -> None:
        if not self._tasks or self._tasks[0] is not task:
            return  # `stop` has ended it
        self._tasks.popleft()
        self._settle(task, error)
        if self._tasks:
            self._start(self._tasks[0])
        else:
            self._shard.lifecycle.when_settled(self._database)

    def _settle(self, task: "_Task", error: BaseException | None) -> None:
        if task.snapshot:
            task.snapshot.close()
            self._shard.bookmarking.waiting_bytes -= task.snapshot.held_bytes
        if task.result.done():
            return
        if error is None and task.found:
            task.result.set_result(task.found[0])
        elif isinstance(error, StorageError):
            task.result.set_exception(error)
        else:
            reason = error or "the object was closed"
            kind = StorageError if error else CutOff
            failure = kind(f"The past of this Durable Object cannot be kept: {reason}")
            failure.__cause__ = error
            task.result.set_exception(failure)

    def stop(self) -> None:
        """Let no thread read the file any more. May block."""
        tasks, self._tasks = self._tasks, deque()
        for task in tasks:
            if not task.job.cancel():
                task.job.wait()
            self._settle(task, None)


def _born_ms(session: "Session | Newborn") -> float | None:
    return session.born_ms if isinstance(session, Newborn) else read_birth_ms(session.cursor)


def snapshot_of(database: "Database", shard: "Shard") -> Snapshot | None:
    """What an object has committed now; None where that is nothing.

    Raises StorageError, also where SQLite cannot be told of all that, as on a full disk: whoever
    wants a copy is to do without, and the object goes on.
    """
    session = database.look()
    if session and session.recent and not settle_if_possible(database, shard):
        raise StorageError(f"{database.path} cannot be copied before its disk has room.")
    try:
        if isinstance(session, Newborn):
            return Snapshot(session.image) if session.image else None
        return Snapshot.of(database.path) if session else None
    except apsw.Error as error:
        raise StorageError(f"The database cannot be read: {error}") from error


@dataclass(slots=True, eq=False)
class _Task:
    """Something for a thread to do."""

    job: Job
    found: list[str]
    snapshot: Snapshot | None
    result: "asyncio.Future[str]"


def _warn(done: "asyncio.Future[str]") -> None:
    if not done.cancelled() and (error := done.exception()):
        log.warning("a mark could not be made: %s", error)
