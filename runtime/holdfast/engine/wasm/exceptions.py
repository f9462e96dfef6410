"""What ends a call of WebAssembly, or passes through one: traps, and what is thrown.

What a function of JavaScript throws is for WebAssembly an exception with the tag
`WebAssembly.JSTag` that carries it, so that `catch_all` sees it; a `WebAssembly.Exception` is one
with its own tag. What comes out again is what went in. What ends the isolate passes through as a
trap, which nothing catches.

https://webassembly.github.io/spec/js-api/#exceptions
"""

from typing import TYPE_CHECKING, Any

from holdfast.engine.library import TAG_EXCEPTION, TAG_OBJECT, TAG_UNDEFINED
from holdfast.engine.wasm.errors import Pending, WasmError
from holdfast.engine.wasm.library import EXTERNREF, ffi, js, lib
from holdfast.engine.wasm.machine import take_message, take_trap
from holdfast.engine.wasm.types import Signature
from holdfast.engine.wasm.values import EXCEPTION, UNDEFINED

if TYPE_CHECKING:
    from holdfast.engine.wasm.store import Store

OVERFLOWN = "Maximum call stack size exceeded"

MOST_REMEMBERED = 8
_STACK_OVERFLOW = 0
_TRAPS = {
    1: "memory access out of bounds",
    2: "operation does not support unaligned accesses",
    3: "table index is out of bounds",
    4: "null function",
    5: "function signature mismatch",
    6: "divide result unrepresentable",
    7: "divide by zero",
    8: "float unrepresentable in integer range",
    9: "unreachable",
    13: "dereferencing a null pointer",
}


class Exceptions:
    """The exceptions of one store."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._js_tag: int | None = None
        # Those that came from JavaScript last, by what WebAssembly has of them: the reference that
        # keeps it in place, and where the keeper has the object.
        self._known: dict[int, tuple[Any, int]] = {}

    # ---- out of WebAssembly ----------------------------------------------------------

    def failed(self, error: Any) -> Any:
        """A call has ended with an error or the room's trap: make that the pending exception."""
        store = self._store
        room = store.room
        trap = room.trap[0]
        room.trap[0] = ffi.NULL
        if room.uncatchable is not None:
            _forget(error, trap)
            value, room.uncatchable = room.uncatchable, None
            return js.JS_Throw(store.js_context, value)
        if room.should_stop():
            _forget(error, trap)
            return room.stop()
        if self.throw_again():
            _forget(error, trap)
            return EXCEPTION
        if trap:
            code, message = take_trap(trap)
            if code == _STACK_OVERFLOW:
                return room.throw("RangeError", OVERFLOWN)
            known = message if code is None else _TRAPS.get(code, message)
            return room.throw("RuntimeError", known)
        return room.throw("RuntimeError", take_message(error).splitlines()[-1])

    def throw_again(self) -> bool:
        """Make what WebAssembly has thrown, if it has, the pending exception."""
        thrown = ffi.new("wasmtime_ref_t *")
        if not lib.wasmtime_context_take_exception(self._store.context, thrown):
            return False
        self._throw(thrown)
        return True

    def _throw(self, thrown: Any) -> Any:
        """Throw what an exception carries, or the exception as an object."""
        store = self._store
        known = self._known.get(lib.wasmtime_exnref_to_raw(store.context, thrown))
        if known is not None:
            lib.wasmtime_exnref_unroot(thrown)
            place = js.JS_GetPropertyInt64(store.js_context, store.keeper, known[1])
            return js.JS_Throw(store.js_context, place)
        tag = ffi.new("wasmtime_tag_t *")
        error = lib.wasmtime_exnref_tag(store.context, thrown, tag)
        assert not error, "an exception has a tag"
        try:
            number = store.number_of_tag(tag)
            signature = store.tags[number][1]
            try:
                payload = [self._field(thrown, index) for index in range(len(signature.params))]
            except WasmError:  # a value that does not cross
                payload = []
        finally:
            lib.wasmtime_exnref_unroot(thrown)
        if number == self._js_tag:
            return js.JS_Throw(store.js_context, payload[0])
        made = store.room.make_exception(store.keeper, number, payload)
        return made if made.tag == TAG_EXCEPTION else js.JS_Throw(store.js_context, made)

    def _field(self, thrown: Any, index: int) -> Any:
        field = ffi.new("wasmtime_val_t *")
        lib.wasmtime_exnref_field(self._store.context, thrown, index, field)
        try:
            return self._store.values.read(field)
        finally:
            lib.wasmtime_val_unroot(field)

    # ---- into WebAssembly ------------------------------------------------------------

    def js_tag(self) -> int:
        """The number of the tag under which this store has what JavaScript throws."""
        if self._js_tag is None:
            self._js_tag = self._store.new_tag(Signature((EXTERNREF,), ()))
        return self._js_tag

    def failed_within(self, error: BaseException) -> Any:
        """Converting to or from JavaScript has failed within a call of it; as `thrown`."""
        self._store.room.raised(error)
        return self.thrown()

    def thrown(self) -> Any:
        """JavaScript that was called has thrown: the trap for WebAssembly, which may catch it."""
        store = self._store
        value = js.JS_GetException(store.js_context)
        if js.JS_IsUncatchableError(value) or store.room.should_stop():
            return self._trap_with(value)
        try:
            known = value.tag == TAG_OBJECT and store.room.read_exception(value, store.keeper)
            if known:
                number, payload = known
            else:
                number, payload = self.js_tag(), [js.JS_DupValue(store.js_context, value)]
            made = self._exception(number, payload)
            if known:
                self._remember(made, value)
            trap = lib.wasmtime_context_set_exception(store.context, made)
        except (MemoryError, Pending):
            return self._trap_with(value)
        js.JS_FreeValue(store.js_context, value)
        return trap

    def _remember(self, made: Any, value: Any) -> None:
        """Have an exception be the same object again, should it soon come out as it is."""
        store = self._store
        if len(self._known) == MOST_REMEMBERED:
            oldest, place = self._known.pop(next(iter(self._known)))
            lib.wasmtime_exnref_unroot(oldest)
            store.let_go(place)
        root = ffi.new("wasmtime_ref_t *")
        lib.wasmtime_exnref_clone(made, root)
        raw = lib.wasmtime_exnref_to_raw(store.context, root)
        self._known[raw] = root, store.keep(js.JS_DupValue(store.js_context, value))

    def _exception(self, number: int, payload: list[Any]) -> Any:
        """An exception with these values, which are taken over. wasmtime_exnref_new."""
        store = self._store
        tag, signature = store.tags[number]
        fields = ffi.new("wasmtime_val_t[]", max(len(payload), 1))
        made = ffi.new("wasmtime_ref_t *")
        try:
            store.prepare_references()
            for index, kind in enumerate(signature.params):
                store.values.write(fields[index], kind, payload[index])
            error = lib.wasmtime_exnref_new(store.context, tag, fields, len(payload), made)
        finally:
            for index, value in enumerate(payload):
                lib.wasmtime_val_unroot(ffi.addressof(fields, index))
                js.JS_FreeValue(store.js_context, value)
        if error:
            raise MemoryError(take_message(error))
        return made

    def _trap_with(self, value: Any) -> Any:
        """A trap that WebAssembly cannot catch, at whose end this value is thrown; taken over."""
        self._store.room.hold_uncatchable(value)
        return lib.wasmtime_trap_new(b"stopped", 7)


