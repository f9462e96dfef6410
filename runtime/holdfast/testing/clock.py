"""Time that stands still until a test, or the wait for a timer, moves it."""

import heapq
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from holdfast.testing.errors import HarnessError, hidden_from_tracebacks

__tracebackhide__ = hidden_from_tracebacks

# What repeats for ever, such as the look for idle objects, is run so often in a row and no
# more: by then it has done what it can.
MAX_BACKGROUND = 20


class ScheduledCall:
    """A callback that is to be called (as asyncio.TimerHandle)."""

    __slots__ = ("_arguments", "_callback", "background", "due_ms", "endless")

    def __init__(
        self,
        due_ms: float,
        callback: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        background: bool,
        endless: bool,
    ) -> None:
        self.due_ms = due_ms
        self.background = background
        self.endless = endless
        self._callback: Callable[..., Any] | None = callback
        self._arguments = arguments

    def cancel(self) -> None:
        """Do not call."""
        self._callback = None

    def cancelled(self) -> bool:
        """True if it will not be called any more."""
        return self._callback is None

    def fire(self) -> None:
        """Call."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback(*self._arguments)


def seconds_of(moment: datetime) -> float:
    """Seconds since the Unix epoch. Raises HarnessError where that is each machine's own matter."""
    if moment.tzinfo is None:
        raise HarnessError(f"{moment!r} names no moment without a time zone, such as tzinfo=UTC.")
    return moment.timestamp()


class VirtualClock:
    """The clock of a harness (host.context.Clock), with what is to be called and when.

    Where a call waits for nothing but timers, time jumps to the next of them, unless it is
    frozen; `freeze` and `unfreeze` say so, and `move(seconds)`, of the harness's clock, moves it.
    """

    def __init__(self, now: datetime | float | None = None) -> None:
        start = seconds_of(now) if isinstance(now, datetime) else now
        self._origin_ms = float(int((time.time() if start is None else start) * 1000))
        self.elapsed_ms = 0.0
        self.frozen = False
        self._heap: list[tuple[float, int, ScheduledCall]] = []
        self._count = 0
        self._background_in_a_row = 0

    # ---- what runtimes ask ---------------------------------------------------------

    def now_ms(self) -> float:
        """Milliseconds since the Unix epoch."""
        return self._origin_ms + self.elapsed_ms

    def monotonic_ms(self) -> float:
        """Milliseconds since the harness has begun."""
        return self.elapsed_ms

    def call_later(
        self,
        delay: float,
        callback: Callable[..., Any],
        *arguments: Any,
        background: bool = False,
        endless: bool = False,
    ) -> ScheduledCall:
        """Call back in `delay` seconds.

        What is in the background repeats for ever, and so does what is endless, each time to some
        effect: nobody jumps there for its own sake.
        """
        due_ms = self.elapsed_ms + max(delay, 0.0) * 1000
        call = ScheduledCall(due_ms, callback, arguments, background=background, endless=endless)
        self._count += 1
        heapq.heappush(self._heap, (due_ms, self._count, call))
        return call

    # ---- moving --------------------------------------------------------------------

    def set_ms(self, now_ms: float) -> None:
        """Put the calendar to another time; timers are not concerned."""
        self._origin_ms = now_ms - self.elapsed_ms

    def next_due_ms(self, *, jumps: bool = True) -> float | None:
        """When the next call is due; None if there is none that could change anything.

        Where time `jumps`, what is endless is no reason to; it is called on the way to others.
        """
        self._drop_cancelled()
        if not self._heap:
            return None
        due_ms, _, call = self._heap[0]
        is_idle = self._background_in_a_row >= MAX_BACKGROUND
        if not (call.endless and jumps) and not (call.background and is_idle):
            return due_ms
        waiting = [c for _, _, c in self._heap if not c.cancelled()]
        if jumps and all(c.endless or (c.background and is_idle) for c in waiting):
            return None
        return min((c.due_ms for c in waiting if not (c.background and is_idle)), default=None)

    def fire_at(self, due_ms: float) -> None:
        """Go to this time and call what is due, in order."""
        self.elapsed_ms = max(self.elapsed_ms, due_ms)
        last = self._count
        waiting = []
        while self._heap and self._heap[0][0] <= self.elapsed_ms:
            entry = heapq.heappop(self._heap)
            if entry[1] > last:
                waiting.append(entry)  # begun by one of these calls: for the next time
            elif not entry[2].cancelled():
                self._count_background(entry[2])
                entry[2].fire()
        for entry in waiting:
            heapq.heappush(self._heap, entry)

    def _count_background(self, call: ScheduledCall) -> None:
        self._background_in_a_row = self._background_in_a_row + 1 if call.background else 0

    def touched(self) -> None:
        """Something happens: what is in the background has reason to look again."""
        self._background_in_a_row = 0

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].cancelled():
            heapq.heappop(self._heap)

    @property
    def timers(self) -> int:
        """How many calls are to come, those left out that repeat for ever."""
        calls = (c for _, _, c in self._heap if not c.cancelled())
        return sum(not c.background and not c.endless for c in calls)
