"""The way from JavaScript to WebAssembly: a function that gives the native ones, when first called.

Nothing of wasmtime is loaded before that.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast.engine.errors import ScriptError, UnsupportedEngine
from holdfast.engine.heap_limit import HeapLimit
from holdfast.engine.library import EXCEPTION, ffi, lib
from holdfast.engine.limits import Watchdog

if TYPE_CHECKING:
    from holdfast.engine.wasm.room import Room

log = logging.getLogger("holdfast.engine")


class WasmDoor:
    """Makes an isolate's `Room` when a script first needs WebAssembly."""

    def __init__(
        self,
        context: Any,
        limit: HeapLimit,
        watchdog: Watchdog,
        throw: Callable[[ScriptError], Any],
        find_module: Callable[[str], bytes],
    ) -> None:
        """`throw` makes an error the context's exception, `find_module` has a module's bytes."""
        self._context = context
        self._limit = limit
        self._watchdog = watchdog
        self._throw = throw
        self._find_module = find_module
        self._room: Room | None = None
        self._callback = ffi.callback("JSCFunctionData", self._open, error=EXCEPTION)

    def function(self) -> Any:
        """The function `wasm(makeError)`; the caller's. It is to be called once."""
        return lib.JS_NewCFunctionData(self._context, self._callback, 1, 0, 0, ffi.NULL)

    def _open(
        self, _context: Any, _this: Any, _count: int, arguments: Any, _magic: int, _data: Any
    ) -> Any:
        try:
            return self._natives(lib.JS_DupValue(self._context, arguments[0]))
        except UnsupportedEngine as error:
            return self._throw(ScriptError("Error", str(error)))
        except Exception:
            log.exception("WebAssembly cannot be had")
            return self._throw(ScriptError("Error", "internal error"))

    def _natives(self, make_error: Any) -> Any:
        from holdfast.engine.wasm.room import Room

        assert self._room is None, "an isolate has one room for WebAssembly"
        self._room = Room(
            context=int(ffi.cast("uintptr_t", self._context)),
            take=self._limit.take,
            give_back=self._limit.give_back,
            should_interrupt=self._watchdog.should_interrupt,
            is_expired=lambda: self._watchdog.expired,
            find_module=self._find_module,
            make_error={"u": make_error.u, "tag": make_error.tag},
        )
        natives = self._room.natives()
        return ffi.new("JSValue *", {"u": natives.u, "tag": natives.tag})[0]

    def release_held(self) -> None:
        """Let go of what is held in the heap, which is about to be freed."""
        if self._room is not None:
            self._room.release_held()

    def close(self) -> None:
        """The heap is freed, and with it all that is WebAssembly's."""
        if self._room is not None:
            self._room.close()
            self._room = None
