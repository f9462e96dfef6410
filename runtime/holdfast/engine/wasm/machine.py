"""The one engine of wasmtime in this process, and the clock that interrupts what runs too long.

Modules are not trusted: they get no WASI, and nothing but what a script gives to them. Code is
compiled by Cranelift. A memory reserves four gigabytes of addresses, past which a load or a store
of 32 bits cannot reach, so that the kernel checks its bounds; what of them can be used is
`regions.py`'s to say.

An endless loop ends as follows: the engine counts *epochs*, code looks at the count as it is called
and whenever it loops, and asks the host where a new one has begun (`Store`). A thread begins one
every 20 milliseconds while calls are made; else it sleeps.
"""

import resource
import threading
import time
from functools import cache
from typing import Any

from holdfast.engine.limits import MEBIBYTE
from holdfast.engine.wasm.library import ffi, lib

EPOCH_SECONDS = 0.02
QUIET_EPOCHS = 50
THREAD_NAME = "wasm-epochs"

MOST_STACK_BYTES = 2 * MEBIBYTE  # of WebAssembly, and what it calls, beyond what JavaScript uses


class EpochClock:
    """Begins an epoch every 20 milliseconds while WebAssembly is called; one per process.

    Who calls looks at `is_quiet`, which costs next to nothing, and calls `note` where it is true.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._wakes = threading.Event()
        self.is_quiet = True

    def note(self) -> None:
        """Something runs. wasmtime_engine_increment_epoch, every now and then from here on."""
        self.is_quiet = False
        self._wakes.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        quiet_epochs = 0
        while True:
            time.sleep(EPOCH_SECONDS)
            lib.wasmtime_engine_increment_epoch(self._engine)
            quiet_epochs = quiet_epochs + 1 if self.is_quiet else 0
            self.is_quiet = True
            if quiet_epochs > QUIET_EPOCHS:
                self._wakes.clear()
                if self.is_quiet:
                    self._wakes.wait()
                quiet_epochs = 0


@cache
def engine() -> Any:
    """The engine, made with the first module. wasm_engine_new_with_config."""
    from holdfast.engine.wasm.regions import GUARD_BYTES, RESERVED_BYTES, memory_creator

    config = lib.wasm_config_new()
    lib.wasmtime_config_epoch_interruption_set(config, True)
    lib.wasmtime_config_max_wasm_stack_set(config, _stack_bytes())
    lib.wasmtime_config_memory_reservation_set(config, RESERVED_BYTES)
    lib.wasmtime_config_memory_guard_size_set(config, GUARD_BYTES)
    lib.wasmtime_config_memory_may_move_set(config, False)
    lib.wasmtime_config_memory_init_cow_set(config, False)
    lib.wasmtime_config_host_memory_creator_set(config, memory_creator())
    # What the C API cannot tell of values, it ends the process for.
    lib.wasmtime_config_wasm_gc_set(config, False)
    lib.wasmtime_config_wasm_function_references_set(config, False)
    lib.wasmtime_config_wasm_exceptions_set(config, True)
    # A buffer of JavaScript has 32 bits of length here.
    lib.wasmtime_config_wasm_memory64_set(config, False)
    lib.wasmtime_config_wasm_threads_set(config, False)
    lib.wasmtime_config_wasm_component_model_set(config, False)
    made = lib.wasm_engine_new_with_config(config)
    assert made != ffi.NULL, "wasmtime has an engine of this configuration"
    return made


@cache
def clock() -> EpochClock:
    """The clock of the engine."""
    return EpochClock(engine())


def _stack_bytes() -> int:
    """What is left of the stack beside JavaScript's half of it, with room for the host."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY:
        return MOST_STACK_BYTES
    return min(MOST_STACK_BYTES, soft // 4)


def take_message(error: Any) -> str:
    """What an error of wasmtime says; takes it over. wasmtime_error_message."""
    told = ffi.new("wasm_byte_vec_t *")
    lib.wasmtime_error_message(error, told)
    lib.wasmtime_error_delete(error)
    return _text(told)


def take_trap(trap: Any) -> tuple[int | None, str]:
    """A trap's code and message; takes it over. wasmtime_trap_code, wasm_trap_message."""
    code = ffi.new("uint8_t *")
    known = lib.wasmtime_trap_code(trap, code)
    told = ffi.new("wasm_byte_vec_t *")
    lib.wasm_trap_message(trap, told)
    lib.wasm_trap_delete(trap)
    return (code[0] if known else None), _text(told)


def _text(told: Any) -> str:
    text: bytes = ffi.unpack(told.data, told.size) if told.size else b""
    lib.wasm_byte_vec_delete(told)
    return text.rstrip(b"\0").decode("utf-8", "replace")
