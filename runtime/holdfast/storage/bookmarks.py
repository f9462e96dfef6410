"""Bookmarks of one object that is in use: marks are made on threads, one at a time.

What a mark holds is settled when it is asked for, on the loop: a second connection, which
nobody else uses, begins to read then and keeps seeing that. See history.py.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.errors import StorageError
from holdfast.storage.history import INTERVAL_MS, RETENTION_DAYS, History, Snapshot
from holdfast.storage.newborn import Newborn
from holdfast.storage.template import settle
from holdfast.storage.workers import Job

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.shard import Shard

log = logging.getLogger("holdfast.storage")


class Bookmarking:
    """How the past is kept: the same for all objects of a shard."""

    def __init__(
        self,
        retention_days: float = RETENTION_DAYS,
        now_ms: Callable[[], float] = lambda: time.time() * 1000,
    ) -> None:
        self.retention_days = retention_days
        self.now_ms = now_ms

    def history(self, database: "Database") -> History:
        """The past of an object."""
        return History(database.path, self.now_ms, self.retention_days)


class Bookmarks:
    """The bookmarks of one object. On the loop's thread only."""

    def __init__(self, database: "Database", shard: "Shard") -> None:
        self._database = database
        self._shard = shard
        self._history = shard.bookmarking.history(database)
        self._tasks: deque[_Task] = deque()  # the first of them is a thread's
        self._marked = -1  # the newest round that a mark has
        self._next_ms = 0.0
        self.restores = False  # the next opening goes back

    @property
    def is_busy(self) -> bool:
        """True while a thread reads the file, or is to."""
        return bool(self._tasks)

    # ---- what scripts ask for ----------------------------------------------------------

    def current(self) -> "asyncio.Future[str]":
        """Mark what is committed now; the bookmark. Raises StorageError."""
        return self._mark(asked=True)

    def at(self, time_ms: float) -> "asyncio.Future[str]":
        """The bookmark that comes closest to a time. Raises StorageError."""
        if not self._history.exists:
            self._mark(asked=False).add_done_callback(_warn)
        return self._run(partial(self._history.at, time_ms))

    def restore_at_next_opening(self, bookmark: str) -> "asyncio.Future[str]":
        """Have the next owner find the object as it was; a bookmark to undo that with."""
        noted = self._run(partial(self._history.restore_at_next_opening, bookmark))
        noted.add_done_callback(self._restore_noted)
        return noted

    def _restore_noted(self, noted: "asyncio.Future[str]") -> None:
        if not noted.cancelled() and noted.exception() is None:
            self.restores = True

    def copy_to(self, target: Path) -> "asyncio.Future[str]":
        """Write what is committed now to a file that is not there yet. Raises StorageError.

        Raises FileNotFoundError where the object holds nothing.
        """
        snapshot = snapshot_of(self._database)
        if snapshot is None:
            raise FileNotFoundError("The object holds nothing.")

        def copy() -> str:
            snapshot.copy_to(target)
            settle(target)
            return str(target)

        return self._run(copy, snapshot)

    # ---- marks that are made by themselves ---------------------------------------------

    def after_commit(self) -> None:
        """A round has started; make a mark, if the last one is long ago."""
        if self._shard.bookmarking.now_ms() >= self._next_ms and self._history.exists:
            self._mark_quietly()

    def mark_before_closing(self) -> bool:
        """Begin to mark what has changed since the last mark; False if nothing has."""
        if self._marked == self._database.rounds.written or not self._history.exists:
            return False
        self._mark_quietly()
        return self.is_busy

    def _mark_quietly(self) -> None:
        try:
            self._mark(asked=False).add_done_callback(_warn)
        except StorageError as error:
            log.warning("no mark could be made of %s: %s", self._database.path, error)

    # ---- threads -----------------------------------------------------------------------

    def _mark(self, *, asked: bool) -> "asyncio.Future[str]":
        snapshot = snapshot_of(self._database)
        self._marked = self._database.rounds.written
        now = self._shard.bookmarking.now_ms()
        self._next_ms = now + INTERVAL_MS
        return self._run(partial(self._history.mark, snapshot, asked=asked, time_ms=now), snapshot)

    def _run(
        self, work: Callable[[], str], snapshot: Snapshot | None = None
    ) -> "asyncio.Future[str]":
        found: list[str] = []
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
        if task.result.done():
            return
        if error is None and task.found:
            task.result.set_result(task.found[0])
        elif isinstance(error, StorageError):
            task.result.set_exception(error)
        else:
            reason = error or "the object was closed"
            failure = StorageError(f"The past of this Durable Object cannot be kept: {reason}")
            failure.__cause__ = error
            task.result.set_exception(failure)

    def stop(self) -> None:
        """Let no thread read the file any more. May block."""
        tasks, self._tasks = self._tasks, deque()
        for task in tasks:
            if not task.job.cancel():
                task.job.wait()
            self._settle(task, None)


def snapshot_of(database: "Database") -> Snapshot | None:
    """What an object has committed now; None where that is nothing. Raises StorageError."""
    session = database.reach()
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
