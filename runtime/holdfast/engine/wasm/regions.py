"""Linear memories: the bytes that WebAssembly and ArrayBuffers of JavaScript share.

A `Region` is a range of addresses of which the first part may be used. It is wasmtime's memory as
well as what an ArrayBuffer is a view of, without a copy, and so it must outlive both: it is given
back to the kernel when nobody holds on to it any more. Those who do are the stores in which it is a
memory, the buffer, and the object of JavaScript that stands for it.

wasmtime asks for memory by callbacks, which is how a region comes into a store, how all of them
count for the isolate that they are made for, and how a buffer is detached in the moment in which
WebAssembly makes its memory larger.

wasmtime_config_host_memory_creator_set, JS_NewArrayBuffer, JS_DetachArrayBuffer, mmap(2).
"""

import logging
import mmap
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from holdfast.engine.library import TAG_EXCEPTION, TAG_OBJECT
from holdfast.engine.limits import MEBIBYTE
from holdfast.engine.wasm.library import PROPERTY_PLAIN, c_callback, c_library, ffi, js, lib

log = logging.getLogger("holdfast.engine")

PAGE_BYTES = 65_536
RESERVED_BYTES = 4 << 30
GUARD_BYTES = 32 * MEBIBYTE
MOST_BYTES = (1 << 31) - PAGE_BYTES  # what a buffer of the engine can have

_NO_ACCESS = 0
_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE
_MAP_NORESERVE = 0x4000 if sys.platform == "linux" else 0x40
_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
_MAPPED_BYTES = RESERVED_BYTES + GUARD_BYTES


class Budget(Protocol):
    """What an isolate may use."""

    context: Any

    def take(self, size: int) -> bool:
        """Count so many bytes more; False where there is no room for them."""

    def give_back(self, size: int) -> None:
        """Count so many bytes less."""


class Region:
    """Addresses of which the first `size` bytes can be used, and the buffer that is a view of them.

    It begins with one `hold`.
    """

    __slots__ = (
        "_buffer",
        "_handle",
        "_holders",
        "_views",
        "address",
        "bindings",
        "budget",
        "size",
    )

    def __init__(self, budget: Budget, size: int) -> None:
        """Raises MemoryError where the isolate or the machine has no room for it."""
        self.budget = budget
        self.size = 0
        self._holders = 1
        self._buffer = 0  # the address of the ArrayBuffer, an object of JavaScript
        self._views = 0  # buffers with these bytes; more than one only for a moment
        self._handle: Any = None
        self.bindings: list[Binding] = []
        mapped = c_library.mmap(ffi.NULL, _MAPPED_BYTES, _NO_ACCESS, _FLAGS, -1, 0)
        self.address = int(ffi.cast("uintptr_t", mapped))
        if self.address == (1 << 64) - 1:
            self.address = 0
            raise MemoryError("the machine has no addresses left for a memory")
        try:
            self.grow(size)
        except BaseException:
            self.release()
            raise

    def grow(self, size: int) -> None:
        """Have so many bytes, and another buffer than before. Raises MemoryError. mprotect(2)."""
        more = size - self.size
        if size > MOST_BYTES or not self.budget.take(more):
            raise MemoryError("the isolate has no room for the memory")
        if size and c_library.mprotect(ffi.cast("void *", self.address), size, _READ_WRITE) != 0:
            self.budget.give_back(more)
            raise MemoryError("the machine has no room for the memory")
        self.size = size
        self.detach()

    def hold(self) -> None:
        """One more needs it."""
        self._holders += 1

    def release(self) -> None:
        """One less needs it. munmap(2)."""
        self._holders -= 1
        if self._holders == 0 and self.address:
            c_library.munmap(ffi.cast("void *", self.address), _MAPPED_BYTES)
            self.budget.give_back(self.size)
            self.address = 0

    # ---- the buffer --------------------------------------------------------------

    def buffer(self, token: Any) -> Any:
        """A new ArrayBuffer of it, the caller's; the one before is detached.

        `token` is the object that stands for the region. It holds the buffer, so that this is
        still there when it is to be detached, even if a script has moved the bytes into another
        one. Raises MemoryError. JS_NewArrayBuffer.
        """
        self.detach()
        if self._handle is None:
            self._handle = ffi.new_handle(self)
        context, start = self.budget.context, ffi.cast("uint8_t *", self.address)
        made = js.JS_NewArrayBuffer(context, start, self.size, 0, _reallocate, self._handle, False)
        if made.tag == TAG_EXCEPTION:
            js.JS_FreeValue(context, js.JS_GetException(context))
            raise MemoryError("the isolate has no room for a buffer")
        self._views += 1
        _viewed.add(self)
        self.hold()
        held = js.JS_DupValue(context, made)
        if js.JS_DefinePropertyValueUint32(context, token, 0, held, PROPERTY_PLAIN) < 0:
            js.JS_FreeValue(context, js.JS_GetException(context))
            js.JS_FreeValue(context, made)
            raise MemoryError("the isolate has no room for a buffer")
        self._buffer = made.u
        return made

    def detach(self) -> None:
        """JavaScript finds nothing in its buffer any more. JS_DetachArrayBuffer."""
        if self._buffer:
            value = ffi.new("JSValue *", {"u": self._buffer, "tag": TAG_OBJECT})
            js.JS_DetachArrayBuffer(self.budget.context, value[0])

    def forget_buffer(self) -> None:
        """The token is gone, and with it whoever could have the memory grow."""
        self._buffer = 0

    def view_gone(self) -> None:
        """A buffer with these bytes is gone, or is detached."""
        self._views -= 1
        if not self._views:
            _viewed.discard(self)
        self.release()


