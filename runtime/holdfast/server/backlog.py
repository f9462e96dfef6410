"""What waits for its turn, where more comes than the loop deals with."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

# What has begun goes before what has not: so often at least, the loop looks at the rest.
SLICE_SECONDS = 0.01
# A hiccup, or a burst that is dealt with in so long, is no overload.
PATIENCE_SECONDS = 3.0


class Task(Protocol):
    """Something that has come from outside."""

    def __call__(self, *, is_late: bool) -> None:
        """Do it, or refuse it where it is late."""


class Backlog:
    """Requests and calls from outside, in the order in which they came.

    A *round* of the loop deals with what was readable at once. Once that has taken SLICE_SECONDS,
    further tasks wait for the next round, in which they come first; between two rounds the loop
    goes on with what is under way. So the loop is never long away from a response that is ready,
    and it is known of each task how long it has waited.

    A task that has waited for `delay_seconds` is late. It is done all the same, unless there has
    been no end of late ones for PATIENCE_SECONDS. From then until nothing waits, those that are
    late are told so, which takes no time: the others wait so long at most.
    """

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        clock: Callable[[], float],
        delay_seconds: float,
    ) -> None:
        """`call_soon` calls a function when all that was readable has been looked at."""
        self._call_soon = call_soon
        self._clock = clock
        self._delay = delay_seconds
        self._waiting: deque[tuple[float, Task]] = deque()
        self._is_open = False
        self._since = 0.0
        self._behind_since: float | None = None
        self.at_end: list[Callable[[float], None]] = []  # called with the seconds that a round took

    def begin(self) -> None:
        """Something is dealt with: a round begins, unless it has."""
        if not self._is_open:
            self._is_open = True
            self._since = self._clock()
            self._call_soon(self._end)

    def has_time(self) -> bool:
        """Whether what has come may be done now. Otherwise it is to be postponed."""
        if self._waiting:
            return False
        if not self._is_open:
            self.begin()
            return True
        return self._clock() - self._since < SLICE_SECONDS

    def postpone(self, task: Task) -> None:
        """Have a task called when its turn comes."""
        self._waiting.append((self._clock(), task))
        self.begin()

    def _end(self) -> None:
        self._is_open = False
        seconds = self._clock() - self._since
        for call in self.at_end:
            call(seconds)
        if self._waiting:
            self.begin()
            self._work()

    def _work(self) -> None:
        waiting, clock, until = self._waiting, self._clock, self._since + SLICE_SECONDS
        now = self._since
        while waiting and now < until:
            came, task = waiting.popleft()
            task(is_late=self._is_too_late(now, now - came))
            now = clock()
        if not waiting:
            self._behind_since = None

    def _is_too_late(self, now: float, waited: float) -> bool:
        if waited < self._delay:
            return False
        if self._behind_since is None:
            self._behind_since = now
        return now - self._behind_since >= PATIENCE_SECONDS
