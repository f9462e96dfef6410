"""Values between JavaScript and one store of WebAssembly.

https://webassembly.github.io/spec/js-api/#towebassemblyvalue

    i32          number, converted as ToInt32 does
    i64          BigInt
    f32, f64     number
    externref    any value; null is the null reference
    funcref      a function that WebAssembly has exported, or null
    v128 and
    other references   do not cross: a TypeError

References to values of JavaScript are kept in the store's *keeper*, an object of JavaScript's, so
that its garbage collector sees what WebAssembly holds on to.
"""

from typing import TYPE_CHECKING, Any

from holdfast.engine.library import (
    TAG_BOOL,
    TAG_EXCEPTION,
    TAG_FLOAT64,
    TAG_INT,
    TAG_NULL,
    TAG_UNDEFINED,
)
from holdfast.engine.wasm.errors import Pending, WasmError
from holdfast.engine.wasm.library import (
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    c_callback,
    ffi,
    js,
    lib,
)

if TYPE_CHECKING:
    from holdfast.engine.wasm.store import Store

CROSSING = frozenset((I32, I64, F32, F64, FUNCREF, EXTERNREF))
DOES_NOT_CROSS = "type incompatibility when transforming from/to JS"

UNDEFINED = ffi.new("JSValue *", {"tag": TAG_UNDEFINED})[0]
NULL = ffi.new("JSValue *", {"tag": TAG_NULL})[0]
EXCEPTION = ffi.new("JSValue *", {"tag": TAG_EXCEPTION})[0]


class Slot:
    """A value of JavaScript that WebAssembly holds: the store has it in its keeper."""

    __slots__ = ("handle", "index", "store", "tag", "word")

    def __init__(self, store: "Store", value: Any) -> None:
        """The value stays its owner's. JS_DupValue."""
        self.store = store
        self.word, self.tag = value.u, value.tag
        self.index = store.keep(js.JS_DupValue(store.js_context, value)) if value.tag < 0 else 0
        self.handle = ffi.new_handle(self)
        store.slots.add(self)

    def value(self) -> Any:
        """The caller's. JS_DupValue."""
        made = ffi.new("JSValue *", {"u": self.word, "tag": self.tag})[0]
        return js.JS_DupValue(self.store.js_context, made)

    def drop(self) -> None:
        """WebAssembly holds it no longer."""
        if not self.store.is_closed:
            self.store.slots.discard(self)
            if self.index:
                self.store.let_go(self.index)


@c_callback("wasmtime_finalizer")
def _externref_gone(handle: Any) -> None:
    ffi.from_handle(handle).drop()


