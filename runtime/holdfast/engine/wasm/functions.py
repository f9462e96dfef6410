"""Calls: functions of WebAssembly as JavaScript calls them, and the other way round.

A number of JavaScript and one of WebAssembly lie in 16 bytes each, and an int32 in the same place
of them, as does a double. So where the types are right, which is most of the time, arguments
are copied as they are.

wasmtime_func_call_unchecked, wasmtime_func_new_unchecked, JS_Call.
"""

import struct
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from holdfast.engine.library import TAG_EXCEPTION, TAG_FLOAT64, TAG_INT
from holdfast.engine.wasm.errors import WasmError
from holdfast.engine.wasm.library import EXTERNREF, F64, FUNCREF, I32, c_callback, ffi, js, lib
from holdfast.engine.wasm.types import Signature
from holdfast.engine.wasm.values import CROSSING, DOES_NOT_CROSS, UNDEFINED

if TYPE_CHECKING:
    from holdfast.engine.wasm.store import Store

Call = Callable[[int, Any], Any]

_VALUE_BYTES = 16
_PADDED = 255  # so many arguments the engine fills in, where a call has fewer
_AS_THEY_ARE = {I32: TAG_INT, F64: TAG_FLOAT64}
# How deep calls may go from WebAssembly into JavaScript before Python's own bound is looked at,
# and how many frames of Python each takes.
_SHALLOW, _FRAMES_OF_A_CALL = 20, 12

_buffer = ffi.buffer
_memmove = ffi.memmove
_call_unchecked = lib.wasmtime_func_call_unchecked
_js_call = js.JS_Call
_free = js.JS_FreeValue


def exported(store: "Store", function: Any, signature: Signature) -> Call:
    """What a call of an exported function does: `call(argc, argv)` returns a JSValue."""
    kinds = (*signature.params, *signature.results)
    if any(kind not in CROSSING for kind in kinds):
        return _refuse
    if EXTERNREF in kinds or FUNCREF in kinds:
        return _with_references(store, function, signature)
    return _with_numbers(store, function, signature)


def _refuse(_count: int, _arguments: Any) -> Any:
    raise WasmError("TypeError", DOES_NOT_CROSS)


def _with_numbers(store: "Store", function: Any, signature: Signature) -> Call:
    params, results = signature.params, signature.results
    count = len(params)
    total = max(count, len(results))
    size = _VALUE_BYTES * count
    expected = tuple(_AS_THEY_ARE.get(kind) for kind in params)
    tags = struct.Struct("<" + "8xq" * count).unpack_from
    values, room, clock = store.values, store.room, store.room.clock
    context, trap = store.context, store.room.trap
    # A call reads it as it begins, and writes it as it ends, so those within may use it, too.
    memory = ffi.new("JSValue[]", max(total, 1))
    raw = ffi.cast("wasmtime_val_raw_t *", memory)
    first = memory[0]
    kind = results[0] if len(results) == 1 else None
    is_void = not results
    is_padded = count <= _PADDED

    def call(given: int, arguments: Any) -> Any:
        if count:
            if is_padded and tags(_buffer(arguments, size)) == expected:
                _memmove(memory, arguments, size)
            else:
                converted = ffi.new("wasmtime_val_raw_t[]", count)
                for index in range(count):
                    value = arguments[index] if index < given or is_padded else UNDEFINED
                    values.write_raw(converted[index], params[index], value)
                _memmove(memory, converted, size)
        if clock.is_quiet:
            clock.note()
        error = _call_unchecked(context, function, memory, total, trap)
        if error or trap[0]:
            return store.exceptions.failed(error)
        if kind == I32:
            first.tag = TAG_INT
            return first
        if is_void:
            return UNDEFINED
        if kind == F64:
            first.tag = TAG_FLOAT64
            return first
        if kind is not None:
            return values.read_raw(raw[0], kind)
        return room.array([values.read_raw(raw[i], kind) for i, kind in enumerate(results)])

    return call


