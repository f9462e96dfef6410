"""How much memory an isolate may use, inside its heap and outside of it.

Memories of WebAssembly are not the engine's to count, so the engine's own limit is what they leave.

Where an allocation fails, the engine throws; and where it has no room for the error either, it
throws null, of which nobody can tell what it means, and which a script may catch to go on in a heap
that is full. So whoever is asked whether a turn may go on (as the engine asks every ten thousand
loop turns and calls) asks here, too: a heap that many small allocations have filled up to a reserve
ends its turn as one that has had its time. What asks for much at once is refused that, and no more.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from holdfast.engine.library import ffi, lib

# What is outside is let grow by this part of the limit before the heap is measured anew, which
# takes milliseconds for each megabyte.
_MEASURED_EVERY = 16
_UNMEASURED = 2  # below this part of the limit, the heap is not measured

_RESERVE_BYTES = 4 << 20  # what small allocations come to between two questions, and more
_RESERVE_PART = 16  # of the limit, at most

_WORDS = 16  # of a JSRuntime, among which its limit is looked for
_SOUGHT = 0x5EED_0FAC_ADE5_1D3A  # as a limit, for a moment

# A function of PYFUNCTYPE is called with Python's lock, which cffi would let go of.
_set_limit = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(
    int(ffi.cast("uintptr_t", ffi.addressof(lib, "JS_SetMemoryLimit")))
)


class HeapLimit:
    """The limit of one runtime. JS_SetMemoryLimit."""

    def __init__(self, runtime: Any, limit_bytes: int) -> None:
        self._runtime = runtime
        self._limit_bytes = limit_bytes
        self._reserve = min(_RESERVE_BYTES, limit_bytes // _RESERVE_PART)
        self._used = _used_bytes(runtime)
        self._more = 0
        self._heap_bytes = 0  # when it was measured last
        self._measured_at = 0
        self.outside_bytes = 0

    @property
    def left_bytes(self) -> int:
        """What the heap may hold."""
        return max(self._limit_bytes - self.outside_bytes, 1)

    def apply(self) -> None:
        """Have the engine keep to it. JS_SetMemoryLimit."""
        lib.JS_SetMemoryLimit(self._runtime, self.left_bytes + self._more)

    def is_full(self) -> bool:
        """Whether the heap has no more than the reserve left; no cost while it has.

        Looks for garbage before it says so. JS_RunGC.
        """
        if self._used is None or self._used[0] <= self._most():
            return False
        lib.JS_RunGC(self._runtime)
        return bool(self._used[0] > self._most())

    def _most(self) -> int:
        return self.left_bytes + self._more - self._reserve

    def exhaust(self) -> None:
        """Have the next allocation fail, until `apply`. For a thread other than the heap's.

        Python's lock is kept meanwhile, so no code of ours can have raised the limit in between.
        """
        _set_limit(int(ffi.cast("uintptr_t", self._runtime)), 1)

    @contextmanager
    def raised_by(self, more: int) -> Iterator[None]:
        """While this lasts, the heap may hold so much more."""
        before, self._more = self._more, more
        self.apply()
        try:
            yield
        finally:
            self._more = before
            self.apply()

    def take(self, size: int) -> bool:
        """Count so many bytes outside of the heap; False where there is no room for them.

        May look for garbage, which may give some back. JS_RunGC.
        """
        if not self._has_room(size):
            lib.JS_RunGC(self._runtime)
            self._measured_at = 0
            if not self._has_room(size):
                return False
        self._count(size)
        return True

    def give_back(self, size: int) -> None:
        """Count so many bytes less."""
        self._count(-size)

    def heap_bytes(self) -> int:
        """What the heap holds now. JS_ComputeMemoryUsage, which walks it."""
        usage = ffi.new("JSMemoryUsage *")
        lib.JS_ComputeMemoryUsage(self._runtime, usage)
        used: int = usage.malloc_size
        return used

    def _count(self, size: int) -> None:
        self.outside_bytes += size
        self.apply()

    def _has_room(self, size: int) -> bool:
        wanted = self.outside_bytes + size
        if wanted <= self._limit_bytes // _UNMEASURED and size <= self._limit_bytes // 4:
            return True
        if not self._measured_at or wanted > self._measured_at:
            self._heap_bytes = self.heap_bytes()
            self._measured_at = wanted + self._limit_bytes // _MEASURED_EVERY
        return wanted + self._heap_bytes <= self._limit_bytes


def _used_bytes(runtime: Any) -> Any:
    """Where the engine counts what its heap holds, as a `size_t *`; None if that is not found.

    A JSRuntime begins with its allocator: functions, then a count, what is used, and the limit,
    which is found by its value. JS_SetMemoryLimit.
    """
    words = ffi.cast("size_t *", runtime)
    lib.JS_SetMemoryLimit(runtime, _SOUGHT)
    found = next((i for i in range(1, _WORDS) if words[i] == _SOUGHT), None)
    lib.JS_SetMemoryLimit(runtime, 0)
    return None if found is None else words + found - 1
