"""How the past of D1 databases is kept: the same for all of a process."""

import threading
import time
from collections.abc import Callable

from holdfast.storage.clock import now_ms
from holdfast.storage.errors import StorageError
from holdfast.storage.history import RETENTION_DAYS

MAX_WAITING = 32  # marks; each holds a connection, and the log back from being emptied
PATIENCE_S = 5.0  # with marks under way, at the end

_AT_ONCE = 2
_DAY_MS = 86_400_000


class Ended(StorageError):
    """The process ends, or the database was deleted: nothing was done."""


class Pasts:
    """How far back they go, and the threads that store marks."""

    def __init__(
        self,
        retention_days: float = RETENTION_DAYS,
        now_ms: Callable[[], float] = now_ms,
    ) -> None:
        """No past is kept for 0 days."""
        self.retention_days = retention_days
        self.now_ms = now_ms
        self.is_ending = False
        self._under_way: set[threading.Thread] = set()
        self._turn = threading.Semaphore(_AT_ONCE)

    @property
    def oldest_ms(self) -> float:
        """How far back in time databases can go."""
        return self.now_ms() - self.retention_days * _DAY_MS

    @property
    def is_full(self) -> bool:
        """True where too much waits to be stored."""
        return len(self._under_way) >= MAX_WAITING

    def begin(self, work: Callable[[], None]) -> threading.Thread:
        """Have a thread do something. Raises RuntimeError where there can be no more threads."""

        def run() -> None:
            try:
                with self._turn:
                    work()
            finally:
                self._under_way.discard(thread)

        thread = threading.Thread(target=run, name="holdfast-d1-past")
        self._under_way.add(thread)
        try:
            thread.start()
        except RuntimeError:
            self._under_way.discard(thread)
            raise
        return thread

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Wait for marks under way, and give up those that take longer. Blocks."""
        deadline = time.monotonic() + patience_s
        for thread in [*self._under_way]:
            thread.join(max(deadline - time.monotonic(), 0))
        self.is_ending = True
        for thread in [*self._under_way]:
            thread.join()
        self.is_ending = False
