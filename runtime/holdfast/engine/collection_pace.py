"""How often the engine looks for garbage in one heap.

It looks when a heap holds half as much again as the last time left, which takes two milliseconds
for each megabyte. The heap may hold more where it is small beside what it is allowed.
"""

from typing import Any

from holdfast.engine.heap_limit import HeapLimit
from holdfast.engine.library import lib
from holdfast.engine.limits import MEBIBYTE

# Looking for garbage in a heap that is being set up, and has none, is a tenth of its start.
FIRST_COLLECTION_BYTES = 4 * MEBIBYTE
FIRST_PACE_BYTES = 16 * MEBIBYTE
PACE = 3


class CollectionPace:
    """Sets the size at which one runtime looks. JS_GetGCThreshold, JS_SetGCThreshold."""

    def __init__(self, runtime: Any, heap_limit: HeapLimit) -> None:
        self._runtime = runtime
        self._heap_limit = heap_limit
        self._collects_at = FIRST_COLLECTION_BYTES
        lib.JS_SetGCThreshold(runtime, FIRST_COLLECTION_BYTES)

    def adjust(self) -> None:
        """Look less often than the engine would, by what it left the last time."""
        threshold: int = lib.JS_GetGCThreshold(self._runtime)
        limit, left = self._heap_limit.left_bytes, threshold * 2 // 3
        if threshold == self._collects_at and threshold != FIRST_COLLECTION_BYTES:
            if threshold < limit:
                return  # nothing was looked for since
            left = 0  # which is not known: memories have taken what was the heap's
        wanted = max(left * PACE, FIRST_PACE_BYTES)
        # Past the limit an allocation fails, without a look for garbage.
        self._collects_at = min(wanted, max(limit // 2, left + max(limit - left, 0) // 2))
        lib.JS_SetGCThreshold(self._runtime, self._collects_at)

    @property
    def may_be_full(self) -> bool:
        """False where the last look left room; to be asked after `adjust`.

        Who comes near the limit has been looked at when two thirds of this at most were held.
        """
        return self._collects_at > self._heap_limit.left_bytes * 4 // 5
