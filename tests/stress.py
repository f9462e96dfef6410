"""Runs tests with the engine under stress: `HOLDFAST_STRESS=gc,leaks pytest …`; `make stress`.

`gc` collects garbage after each turn and, within turns, at the first allocation that follows
their start and each answer of an op: what is held by nobody is gone, and used no more.
`leaks` counts the blocks of memory that each runtime has from the C library, and fails the test
after which one was freed that gave not all of them back.
`code` has all code of scripts read from bytecode, as though an earlier start had kept it.

All check that each isolate is entered by the thread that it was made or taken over on.
"""

import hashlib
import threading
from types import SimpleNamespace
from typing import Any

import _quickjs
import cffi

from holdfast.engine import JSError
from holdfast.engine import isolate as engine
from holdfast.engine.entry import Entry
from holdfast.engine.isolate import Isolate
from holdfast.engine.kept_code import KeptCode, KeptModule, compile_to_keep
from holdfast.engine.library import lib
from holdfast.engine.op_table import OpTable

PER_TURN = 100  # collections within a turn, which still is to fit into its CPU time

_DECLARATIONS = """
typedef struct {
    void *(*js_calloc)(void *opaque, size_t count, size_t size);
    void *(*js_malloc)(void *opaque, size_t size);
    void (*js_free)(void *opaque, void *ptr);
    void *(*js_realloc)(void *opaque, void *ptr, size_t size);
    size_t (*js_malloc_usable_size)(const void *ptr);
} JSMallocFunctions;
void *JS_NewRuntime2(const JSMallocFunctions *functions, void *opaque);
void *calloc(size_t count, size_t size);
void *malloc(size_t size);
void free(void *ptr);
void *realloc(void *ptr, size_t size);
size_t malloc_usable_size(const void *ptr);
"""


class Blocks:
    """Counts the blocks that runtimes hold, from JS_NewRuntime to after JS_FreeRuntime."""

    def __init__(self) -> None:
        self._leaked: list[int] = []  # how many blocks each runtime kept that kept any
        self._held: dict[int, int] = {}
        self._ffi = ffi = cffi.FFI()
        ffi.cdef(_DECLARATIONS)
        self._library, self._c = ffi.dlopen(_quickjs.__file__), ffi.dlopen(None)
        c, null, held = self._c, ffi.NULL, self._held
        self._runtimes: dict[int, int] = {}

        def counted(opaque: Any, block: Any) -> Any:
            if block != null:
                held[int(ffi.cast("uintptr_t", opaque))] += 1
            return block

        def give_back(opaque: Any, block: Any) -> None:
            if block != null:
                held[int(ffi.cast("uintptr_t", opaque))] -= 1
                c.free(block)

        def resize(opaque: Any, block: Any, size: int) -> Any:
            if block == null:
                return counted(opaque, c.malloc(size))
            if size == 0:
                return give_back(opaque, block) or null
            return c.realloc(block, size)

        self._callbacks = (
            ffi.callback(
                "void *(void *, size_t, size_t)", lambda o, n, s: counted(o, c.calloc(n, s))
            ),
            ffi.callback("void *(void *, size_t)", lambda o, s: counted(o, c.malloc(s))),
            ffi.callback("void(void *, void *)", give_back),
            ffi.callback("void *(void *, void *, size_t)", resize),
            ffi.addressof(self._c, "malloc_usable_size"),
        )
        self._functions = ffi.new("JSMallocFunctions *", self._callbacks)

    def new_runtime(self) -> Any:
        """JS_NewRuntime, counted."""
        number = len(self._held) + 1
        self._held[number] = 0
        made = self._library.JS_NewRuntime2(self._functions, self._ffi.cast("void *", number))
        address = int(self._ffi.cast("uintptr_t", made))
        self._runtimes[address] = number
        return engine.ffi.cast("JSRuntime *", address)

    def free_runtime(self, runtime: Any) -> None:
        """JS_FreeRuntime, and the reckoning."""
        number = self._runtimes.pop(int(engine.ffi.cast("uintptr_t", runtime)))
        lib.JS_FreeRuntime(runtime)
        if self._held[number]:
            self._leaked.append(self._held[number])

    def library(self) -> Any:
        """The engine's library with the two functions that count, to stand in for `lib`."""
        functions = {name: getattr(lib, name) for name in dir(lib)}
        functions |= {"JS_NewRuntime": self.new_runtime, "JS_FreeRuntime": self.free_runtime}
        return SimpleNamespace(**functions)

    @property
    def live(self) -> int:
        """How many runtimes there are that were not freed."""
        return len(self._runtimes)

    def take_leaks(self) -> list[int]:
        """What was found since the last time."""
        found, self._leaked = self._leaked, []
        return found


