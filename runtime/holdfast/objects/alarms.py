"""The scheduler of alarms: one timer, however many alarms are armed.

The lists on the disk (storage/alarms.py) give the alarms that come first; in memory are only
those that run and those that have failed. An alarm runs at least once: it leaves the list when
its object's database, and that alone, tells no alarm any more.

Retries. An alarm that fails is called for again after 2, 4, 8, … seconds, and up to a quarter
more, by chance. What its script is to blame for counts; after `MAX_COUNTED_RETRIES` of
these the alarm is given up. A failure that counts after ones that did not begins at 2 seconds
again. https://developers.cloudflare.com/durable-objects/api/alarms/

Invariants: an object has one alarm running at most, a namespace MAX_RUNNING, and of these
MAX_BEGINNING that began within SLOW_MS: slow ones wait for something, and hold up nobody. An alarm
that was changed while it ran, or while it waited to be retried, begins anew.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import field
from enum import Enum
from itertools import islice
from typing import NamedTuple, Protocol

from holdfast.catalog.namespace import Namespace
from holdfast.dataclass import dataclass
from holdfast.host.context import Clock
from holdfast.host.timers import MAX_SLEEP_MS, CallLater
from holdfast.storage import StorageError
from holdfast.storage.alarms import AlarmList, Armed

log = logging.getLogger("holdfast.alarms")

RETRY_START_S = 2
RETRY_JITTER = 0.25
MAX_BACKOFF = 9  # doublings
MAX_COUNTED_RETRIES = 6
MAX_BEGINNING = 128  # of a namespace, at a time
MAX_RUNNING = 2_048
SLOW_MS = 1_000
ALARMS_PER_LOOK = 16  # that are read from the list at a time
UNREADABLE_MS = 30_000  # until a list that cannot be read, or told, is tried again


class Outcome(Enum):
    """How a run of an alarm ended."""

    DONE = "done"
    MOVED = "moved"  # the object's database tells another time, or none
    FAILED = "failed"
    ABANDONED = "abandoned"  # it failed, and is not to be tried again


class Due(NamedTuple):
    """An alarm that is to run now."""

    namespace: Namespace
    object_id: str
    name: str | None
    scheduled_ms: int
    listed_ms: int  # later than the former for a retry
    retry_count: int

    @property
    def about(self) -> dict[str, str]:
        """What the log notes of the object beside a message."""
        return {"script": self.namespace.script, "object": self.object_id}


class Runner(Protocol):
    """Runs alarms, and gives them up, in their objects."""

    def run(self, due: Due) -> None:
        """Wake the object; `AlarmScheduler.ended` hears of it, now or later."""

    def abandon(self, due: Due) -> None:
        """Have the object's database tell this alarm no more."""


@dataclass(slots=True)
class _Attempts:
    """An alarm that runs or has failed."""

    scheduled_ms: int
    counted: int = 0
    backoff: int = 0
    last_counted: bool = True


@dataclass(slots=True)
class _Watched:
    """A namespace and its list."""

    namespace: Namespace
    list: AlarmList
    running: dict[str, Due] = field(default_factory=dict)
    beginning: dict[str, float] = field(default_factory=dict)  # since when; the oldest first
    replaced: set[str] = field(default_factory=set)  # of those that run
    failed: dict[str, _Attempts] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)  # until when; the list cannot be told

    def room(self, now: float) -> int:
        """How many more may begin."""
        while self.beginning and next(iter(self.beginning.values())) <= now - SLOW_MS:
            del self.beginning[next(iter(self.beginning))]
        return min(MAX_BEGINNING - len(self.beginning), MAX_RUNNING - len(self.running))


