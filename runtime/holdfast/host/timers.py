"""Timers: what an isolate asked to be called for, in order of time.

However many timers an isolate has, the loop holds one handle for it: that of the
timer that is due first.
"""

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Protocol

from holdfast.host.ops import op

if TYPE_CHECKING:
    from holdfast.host.context import Clock, Host

# A loop may refuse to look further ahead than this; the queue looks again then.
MAX_SLEEP_MS = 86_400_000.0
# A heap this small is not worth clearing of timers that were stopped.
MIN_HEAP_TO_CLEAR = 64


class CallLater(Protocol):
    """`loop.call_later`, or what a test puts in its place."""

    def __call__(self, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        """Call back in `delay` seconds."""


class TimerQueue:
    """The active timers of one isolate by number; `fire(number)` is called for each that is due.

    Timers fire in order of the time at which they are due, then of their start, and
    never early by `clock`. One started while others fire waits for the loop's next
    round, so timers cannot keep the loop from other work.
    """

    def __init__(self, clock: "Clock", call_later: CallLater, fire: Callable[[int], None]) -> None:
        self._now = clock.monotonic_ms
        self._call_later = call_later
        self._fire = fire
        self._starts = 0  # orders timers that are due at the same time
        self._active: dict[int, int] = {}  # number → the start it waits for
        self._heap: list[tuple[float, int, int]] = []  # due, start, number; some were stopped
        self._wake: asyncio.TimerHandle | None = None
        self._wake_at = 0.0

    def __len__(self) -> int:
        return len(self._active)

    def start(self, number: int, delay_ms: float) -> None:
        """Have `number` fire in `delay_ms` milliseconds."""
        assert number not in self._active, "a timer that is active is stopped before it starts"
        now = self._now()
        self._starts += 1
        self._active[number] = self._starts
        heappush(self._heap, (now + delay_ms, self._starts, number))
        self._arm(now)

    def stop(self, number: int) -> bool:
        """Take a timer back; False if it is not active."""
        if self._active.pop(number, None) is None:
            return False
        if not self._active:
            # The loop's handle stays: the next timer is likely to be due after it.
            self._heap.clear()
        elif len(self._heap) > max(MIN_HEAP_TO_CLEAR, 2 * len(self._active)):
            self._heap = [entry for entry in self._heap if self._waits(entry)]
            heapify(self._heap)
        return True

    def close(self) -> None:
        """Stop all timers and let go of the loop."""
        self._active.clear()
        self._heap.clear()
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None

    def _waits(self, entry: tuple[float, int, int]) -> bool:
        return self._active.get(entry[2]) == entry[1]

    def _arm(self, now: float) -> None:
        """Have the loop call when the first timer is due, unless it will call by then."""
        due = self._heap[0][0]
        if self._wake is not None:
            if self._wake_at <= due:
                return
            self._wake.cancel()
        sleep = min(max(due - now, 0.0), MAX_SLEEP_MS)
        self._wake_at = now + sleep
        self._wake = self._call_later(sleep / 1000, self._run_due)

    def _run_due(self) -> None:
        self._wake = None
        now, last = self._now(), self._starts
        try:
            # Those that are started meanwhile have a greater start, and so come after.
            while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= last:
                entry = heappop(self._heap)
                if self._waits(entry):
                    del self._active[entry[2]]
                    self._fire(entry[2])
        finally:
            if self._heap:
                self._arm(self._now())


@op
def timer_start(host: "Host", number: int, ms: float) -> None:
    """Have the kernel's `fireTimer(number)` called in `ms` milliseconds."""
    host.timers.start(number, ms)
    host.pending += 1


@op
def timer_stop(host: "Host", number: int) -> None:
    """Take a timer back; one that is not active is left alone."""
    if host.timers.stop(number):
        host.pending -= 1
