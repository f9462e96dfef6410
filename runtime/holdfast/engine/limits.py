"""What an isolate may use, and the watchdog over the CPU time of a turn."""

import resource
import time
from collections.abc import Callable

from holdfast.dataclass import dataclass

MEBIBYTE = 1 << 20
UNBOUNDED = 1 << 62  # bytes

OUT_OF_MEMORY = "its memory limit was reached (see --memory-mb)"
"""Why an isolate ends, as the log tells it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one isolate.

    `memory_bytes` is all that its heap may hold (Cloudflare's limit is 128 MB),
    `stack_bytes` the C stack that one turn may use (a JavaScript call takes 1.7 kB of
    it; never more than half of what the thread has), `turn_cpu_ms` the CPU time that one
    turn may take before it ends with an uncatchable error.
    """

    memory_bytes: int = 128 * MEBIBYTE
    stack_bytes: int = 4 * MEBIBYTE
    turn_cpu_ms: int = 2_000


def usable_stack_bytes(wanted: int) -> int:
    """`wanted`, or half of the process's stack limit where that is less."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft // 2)


class Watchdog:
    """Tells when a turn has used up its CPU time.

    QuickJS asks every ten thousand or so loop turns and calls. A turn begins without a
    `deadline`, and the first question starts its clock, so that turns too short to be asked
    about pay nothing at all. CPU time is the thread's own: a busy machine does not shorten
    anybody's budget.
    """

    __slots__ = ("_clock", "_why", "budget_ms", "deadline", "expired")

    def __init__(self, turn_cpu_ms: int, clock: Callable[[], float] = time.thread_time) -> None:
        self.budget_ms = turn_cpu_ms
        self._clock = clock
        self.deadline: float | None = None
        self.expired = False
        self._why = ""

    @property
    def why(self) -> str:
        """Why the turn has ended, once it has."""
        return self._why or f"a turn took more than its {self.budget_ms} ms of CPU time"

    def expire(self, why: str) -> None:
        """End the turn for another reason than its time."""
        if not self.expired:
            self.expired, self._why = True, why

    def bound(self, turn_cpu_ms: int) -> None:
        """Have turns take no more than so much from now on, if they might take more."""
        self.budget_ms = min(turn_cpu_ms, self.budget_ms)

    def should_interrupt(self) -> bool:
        """True once the turn has used its budget, and from then on for good."""
        now = self._clock()
        if self.deadline is None:
            self.deadline = now + self.budget_ms / 1000
        elif now >= self.deadline:
            self.expired = True
        return self.expired