def _with_references(store: "Store", function: Any, signature: Signature) -> Call:
    params, results = signature.params, signature.results
    values, room = store.values, store.room

    def call(given: int, arguments: Any) -> Any:
        converted = ffi.new("wasmtime_val_t[]", max(len(params), 1))
        returned = ffi.new("wasmtime_val_t[]", max(len(results), 1))
        try:
            for index, kind in enumerate(params):
                value = arguments[index] if index < given or index < _PADDED else UNDEFINED
                values.write(converted[index], kind, value)
            if room.clock.is_quiet:
                room.clock.note()
            error = lib.wasmtime_func_call(
                store.context,
                function,
                converted,
                len(params),
                returned,
                len(results),
                room.trap,
            )
            if error or room.trap[0]:
                return store.exceptions.failed(error)
            made = [values.read(returned[index]) for index in range(len(results))]
        finally:
            for index in range(len(params)):
                lib.wasmtime_val_unroot(ffi.addressof(converted, index))
            for index in range(len(results)):
                lib.wasmtime_val_unroot(ffi.addressof(returned, index))
        if len(made) == 1:
            return made[0]
        return room.array(made) if made else UNDEFINED

    return call


class Imported:
    """A function of JavaScript that WebAssembly calls. Its store keeps the function alive."""

    __slots__ = ("_are_int32", "_crosses", "_params", "_results", "_store", "function", "handle")

    def __init__(self, store: "Store", function: Any, signature: Signature) -> None:
        """`function` is a JSValue that the store keeps."""
        self._store = store
        self.function = function
        self._params = signature.params
        self._results = signature.results
        self._are_int32 = all(kind == I32 for kind in signature.params)
        self._crosses = all(kind in CROSSING for kind in (*signature.params, *signature.results))
        self.handle = ffi.new_handle(self)

    def call(self, arguments: Any) -> Any:
        """What C is told: NULL, or the trap that ends what called. JS_Call."""
        store = self._store
        room = store.room
        params, results = self._params, self._results
        if room.depth >= _SHALLOW:
            return self._call_deep(arguments)
        room.depth += 1
        try:
            if self._are_int32:
                for index in range(len(params)):
                    arguments[index].tag = TAG_INT
                returned = _js_call(
                    store.js_context, self.function, UNDEFINED, len(params), arguments
                )
            else:
                returned = self._converted_call(arguments)
            if returned.tag == TAG_EXCEPTION:
                return store.exceptions.thrown()
            if not results:
                if returned.tag < 0:
                    _free(store.js_context, returned)
            elif returned.tag == TAG_INT and len(results) == 1 and results[0] == I32:
                arguments[0].u = returned.u
            else:
                self._write(arguments, returned)
        except Exception as error:  # noqa: BLE001 - C has nobody who would catch it
            return store.exceptions.failed_within(error)
        finally:
            room.depth -= 1
        return ffi.NULL

    def _call_deep(self, arguments: Any) -> Any:
        room = self._store.room
        depth, room.depth = room.depth, 0
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + _SHALLOW * _FRAMES_OF_A_CALL)
        try:
            return self.call(arguments)
        finally:
            sys.setrecursionlimit(limit)
            room.depth = depth

    def _converted_call(self, arguments: Any) -> Any:
        store, params = self._store, self._params
        if not self._crosses:
            raise WasmError("TypeError", DOES_NOT_CROSS)
        raw = ffi.cast("wasmtime_val_raw_t *", arguments)
        made = ffi.new("JSValue[]", max(len(params), 1))
        try:
            for index, kind in enumerate(params):
                made[index] = store.values.read_raw(raw[index], kind)
            return _js_call(store.js_context, self.function, UNDEFINED, len(params), made)
        finally:
            for index in range(len(params)):
                if made[index].tag < 0:
                    _free(store.js_context, made[index])

    def _write(self, arguments: Any, returned: Any) -> None:
        """Put what was returned, which is taken over, where WebAssembly looks for it."""
        store = self._store
        raw = ffi.cast("wasmtime_val_raw_t *", arguments)
        try:
            if len(self._results) == 1:
                store.values.write_raw(raw[0], self._results[0], returned)
                return
            for index, kind in enumerate(self._results):
                value = js.JS_GetPropertyInt64(store.js_context, returned, index)
                try:
                    store.values.write_raw(raw[index], kind, value)
                finally:
                    _free(store.js_context, value)
        finally:
            _free(store.js_context, returned)


@c_callback("wasmtime_func_unchecked_callback", error=ffi.NULL)
def call_imported(env: Any, _caller: Any, arguments: Any, _count: int) -> Any:
    """C callback: WebAssembly calls a function that it has imported."""
    return ffi.from_handle(env).call(arguments)
