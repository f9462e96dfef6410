"""Memory that objects and connections have left behind, given back to the system.

What thousands of objects had in memory is free once they are evicted, but lies between what is
still in use, so the C library keeps it; and what large messages and bodies took, too.
`malloc_trim` gives back every page of it that is wholly free. That takes the loop 0.1 to 0.2 ms
for each MB, so it is done when there is little else to do, or seldom.
https://man7.org/linux/man-pages/man3/malloc_trim.3.html
"""

import ctypes
import resource
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

WORTHWHILE = 64  # objects and connections have left
WORTHWHILE_BYTES = 64 << 20  # more than the process had after the last time
QUIET = 0.1  # of the thread's time was used
MAX_WAIT_S = 60.0  # for a quiet moment


class FreedMemory:
    """Decides when; on the loop's thread. Does nothing where the C library is not glibc."""

    def __init__(
        self,
        trim: Callable[[int], int] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.thread_time,
        resident: Callable[[], int] | None = None,
    ) -> None:
        self._trim = trim or _malloc_trim()
        self._clock = clock
        self._used = used
        self._live = 0
        self._left = 0  # objects and connections since the last time
        self._looked_s = self._gave_s = clock()
        self._used_s = used()
        self._resident = resident or resident_bytes
        self._least = self._resident()  # since the last time

    def look(self, live: int) -> None:
        """To be called every few seconds; so many objects and connections are live."""
        now_s, used_s = self._clock(), self._used()
        quiet = used_s - self._used_s < (now_s - self._looked_s) * QUIET
        self._left += max(self._live - live, 0)
        self._looked_s, self._used_s, self._live = now_s, used_s, live
        if self._trim is None:
            return
        resident = self._resident()
        self._least = min(self._least, resident)
        many_left = self._left >= WORTHWHILE
        if quiet:
            is_time = many_left or resident - self._least > WORTHWHILE_BYTES
        else:
            is_time = many_left and now_s - self._gave_s > MAX_WAIT_S
        if is_time:
            self._trim(0)
            self._left, self._gave_s = 0, now_s
            self._least = self._resident()


def resident_bytes() -> int:
    """Memory of this process: now where Linux tells, else the most there ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
