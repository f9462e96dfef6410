"""How much memory an isolate may use, inside its heap and outside of it.

Memories of WebAssembly are not the engine's to count, so the engine's own limit is what they leave.
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

# A function of PYFUNCTYPE is called with Python's lock, which cffi would let go of.
_set_limit = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(
    int(ffi.cast("uintptr_t", ffi.addressof(lib, "JS_SetMemoryLimit")))
)


class HeapLimit:
    """The limit of one runtime. JS_SetMemoryLimit."""

    def __init__(self, runtime: Any, limit_bytes: int) -> None:
        self._runtime = runtime
        self._limit_bytes = limit_bytes
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