# Those that a buffer points to.
_viewed: set[Region] = set()


@c_callback("JSReallocArrayBufferDataFunc", error=ffi.NULL)
def _reallocate(_runtime: Any, opaque: Any, _pointer: Any, size: int) -> Any:
    """C callback: a buffer is let go of (no size), or is to have another size, which it cannot."""
    if size == 0:
        ffi.from_handle(opaque).view_gone()
    return ffi.NULL


class Binding:
    """A region as one store's memory. wasmtime's own is in `memory` once it is known."""

    __slots__ = ("context", "memory", "region", "size", "token")

    def __init__(self, region: Region, size: int) -> None:
        self.region = region
        self.size = size
        self.token: Any = None
        self.context: Any = None
        self.memory: Any = None
        region.hold()
        region.bindings.append(self)

    def grow(self, size: int) -> None:
        """Wasmtime makes its memory larger. Raises MemoryError."""
        if size > self.region.size:
            self.region.grow(size)
        self.size = size
        for other in self.region.bindings:
            if other is not self and other.memory is not None and other.size < size:
                other.catch_up(size)

    def catch_up(self, size: int) -> None:
        """Have this store know how large the region has become. wasmtime_memory_grow."""
        before = ffi.new("uint64_t *")
        pages = (size - self.size) // PAGE_BYTES
        error = lib.wasmtime_memory_grow(self.context, self.memory, pages, before)
        if error:
            lib.wasmtime_error_delete(error)

    def close(self) -> None:
        """The store has ended."""
        self.region.bindings.remove(self)
        self.region.release()


# ---- wasmtime's callbacks ------------------------------------------------------------

_thread = threading.local()  # `supply`: who makes a region of so many bytes for what is made now


@contextmanager
def supplied_by(supply: Any) -> Iterator[None]:
    """Within, wasmtime gets its memories from `supply(size)`, which returns a Binding."""
    before = getattr(_thread, "supply", None)
    _thread.supply = supply
    try:
        yield
    finally:
        _thread.supply = before


@c_callback("wasmtime_new_memory_callback")
def _new_memory(
    _env: Any, _ty: Any, minimum: int, _most: int, reserved: int, guard: int, made: Any
) -> Any:
    assert reserved + guard <= _MAPPED_BYTES, "code relies on what is reserved"
    try:
        binding: Binding = _thread.supply(minimum)
    except Exception as error:
        if not isinstance(error, MemoryError):
            log.exception("a memory cannot be made")
        return lib.wasmtime_error_new(b"out of memory")
    binding.token = ffi.new_handle(binding)
    _bound.add(binding)
    made.env = binding.token
    made.get_memory = _get_memory
    made.grow_memory = _grow_memory
    made.finalizer = _drop_memory
    return ffi.NULL


_bound: set[Binding] = set()  # those that wasmtime has


@c_callback("wasmtime_memory_get_callback")
def _get_memory(env: Any, size: Any, capacity: Any) -> Any:
    binding = ffi.from_handle(env)
    size[0] = binding.size
    capacity[0] = RESERVED_BYTES
    return ffi.cast("uint8_t *", binding.region.address)


@c_callback("wasmtime_memory_grow_callback")
def _grow_memory(env: Any, size: int) -> Any:
    try:
        ffi.from_handle(env).grow(size)
    except Exception as error:
        if not isinstance(error, MemoryError):
            log.exception("a memory cannot grow")
        return lib.wasmtime_error_new(b"out of memory")
    return ffi.NULL


@c_callback("wasmtime_finalizer")
def _drop_memory(env: Any) -> None:
    binding = ffi.from_handle(env)
    _bound.discard(binding)
    binding.close()


@cache
def memory_creator() -> Any:
    """For the engine's configuration, which copies it."""
    creator = ffi.new("wasmtime_memory_creator_t *")
    creator.new_memory = _new_memory
    return creator