class ExceptionObjects:
    """`WebAssembly.Exception`, of which the polyfill knows what is in it."""

    def __init__(self, context: Any, make: Any, read: Any) -> None:
        """`make(keeper, tag, payload)` and `read(exception, keeper)`, JSValues, taken over."""
        self._context = context
        self._make = ffi.new("JSValue *", make)[0]
        self._read = ffi.new("JSValue *", read)[0]

    def release(self) -> None:
        """Let go of both."""
        for value in (self._make, self._read):
            js.JS_FreeValue(self._context, value)

    def make(self, keeper: Any, number: Any, payload: Any) -> Any:
        """The object for an exception; `payload`, an array, is taken over."""
        arguments = ffi.new("JSValue[]", [keeper, number, payload])
        made = js.JS_Call(self._context, self._make, UNDEFINED, 3, arguments)
        js.JS_FreeValue(self._context, payload)
        return made

    def read(self, value: Any, keeper: Any) -> tuple[int, list[Any]] | None:
        """Number of the tag in a store, and payload, the caller's; None if it is none.

        Raises Pending.
        """
        arguments = ffi.new("JSValue[]", [value, keeper])
        told = js.JS_Call(self._context, self._read, UNDEFINED, 2, arguments)
        if told.tag == TAG_EXCEPTION:
            js.JS_FreeValue(self._context, js.JS_GetException(self._context))
            raise Pending
        if told.tag == TAG_UNDEFINED:
            return None
        count = js.JS_GetPropertyInt64(self._context, told, 1).u & 0xFFFF_FFFF
        number = js.JS_GetPropertyInt64(self._context, told, 0).u & 0xFFFF_FFFF
        payload = [js.JS_GetPropertyInt64(self._context, told, 2 + index) for index in range(count)]
        js.JS_FreeValue(self._context, told)
        return number, payload


def _forget(error: Any, trap: Any) -> None:
    if trap:
        lib.wasm_trap_delete(trap)
    if error:
        lib.wasmtime_error_delete(error)
