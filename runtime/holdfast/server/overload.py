"""What a shard refuses because it has enough to do, and what its log says of it."""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from holdfast.server.backlog import Backlog
from holdfast.server.settings import Bounds

log = logging.getLogger("holdfast.overload")

LOOK_SECONDS = 5.0
DESCRIPTORS_FOR_OTHERS = 64


class Reason(StrEnum):
    """Why something was refused."""

    LATE = "requests come faster than they are answered"
    REQUESTS = "too many requests wait for a script's answer"
    BYTES = "clients send or read too slowly for what they want"
    CONNECTIONS = "too many connections"
    OBJECT = "an object gets more calls than it answers"


class Overload:
    """The bounds of one shard. Counts what goes past them.

    The log has one line when that begins, and one when nothing was refused for LOOK_SECONDS.
    """

    def __init__(
        self, bounds: Bounds, loop: asyncio.AbstractEventLoop, *, descriptors: int = 0
    ) -> None:
        """`descriptors` of files are for others than connections."""
        self.bounds = bounds
        self.max_connections = int(min(bounds.connections, _affordable(descriptors)))
        self.backlog = Backlog(loop.call_soon, time.monotonic, bounds.delay_seconds)
        self.count_clients: Callable[[], tuple[int, int]] = _none  # who listens has some
        self.refused: Counter[Reason] = Counter()  # since the start
        self._loop = loop
        self._refused: Counter[Reason] = Counter()
        self._seen = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def count_connections(self) -> int:
        """Those of clients, WebSockets included."""
        return sum(self.count_clients())

    def note(self, reason: Reason) -> bool:
        """Something was refused; whether it is the first for this reason in this overload."""
        self._refused[reason] += 1
        self.refused[reason] += 1
        if self._timer is None:
            log.warning("overload: %s; what is too much is refused", reason)
            self._since = self._loop.time()
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
        return self._refused[reason] == 1

    def _look(self) -> None:
        total = self._refused.total()
        if total == self._seen:
            self.close()
        else:
            self._seen = total
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Nothing is refused any more."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        seconds = self._loop.time() - self._since
        told = "; ".join(f"{count:,}: {reason}" for reason, count in self._refused.most_common())
        log.warning("the overload of the last %.0f s is over; refused: %s", seconds, told)
        self._refused.clear()
        self._seen = 0


def _none() -> tuple[int, int]:
    return 0, 0


def _affordable(descriptors: int) -> float:
    """How many connections there may be without using up the process's file descriptors."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return float("inf")
    return max(limit - descriptors - DESCRIPTORS_FOR_OTHERS, DESCRIPTORS_FOR_OTHERS)
