"""Waiting for a call, and the jumps of time while it waits for nothing but timers.

The loop is *quiet* when several rounds of it have done nothing in any isolate, and nothing that
is known to take real time is under way. What is known: Python code that answers a script, requests
to the real network (`outside`), and ops in threads. Other ops (a body that is read) may take real
time or wait for a timer, and nobody can tell which; they get a moment (`GRACE_S`), and when nothing
has come of them by then, they count as waiting.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from holdfast.host.ops import ThreadWork
from holdfast.testing.clock import VirtualClock
from holdfast.testing.errors import CallTimedOut, hidden_from_tracebacks
from holdfast.testing.loop import LoopView

__tracebackhide__ = hidden_from_tracebacks

T = TypeVar("T")

QUIET_ROUNDS = 8
GRACE_S = 0.02
POLL_S = 0.001

_SLOW = (
    "Look for a promise that nothing settles. Real work that takes longer needs a longer limit: "
    "the ini option holdfast_timeout, or Harness(timeout=…)."
)
_OVER = (
    "No timer is set and no work is under way: look for a promise that nothing settles, and at "
    "what the script has logged."
)

# Set in calls that were started and are not waited for: time is not theirs to move.
in_background: ContextVar[bool] = ContextVar("in_background", default=False)
# Set in Python code that answers a script, which is outside work until it waits for one.
_answering: ContextVar[bool] = ContextVar("answering", default=False)


def _look_away(future: "asyncio.Future[Any]") -> None:
    """Take note of an error that nobody waits for any more, or asyncio complains."""
    if not future.cancelled():
        future.exception()


class Waiting:
    """Who waits in one harness, and for how long."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        limit_s: float,
        alone: bool,
        under_way: Callable[[], set[asyncio.Task[Any]]],
    ) -> None:
        """`alone`: nobody but the harness runs in this loop. `under_way`: the ops' tasks."""
        self._clock = clock
        self.limit_s = limit_s
        self._alone = alone
        self._under_way = under_way
        self._stuck: set[asyncio.Task[Any]] = set()
        self._outside = 0
        self.view: LoopView

    @contextmanager
    def outside(self) -> Iterator[None]:
        """What is done inside takes real time."""
        self._outside += 1
        token = _answering.set(True)
        try:
            yield
        finally:
            _answering.reset(token)
            self._outside -= 1

    @property
    def _is_busy(self) -> bool:
        """True while something is under way that surely takes real time."""
        return bool(self._outside or ThreadWork.under_way)

    async def wait(self, future: "asyncio.Future[T]", what: str) -> T:
        """The result of a future. Raises CallTimedOut past the time limit."""
        if in_background.get():
            return await future
        answering = _answering.get()
        self._outside -= answering
        self._clock.touched()
        try:
            await self._reach(future, what)
        except BaseException:
            future.add_done_callback(_look_away)
            raise
        finally:
            self._outside += answering
        return future.result()

    async def _reach(self, future: "asyncio.Future[Any]", what: str) -> None:
        deadline = self.deadline()
        nothing_since: float | None = None
        while not future.done():
            await self.quiet(until=future, deadline=deadline)
            if future.done():
                return
            now = time.monotonic()
            if now >= deadline:
                raise self._timed_out(f"Nothing came of {what} within {self.limit_s:g} s.", _SLOW)
            due = None if self._clock.frozen else self._clock.next_due_ms()
            if due is not None:
                nothing_since = None
                self._clock.fire_at(due)
                continue
            nothing_since = nothing_since or now
            idle = not (self._is_busy or self._under_way())
            if self._alone and idle and now - nothing_since > GRACE_S:
                raise self._timed_out(f"Nothing came of {what}, and nothing more can.", _OVER)
            await asyncio.sleep(POLL_S)

    def deadline(self) -> float:
        """When something that begins now has taken too long."""
        return time.monotonic() + self.limit_s

    def is_past(self, deadline: float) -> bool:
        """Whether it is later than that."""
        return time.monotonic() >= deadline

    def _timed_out(self, what: str, hint: str) -> CallTimedOut:
        if self._clock.frozen and self._clock.timers:
            hint = (
                f"The clock is frozen, and {self._clock.timers} timers wait for it:"
                " move it with holdfast.clock.advance(seconds), or unfreeze() it."
            )
        return CallTimedOut(f"{what} {hint}")

    async def quiet(
        self, *, until: "asyncio.Future[Any] | None" = None, deadline: float | None = None
    ) -> None:
        """Return when nothing happens any more at this point of time, or `until` is done."""
        view = self.view
        deadline = deadline or self.deadline()
        rounds, seen, patience = 0, view.activity, 0.0
        while until is None or not until.done():
            await asyncio.sleep(0)
            if view.activity != seen:
                rounds, seen, patience = 0, view.activity, 0.0
                if time.monotonic() > deadline:
                    return
                continue
            rounds += 1
            if rounds < QUIET_ROUNDS:
                continue
            now = time.monotonic()
            fresh = self._under_way() - self._stuck
            if not (fresh or self._is_busy) or now > deadline:
                return
            patience = patience or now + GRACE_S
            if now > patience and not self._is_busy:
                self._stuck = self._under_way()
                return
            await asyncio.sleep(POLL_S)

    async def advance(self, seconds: float) -> None:
        """Move the clock, and call what is due on the way, in order."""
        clock = self._clock
        target = clock.elapsed_ms + seconds * 1000
        clock.touched()
        await self.quiet()
        while (due := clock.next_due_ms(jumps=False)) is not None and due <= target:
            clock.fire_at(due)
            await self.quiet()
        clock.elapsed_ms = target
        await self.quiet()