class AlarmScheduler:
    """The alarms of one shard. On the loop's thread only."""

    def __init__(
        self,
        runner: Runner,
        clock: Clock,
        call_later: CallLater,
        random: Callable[[], float],
    ) -> None:
        """`random` gives numbers from 0 to 1, 1 excluded."""
        self._runner = runner
        self._now = clock.now_ms
        self._call_later = call_later
        self._random = random
        self._watched: dict[str, _Watched] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._looking = False
        self._closed = False

    @property
    def running(self) -> int:
        """How many alarms run now."""
        return sum(len(watched.running) for watched in self._watched.values())

    def watch(self, namespace: Namespace, alarms: AlarmList) -> None:
        """Schedule the alarms of a namespace; again, if its class or its script has changed."""
        watched = self._watched.get(namespace.unique_key)
        if watched is None:
            self._watched[namespace.unique_key] = watched = _Watched(namespace, alarms)
            self._look_by(0.0)
        watched.namespace = namespace

    @property
    def namespaces(self) -> list[Namespace]:
        """Those that are watched."""
        return [watched.namespace for watched in self._watched.values()]

    def namespace(self, unique_key: str) -> Namespace | None:
        """A namespace as it was last told of; None if it is not watched."""
        watched = self._watched.get(unique_key)
        return None if watched is None else watched.namespace

    def unwatch(self, unique_key: str) -> None:
        """The namespace was deleted. Alarms that run are not waited for."""
        self._watched.pop(unique_key, None)

    def changed(self, unique_key: str, object_id: str) -> None:
        """An object's alarm is another one, or may be."""
        watched = self._watched.get(unique_key)
        if watched is None:
            return
        try:
            time_ms = watched.list.get(object_id)
        except StorageError as error:
            log.error("%s", error)
            time_ms = int(self._now()) + RETRY_START_S * 1000
        running = watched.running.get(object_id)
        if running:
            if time_ms != running.listed_ms:
                watched.replaced.add(object_id)
            return
        watched.failed.pop(object_id, None)
        watched.held.pop(object_id, None)
        if time_ms is not None:
            self._look_by(float(time_ms))

    def clock_stepped(self) -> None:
        """The clock was set, or the machine slept: what is due is due by the clock."""
        self._look_by(0.0)

    def close(self) -> None:
        """Run no more alarms."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ---- looking -------------------------------------------------------------------

    def _look_by(self, time_ms: float) -> None:
        """Look at the lists at this time, or before."""
        if self._closed or self._looking:
            return
        if self._timer is not None:
            if self._timer_at <= time_ms:
                return
            self._timer.cancel()
        now = self._now()
        sleep = min(max(time_ms - now, 0.0), MAX_SLEEP_MS)
        self._timer_at = now + sleep
        self._timer = self._call_later(sleep / 1000, self._look)

    def _look(self) -> None:
        self._timer = None
        self._looking = True
        upcoming: list[float] = []
        try:
            for watched in [*self._watched.values()]:
                upcoming += self._run_due(watched)
        finally:
            self._looking = False
        if upcoming:
            self._look_by(min(upcoming))

    def _run_due(self, watched: _Watched) -> list[float]:
        """Run what is due in a namespace; when to look at it again, if ever."""
        while (room := watched.room(self._now())) > 0:
            running = len(watched.running)
            try:
                first = watched.list.first(running + len(watched.held) + ALARMS_PER_LOOK)
            except StorageError as error:
                log.error("%s", error)
                return [self._now() + UNREADABLE_MS]
            waiting = [armed for armed in first if armed.object_id not in watched.running]
            now = self._now()
            times = [max(float(a.time_ms), watched.held.get(a.object_id, 0.0)) for a in waiting]
            due = [armed for armed, at in zip(waiting, times, strict=True) if at <= now]
            if not due:
                return [min(times)] if times else []
            for armed in due[:room]:
                self._run(watched, armed)
        # Or whichever ends before.
        return [began + SLOW_MS for began in islice(watched.beginning.values(), 1)]

    def _run(self, watched: _Watched, armed: Armed) -> None:
        object_id = armed.object_id
        attempts = watched.failed.get(object_id)
        scheduled_ms = attempts.scheduled_ms if attempts else armed.time_ms
        due = Due(
            watched.namespace,
            object_id,
            armed.name,
            scheduled_ms,
            armed.time_ms,
            attempts.counted if attempts else 0,
        )
        watched.held.pop(object_id, None)
        watched.running[object_id] = due
        watched.beginning[object_id] = self._now()
        try:
            self._runner.run(due)
        except Exception:  # one that fails in a way nobody foresaw is tried again, too
            log.exception("the alarm of object %s cannot run", object_id, extra=due.about)
            self.ended(due, Outcome.FAILED, counts=False)

    # ---- ends ----------------------------------------------------------------------

    def ended(self, due: Due, outcome: Outcome, *, counts: bool = True) -> None:
        """A run has ended; `counts` tells that the script is to blame for a failure."""
        watched = self._watched.get(due.namespace.unique_key)
        if watched is None or watched.running.get(due.object_id) is not due:
            return
        del watched.running[due.object_id]
        watched.beginning.pop(due.object_id, None)
        replaced = due.object_id in watched.replaced
        watched.replaced.discard(due.object_id)
        try:
            if replaced:
                watched.failed.pop(due.object_id, None)
            elif outcome is Outcome.ABANDONED:
                self._give_up(watched, due)
            else:
                # One that is done and still listed could not be taken from the list.
                self._retry(watched, due, counts=counts and outcome is Outcome.FAILED)
        except StorageError as error:
            log.error("%s", error, extra=due.about)
            watched.held[due.object_id] = self._now() + UNREADABLE_MS
        self._look_by(0.0)

    def _retry(self, watched: _Watched, due: Due, *, counts: bool) -> None:
        attempts = watched.failed.setdefault(due.object_id, _Attempts(due.scheduled_ms))
        if attempts.counted >= MAX_COUNTED_RETRIES:
            self._give_up(watched, due)
            return
        if counts:
            attempts.counted += 1
            if not attempts.last_counted:
                attempts.backoff = 0
        attempts.last_counted = counts
        delay_ms = (RETRY_START_S << min(attempts.backoff, MAX_BACKOFF)) * 1000
        delay_ms += int(self._random() * (RETRY_JITTER * delay_ms + 1))
        watched.list.postpone(due.object_id, int(self._now()) + delay_ms)
        attempts.backoff += 1

    def _give_up(self, watched: _Watched, due: Due) -> None:
        watched.failed.pop(due.object_id, None)
        log.warning("the alarm of object %s was given up", due.object_id, extra=due.about)
        # It leaves the list as soon as that is durable.
        watched.list.postpone(due.object_id, int(self._now()) + RETRY_START_S * 1000)
        self._runner.abandon(due)
