"""Runs scripts' `scheduled` handlers, and creates instances of Workflows, by cron triggers.

One timer for all of them: for the trigger that is due next. What was due while the server was
down, or while the machine slept, is left out, as at Cloudflare. A process that takes the place of
another one goes on where that has stopped: a trigger is skipped or run twice by nobody's death.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from holdfast.catalog import Namespace, ScriptNotFound
from holdfast.catalog.cron import Cron
from holdfast.catalog.namespace import Trigger
from holdfast.host.context import Clock, Tell
from holdfast.host.timers import CallLater
from holdfast.workers import NotCompiled, WorkerError

if TYPE_CHECKING:
    from holdfast.workers.gradual import AnyWorker

log = logging.getLogger("holdfast.schedules")

LATE_SECONDS = 60.0
MAX_WAIT_SECONDS = 3600.0  # clocks are set, and machines sleep

Triggers = Iterable[tuple[str, str] | Trigger]
Begin = Callable[[Namespace, str, float], Awaitable[None]]


class CronScheduler:
    """Tells Workers of the time."""

    def __init__(
        self,
        worker_of: "Callable[[str], AnyWorker]",
        clock: Clock,
        call_later: CallLater,
        tell: Tell,
        begin: Begin | None = None,
    ) -> None:
        """`worker_of` finds, or loads, a script's Worker; it may raise NotCompiled.

        `begin(workflow, cron, ms)` creates an instance; it raises WorkerError or ScriptNotFound.
        """
        self._worker_of = worker_of
        self._begin = begin
        self._clock = clock
        self._call_later = call_later
        self._tell = tell
        self._due: list[tuple[float, int, Trigger, Cron]] = []  # a heap; seconds since the epoch
        self._pushed = count()  # tells what is due at the same time apart
        self._timer: asyncio.TimerHandle | None = None
        self._creating: set[asyncio.Future[None]] = set()
        # Until when triggers were run, in seconds since the epoch, which outlives the process if
        # that is replaced; 0 in the first one.
        self.seen: MutableSequence[float] | memoryview[float] = [0.0]
        self._is_new = True

    def set(self, triggers: Triggers) -> None:
        """These are all triggers from now on; the crons are valid ones.

        Those that were there before are due when they were.
        """
        after = now = self._now()
        if self._is_new and self.seen[0]:  # another process had them
            after = min(max(self.seen[0], now - LATE_SECONDS), now)
        self._is_new = False
        before = {_key(trigger): (due, number, cron) for due, number, trigger, cron in self._due}
        self._due = []
        for trigger in dict.fromkeys(Trigger(*given) for given in triggers):
            if (kept := before.get(_key(trigger))) is not None:
                due, number, cron = kept
                heapq.heappush(self._due, (due, number, trigger, cron))
            else:
                self._push(trigger, Cron(trigger.cron), after)
        self._wait()

    def clock_was_set(self) -> None:
        """What is due next is to be found anew, from the time that it is now."""
        triggers = [trigger for _, _, trigger, _ in self._due]
        self._due = []
        self.set(triggers)

    def clock_stepped(self, seconds: float) -> None:
        """The clock has gone ahead, or back, by so much; where it is little, nothing runs twice."""
        if seconds < -LATE_SECONDS:
            self.clock_was_set()
        else:
            self.run_due()

    def close(self) -> None:
        """Run nothing more."""
        self._due = []
        if self._timer is not None:
            self._timer.cancel()

    def _now(self) -> float:
        return self._clock.now_ms() / 1000

    def _push(self, trigger: Trigger, cron: Cron, after: float) -> None:
        following = cron.next_after(datetime.fromtimestamp(after, UTC))
        if following is not None:
            heapq.heappush(self._due, (following.timestamp(), next(self._pushed), trigger, cron))

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        if not self._due or self._due[0][0] > now:
            self.seen[0] = now
        if self._due:
            delay = min(max(self._due[0][0] - now, 0), MAX_WAIT_SECONDS)
            self._timer = self._call_later(delay, self.run_due)

    def run_due(self) -> None:
        """Run what is due by the clock; called by the timer."""
        now = self._now()
        while self._due and self._due[0][0] <= now:
            due, _, trigger, cron = heapq.heappop(self._due)
            self._push(trigger, cron, max(due, now - LATE_SECONDS))
            if due < now - LATE_SECONDS:
                continue
            if trigger.workflow is None:
                self._run(trigger.script, trigger.cron, due * 1000)
            else:
                self._create(trigger.workflow, trigger.cron, due * 1000)
        self._wait()

    def _run(self, script: str, cron: str, scheduled_ms: float) -> None:
        try:
            answer = self._worker_of(script).scheduled(cron, scheduled_ms)
        except NotCompiled as late:
            late.done.add_done_callback(lambda _: self._run(script, cron, scheduled_ms))
            return
        except (WorkerError, ScriptNotFound) as error:
            text = "the trigger %r of %s did not run: %s"
            log.error(text, cron, script, error, extra={"script": script})
            return
        answer.add_done_callback(lambda done: self._ended(script, cron, done))

    def _create(self, workflow: Namespace, cron: str, scheduled_ms: float) -> None:
        assert self._begin is not None, "who has triggers of Workflows says how they begin"
        task = asyncio.ensure_future(self._begin(workflow, cron, scheduled_ms))
        self._creating.add(task)
        task.add_done_callback(self._creating.discard)
        script, name = workflow.script, workflow.name
        task.add_done_callback(lambda done: self._ended(script, f"{cron} of {name}", done))

    def _ended(self, script: str, cron: str, done: "asyncio.Future[Any]") -> None:
        error = done.exception()
        if error is None:
            log.info("the trigger %r of %s ran", cron, script, extra={"script": script})
        else:
            self._tell(script, "error", f"Uncaught (in the trigger {cron}) {error}")


def _key(trigger: Trigger) -> tuple[str, str, str]:
    """What it is the same trigger by, whatever became of its Workflow otherwise."""
    script, cron, workflow = trigger
    return script, cron, "" if workflow is None else workflow.unique_key