def _collect_often() -> None:
    """Have garbage collected within and after turns."""

    def soon(isolate: Isolate) -> None:
        begun = isolate.__dict__.get("_collections", 0) if isolate._entered else 0
        isolate.__dict__["_collections"] = begun + 1
        if begun < PER_TURN:
            lib.JS_SetGCThreshold(isolate._runtime, 1)

    def collected(name: str) -> None:
        plain = getattr(Isolate, name)

        def run(isolate: Isolate, *arguments: Any) -> Any:
            soon(isolate)
            try:
                return plain(isolate, *arguments)
            finally:
                isolate.collect_garbage()

        setattr(Isolate, name, run)

    def followed(kind: type, name: str) -> None:
        plain = getattr(kind, name)

        def run(owner: Any, *arguments: Any) -> Any:
            isolate = owner if isinstance(owner, Isolate) else owner.__dict__["_isolate"]
            soon(isolate)
            try:
                return plain(owner, *arguments)
            finally:
                soon(isolate)

        setattr(kind, name, run)

    make = Isolate.__init__

    def made(isolate: Isolate, *arguments: Any, **options: Any) -> None:
        make(isolate, *arguments, **options)
        isolate._ops.__dict__["_isolate"] = isolate

    Isolate.__init__ = made  # type: ignore[method-assign]
    for name in ("call", "run_while"):
        collected(name)
    followed(OpTable, "_run")
    followed(Isolate, "_import")
    followed(Isolate, "_track_rejection")
    leave = Entry.__exit__

    def exit_and_collect(entry: Entry, *error: object) -> None:
        leave(entry, *error)
        entry._isolate.collect_garbage()

    Entry.__exit__ = exit_and_collect  # type: ignore[method-assign]


def _read_all_code() -> None:
    """Compile what scripts consist of to what is kept, and read that."""
    made: dict[str, memoryview] = {}

    def key(_kept: KeptCode, name: str, source: bytes, flags: int) -> str | None:
        found = hashlib.sha256(f"{flags} {name} ".encode() + source).hexdigest()
        if found not in made:
            try:
                made[found] = memoryview(compile_to_keep(name, source, flags))
            except JSError:
                return None  # it fails as it would without this
        return found

    def read(_kept: KeptCode, found: str) -> KeptModule:
        return KeptModule.of(made[found])

    make = Isolate.__init__

    def made_with(isolate: Isolate, *arguments: Any, **options: Any) -> None:
        make(isolate, *arguments, **{"kept": KeptCode(None), **options})

    KeptCode.key = key  # type: ignore[method-assign]
    KeptCode.read = read  # type: ignore[method-assign]
    Isolate.__init__ = made_with  # type: ignore[method-assign]


def _check_threads() -> None:
    """Fail where a thread enters an isolate that is another's."""
    make, serve, enter = Isolate.__init__, Isolate.serve, Isolate.call

    def made(isolate: Isolate, *arguments: Any, **options: Any) -> None:
        isolate.__dict__["_thread"] = threading.get_ident()
        make(isolate, *arguments, **options)

    def served(isolate: Isolate, *arguments: Any) -> None:
        isolate.__dict__["_thread"] = threading.get_ident()
        serve(isolate, *arguments)

    def entered(isolate: Isolate, *arguments: Any) -> Any:
        assert isolate.__dict__["_thread"] == threading.get_ident(), "entered by another thread"
        return enter(isolate, *arguments)

    Isolate.__init__ = made  # type: ignore[method-assign]
    Isolate.serve = served  # type: ignore[method-assign]
    Isolate.call = entered  # type: ignore[method-assign]


def install(modes: str) -> Blocks | None:
    """Put the modes named in force; the count of blocks if it is asked for."""
    _check_threads()
    blocks = None
    for mode in modes.split(","):
        if mode == "gc":
            _collect_often()
        elif mode == "code":
            _read_all_code()
        elif mode == "leaks":
            blocks = Blocks()
            engine.lib = blocks.library()
        else:
            raise ValueError(f"HOLDFAST_STRESS has no {mode!r}")
    return blocks