class Values:
    """Conversions for one store."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._context = store.js_context
        self._int32 = ffi.new("int32_t *")
        self._int64 = ffi.new("int64_t *")
        self._double = ffi.new("double *")
        self._ref = ffi.new("wasmtime_ref_t *")

    # ---- numbers -----------------------------------------------------------------

    def int32(self, value: Any) -> int:
        """Raises Pending. JS_ToInt32."""
        if js.JS_ToInt32(self._context, self._int32, value) < 0:
            raise Pending
        return int(self._int32[0])

    def int64(self, value: Any) -> int:
        """Raises Pending. JS_ToBigInt64."""
        if js.JS_ToBigInt64(self._context, self._int64, value) < 0:
            raise Pending
        return int(self._int64[0])

    def double(self, value: Any) -> float:
        """Raises Pending. JS_ToFloat64."""
        if js.JS_ToFloat64(self._context, self._double, value) < 0:
            raise Pending
        return float(self._double[0])

    def _write_number(self, place: Any, kind: int, value: Any) -> bool:
        """Put a value into `place.i32` or its like; False for a kind that is no number's."""
        if kind == I32:
            place.i32 = self.int32(value)
        elif kind == I64:
            place.i64 = self.int64(value)
        elif kind == F64:
            place.f64 = self.double(value)
        elif kind == F32:
            place.f32 = self.double(value)
        else:
            return False
        return True

    def _read_number(self, place: Any, kind: int) -> Any:
        """The JavaScript value of `place.i32` or its like; None for a kind that is no number's."""
        if kind == I32:
            return ffi.new("JSValue *", {"u": place.i32 & 0xFFFF_FFFF, "tag": TAG_INT})[0]
        if kind == I64:
            return js.JS_NewBigInt64(self._context, place.i64)
        if kind not in (F32, F64):
            return None
        self._double[0] = place.f32 if kind == F32 else place.f64
        word = ffi.cast("uint64_t *", self._double)[0]
        return ffi.new("JSValue *", {"u": word, "tag": TAG_FLOAT64})[0]

    # ---- values whose kind is known -------------------------------------------------

    def write_raw(self, slot: Any, kind: int, value: Any) -> None:
        """Put a value into a `wasmtime_val_raw_t`. Raises Pending and WasmError."""
        if self._write_number(slot, kind, value):
            return
        slot.words[0] = 0
        context = self._store.context
        if kind == EXTERNREF:
            if value.tag != TAG_NULL:
                self.make_externref(value, self._ref)
                slot.ref = lib.wasmtime_externref_to_raw(context, self._ref)
                lib.wasmtime_externref_unroot(self._ref)
        elif kind == FUNCREF:
            function = self._store.function_of(value)
            if function is not None:
                slot.func = lib.wasmtime_func_to_raw(context, function)
        else:
            raise WasmError("TypeError", DOES_NOT_CROSS)

    def read_raw(self, slot: Any, kind: int) -> Any:
        """The JavaScript value of a `wasmtime_val_raw_t`; the caller's. Raises WasmError."""
        number = self._read_number(slot, kind)
        if number is not None:
            return number
        context = self._store.context
        if kind == EXTERNREF:
            if slot.ref == 0:
                return NULL
            lib.wasmtime_externref_from_raw(context, slot.ref, self._ref)
            value = self.externref(self._ref)
            lib.wasmtime_externref_unroot(self._ref)
            return value
        if kind == FUNCREF:
            if slot.func == ffi.NULL:
                return NULL
            function = ffi.new("wasmtime_func_t *")
            lib.wasmtime_func_from_raw(context, slot.func, function)
            return self._store.function_value(function)
        raise WasmError("TypeError", DOES_NOT_CROSS)

    # ---- values that tell their kind ----------------------------------------------------

    def write(self, slot: Any, kind: int, value: Any) -> None:
        """Put a value into a `wasmtime_val_t`, to be unrooted. Raises Pending and WasmError."""
        slot.kind = kind
        if self._write_number(slot.of, kind, value):
            return
        if kind == EXTERNREF:
            slot.of.ref.store_id = 0
            if value.tag != TAG_NULL:
                self.make_externref(value, ffi.addressof(slot.of, "ref"))
        elif kind == FUNCREF:
            function = self._store.function_of(value)
            slot.of.funcref.store_id = 0
            if function is not None:
                slot.of.funcref = function[0]
        else:
            raise WasmError("TypeError", DOES_NOT_CROSS)

    def read(self, slot: Any) -> Any:
        """The JavaScript value of a `wasmtime_val_t`; the caller's. Raises WasmError."""
        kind = slot.kind
        number = self._read_number(slot.of, kind)
        if number is not None:
            return number
        if kind == EXTERNREF:
            if slot.of.ref.store_id == 0:
                return NULL
            return self.externref(ffi.addressof(slot.of, "ref"))
        if kind == FUNCREF:
            if slot.of.funcref.store_id == 0:
                return NULL
            function = ffi.new("wasmtime_func_t *", slot.of.funcref)
            return self._store.function_value(function)
        raise WasmError("TypeError", DOES_NOT_CROSS)

    # ---- references ----------------------------------------------------------------

    def make_externref(self, value: Any, made: Any) -> None:
        """A reference to a value, in `made`, to be unrooted. wasmtime_externref_new."""
        self._store.prepare_references()
        slot = Slot(self._store, value)
        if not lib.wasmtime_externref_new(self._store.context, slot.handle, _externref_gone, made):
            slot.drop()
            raise MemoryError("WebAssembly has no room for a reference")

    def externref(self, reference: Any) -> Any:
        """What a reference refers to; the caller's. wasmtime_externref_data."""
        data = lib.wasmtime_externref_data(self._store.context, reference)
        return ffi.from_handle(data).value()


def is_true(value: Any) -> bool:
    """Whether an argument is the boolean `true`."""
    return bool(value.tag == TAG_BOOL and value.u & 0xFFFF_FFFF)
