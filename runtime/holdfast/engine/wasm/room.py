"""WebAssembly in one isolate: the functions of C behind the JavaScript API, and what may be used.

`polyfills/wasm/` is the JavaScript API; it calls what is listed in `Room.natives`. Each of these
takes JSValues as they come, since scripts never call them themselves.

Who owns what. Arguments of callbacks belong to the engine. What a native function returns is the
caller's. Objects of JavaScript that outlive a call are in the keeper of their store (store.py), and
what is *on loan* here, such as the functions by address, lives as long as that.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from holdfast.engine.library import TAG_BOOL, TAG_EXCEPTION, TAG_INT, TAG_UNDEFINED
from holdfast.engine.wasm.errors import Pending, WasmError
from holdfast.engine.wasm.exceptions import OVERFLOWN, ExceptionObjects
from holdfast.engine.wasm.library import PROPERTY_PLAIN, c_callback, ffi, js, lib
from holdfast.engine.wasm.machine import clock, take_message
from holdfast.engine.wasm.modules import CompiledModule, CompileError, compiled, is_valid
from holdfast.engine.wasm.regions import PAGE_BYTES, Region
from holdfast.engine.wasm.sections import custom_sections
from holdfast.engine.wasm.store import Store
from holdfast.engine.wasm.types import KINDS, Signature
from holdfast.engine.wasm.values import EXCEPTION, UNDEFINED

log = logging.getLogger("holdfast.engine")

_NOTHING = ffi.new("uint8_t[1]")


class _Token:
    """An empty ArrayBuffer with which something ends."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.end = end
        self.handle = ffi.new_handle(self)


_tokens: set[_Token] = set()


@c_callback("JSReallocArrayBufferDataFunc", error=ffi.NULL)
def _token_gone(_runtime: Any, opaque: Any, _pointer: Any, size: int) -> Any:
    if size == 0:
        token: _Token = ffi.from_handle(opaque)
        _tokens.discard(token)
        token.end()
    return ffi.NULL


class Room:
    """The WebAssembly of one isolate; made when a script first asks for it."""

    def __init__(
        self,
        *,
        context: int,
        take: Callable[[int], bool],
        give_back: Callable[[int], None],
        should_interrupt: Callable[[], bool],
        is_expired: Callable[[], bool],
        find_module: Callable[[str], bytes],
        make_error: Any,
    ) -> None:
        """`context` is the address of the JSContext; `make_error(name, message)` a JSValue, kept.

        `find_module` has the bytes of a module of the script's, and raises KeyError.
        `take` and `give_back` count bytes for the isolate; `should_interrupt` asks its watchdog.
        """
        self.context = ffi.cast("JSContext *", context)
        self.take = take
        self.give_back = give_back
        self._find_module = find_module
        self.should_interrupt = should_interrupt
        self.should_stop = is_expired
        self.clock = clock()
        self.depth = 0  # of calls from WebAssembly into JavaScript
        self.trap = ffi.new("wasm_trap_t **")
        self.uncatchable: Any = None  # an exception on its way out of WebAssembly
        self.exported: dict[int, tuple[Store, Any, Any]] = {}  # by address of the function's object
        self.stores: dict[int, Store] = {}  # by address of their keeper
        self.regions: dict[int, Region] = {}  # by address of their token
        self.most_pages: dict[Region, int | None] = {}  # of those that JavaScript knows
        self._region_tokens: dict[Region, Any] = {}
        self._exception_objects: ExceptionObjects | None = None
        self._modules: list[CompiledModule] = []
        self._make_error = ffi.new("JSValue *", make_error)[0]
        self._call = ffi.callback("JSCFunctionData", self._run, error=EXCEPTION)
        natives = (
            (self.compile, 2), (self.module_named, 1), (self.validate, 1), (self.describe, 1),
            (self.custom_sections, 2), (self.source_of, 1),
            (self.new_store, 0), (self.store_of, 1), (self.instantiate, 4),
            (self.new_memory, 2), (self.memory_buffer, 1), (self.grow_memory, 2),
            (self.new_table, 5), (self.table_size, 2), (self.table_get, 3), (self.table_set, 4),
            (self.table_grow, 4),
            (self.new_global, 4), (self.global_get, 2), (self.global_set, 3),
            (self.new_tag, 3), (self.js_tag, 1), (self.use_exceptions, 2),
        )  # fmt: skip
        self._natives = [function for function, _ in natives]
        self._lengths = [length for _, length in natives]

    def natives(self) -> Any:
        """An object with the native functions; the caller's."""
        table = js.JS_NewObject(self.context)
        for number, function in enumerate(self._natives):
            made = js.JS_NewCFunctionData2(
                self.context, self._call, b"", self._lengths[number], number, 0, ffi.NULL
            )
            js.JS_SetPropertyStr(self.context, table, function.__name__.encode(), made)
        return table

    def close(self) -> None:
        """The isolate's heap is gone."""
        for store in list(self.stores.values()):
            store.close()

    def release_held(self) -> None:
        """Let go of what is held in the heap, before that is freed."""
        js.JS_FreeValue(self.context, self._make_error)
        if self._exception_objects is not None:
            self._exception_objects.release()

    def _run(
        self, _context: Any, _this: Any, _count: int, arguments: Any, magic: int, _data: Any
    ) -> Any:
        try:
            return self._natives[magic](arguments)
        except Exception as error:  # noqa: BLE001 - C has nobody who would catch it
            return self.raised(error)

    # ---- errors ----------------------------------------------------------------------

    def raised(self, error: BaseException) -> Any:
        """Make what Python has raised the pending exception; what to return to C."""
        if isinstance(error, Pending):
            return EXCEPTION
        if isinstance(error, WasmError):
            return self.throw(error.name, error.message)
        if isinstance(error, RecursionError):
            return self.throw("RangeError", OVERFLOWN)
        if isinstance(error, MemoryError):
            return self.throw("RangeError", f"WebAssembly: Out of memory: {error}")
        log.error("WebAssembly failed", exc_info=error)
        return self.throw("Error", "internal error")

    def throw(self, name: str, message: str) -> Any:
        """Throw an error of this class; what to return to C."""
        arguments = ffi.new("JSValue[2]")
        for index, text in enumerate((name.encode(), message.encode("utf-8", "surrogatepass"))):
            arguments[index] = js.JS_NewStringLen(self.context, text, len(text))
        error = js.JS_Call(self.context, self._make_error, UNDEFINED, 2, arguments)
        for argument in arguments:
            js.JS_FreeValue(self.context, argument)
        return error if error.tag == TAG_EXCEPTION else js.JS_Throw(self.context, error)

    def stop(self) -> Any:
        """Throw what nothing catches: the isolate's time is up."""
        stop = js.JS_NewError(self.context)
        js.JS_SetUncatchableError(self.context, stop)
        return js.JS_Throw(self.context, stop)

    def stopped(self) -> Pending:
        """`stop`, to be raised."""
        self.stop()
        return Pending()

    def hold_uncatchable(self, value: Any) -> None:
        """An exception that is to come out where WebAssembly was called; taken over."""
        if self.uncatchable is not None:
            js.JS_FreeValue(self.context, self.uncatchable)
        self.uncatchable = ffi.new("JSValue *", value)[0]

    # ---- values ----------------------------------------------------------------------

    def number(self, value: int) -> Any:
        """A small integer as a JSValue."""
        return ffi.new("JSValue *", {"u": value & 0xFFFF_FFFF, "tag": TAG_INT})[0]

    def boolean(self, value: object) -> Any:
        """A boolean as a JSValue."""
        return ffi.new("JSValue *", {"u": 1 if value else 0, "tag": TAG_BOOL})[0]

    def array(self, values: list[Any]) -> Any:
        """An array of values, which are taken over; the caller's. JS_NewArrayFrom."""
        return js.JS_NewArrayFrom(self.context, len(values), ffi.new("JSValue[]", values))

    def text(self, value: Any) -> str:
        """A string's."""
        length = ffi.new("size_t *")
        pointer = js.JS_ToCStringLen2(self.context, length, value, False)
        if not pointer:
            raise Pending
        told: bytes = ffi.unpack(pointer, length[0])
        js.JS_FreeCString(self.context, pointer)
        return told.decode("utf-8", "surrogatepass")

    def string(self, text: str) -> Any:
        """A string as a JSValue; the caller's."""
        encoded = text.encode("utf-8", "surrogatepass")
        return js.JS_NewStringLen(self.context, encoded, len(encoded))

    def _bytes(self, value: Any) -> bytes:
        length = ffi.new("size_t *")
        pointer = js.JS_GetUint8Array(self.context, length, value)
        if not pointer:
            js.JS_FreeValue(self.context, js.JS_GetException(self.context))
            return b""
        return bytes(ffi.buffer(pointer, length[0]))

    def _store(self, keeper: Any) -> Store:
        return self.stores[keeper.u]

    def _token(self, end: Callable[[], None]) -> Any:
        token = _Token(end)
        made = js.JS_NewArrayBuffer(self.context, _NOTHING, 0, 0, _token_gone, token.handle, False)
        if made.tag == TAG_EXCEPTION:
            raise Pending
        _tokens.add(token)
        return made

    # ---- modules ---------------------------------------------------------------------

    def _add_module(self, source: bytes) -> int:
        """The number of a module. Raises CompileError."""
        self._modules.append(compiled(source))
        return len(self._modules) - 1

    def compile(self, arguments: Any) -> Any:
        """`compile(bytes, what)`: the number of the module; an error names `what`."""
        try:
            number = self._add_module(self._bytes(arguments[0]))
        except CompileError as error:
            raise WasmError("CompileError", f"{self.text(arguments[1])}: {error}") from None
        if not self.take(self._modules[number].code_bytes()):
            raise MemoryError("the isolate has no room for a module")
        return self.number(number)

    def module_named(self, arguments: Any) -> Any:
        """`module_named(name)`: the number of a module of the script's own."""
        name = self.text(arguments[0])
        try:
            return self.number(self._add_module(self._find_module(name)))
        except KeyError:
            raise WasmError("Error", f'There is no module "{name}".') from None
        except CompileError as error:
            told = f'The module "{name}" cannot be compiled: {error}'
            raise WasmError("CompileError", told) from None

    def validate(self, arguments: Any) -> Any:
        """`validate(bytes)`: whether they are a module."""
        return self.boolean(is_valid(self._bytes(arguments[0])))

    def _module(self, value: Any) -> CompiledModule:
        module: CompiledModule = self._modules[value.u & 0xFFFF_FFFF]
        return module

    def describe(self, arguments: Any) -> Any:
        """`describe(module)`: its imports and exports, in JSON."""
        module = self._module(arguments[0])
        imports = [
            {"module": of, "name": name, **extern.told()} for of, name, extern in module.imports
        ]
        exports = [{"name": name, **extern.told()} for name, extern in module.exports]
        return self.string(json.dumps({"imports": imports, "exports": exports}))

    def source_of(self, arguments: Any) -> Any:
        """`source_of(module)`: an ArrayBuffer of the bytes that it was made of."""
        source = self._module(arguments[0]).source
        return js.JS_NewArrayBufferCopy(self.context, source, len(source))

    def custom_sections(self, arguments: Any) -> Any:
        """`custom_sections(module, name)`: an array of ArrayBuffers."""
        name = self.text(arguments[1]).encode("utf-8", "surrogatepass")
        found = custom_sections(self._module(arguments[0]).source, name)
        return self.array(
            [js.JS_NewArrayBufferCopy(self.context, content, len(content)) for content in found]
        )

    # ---- stores and instances -----------------------------------------------------------

    def new_store(self, _arguments: Any) -> Any:
        """`new_store()`: the keeper of a new store."""
        keeper = js.JS_NewArray(self.context)
        if keeper.tag == TAG_EXCEPTION:
            raise Pending
        store = Store(self)
        address = keeper.u

        def end() -> None:
            del self.stores[address]
            for function in store.function_addresses():
                self.exported.pop(function, None)
            store.close()

        token = self._token(end)
        self.stores[address] = store
        store.keeper_argument = ffi.new("JSValue *", keeper)
        store.keeper = store.keeper_argument[0]
        js.JS_DefinePropertyValueUint32(self.context, keeper, 0, token, PROPERTY_PLAIN)
        return keeper

    def store_of(self, arguments: Any) -> Any:
        """`store_of(value)`: the keeper of an exported function's store; undefined for all else."""
        value = arguments[0]
        known = self.exported.get(value.u) if value.tag == -1 else None
        if known is None:
            return UNDEFINED
        return js.JS_DupValue(self.context, known[0].keeper)

    def instantiate(self, arguments: Any) -> Any:
        """`instantiate(keeper, module, imports, what)`: an array with a value for each export.

        An error names `what`.
        """
        store, module = self._store(arguments[0]), self._module(arguments[1])
        given = []
        try:
            for index in range(len(module.imports)):
                value = js.JS_GetPropertyInt64(self.context, arguments[2], index)
                given.append(value)
            return self.array(store.instantiate(module, given))
        except WasmError as error:
            if error.name != "LinkError":
                raise
            told = f"{self.text(arguments[3])}: {error.message}"
            raise WasmError(error.name, told) from None
        finally:
            for value in given:
                js.JS_FreeValue(self.context, value)

    # ---- memories --------------------------------------------------------------------

    def token_of(self, region: Region) -> Any:
        """The object that stands for a region, always the same one; the caller's."""
        known = self._region_tokens.get(region)
        if known is not None:
            return js.JS_DupValue(self.context, known)

        def end() -> None:
            address = self._region_tokens.pop(region).u
            del self.regions[address]
            self.most_pages.pop(region, None)
            region.forget_buffer()
            region.release()

        made = self._token(end)
        region.hold()
        self._region_tokens[region] = ffi.new("JSValue *", made)[0]
        self.regions[made.u] = region
        return made

    def new_memory(self, arguments: Any) -> Any:
        """`new_memory(pages, most)`: the token of a new memory; `most` may be undefined."""
        region = Region(self, (arguments[0].u & 0xFFFF_FFFF) * PAGE_BYTES)
        try:
            token = self.token_of(region)
        finally:
            region.release()
        is_bounded = arguments[1].tag != TAG_UNDEFINED
        self.most_pages[region] = arguments[1].u & 0xFFFF_FFFF if is_bounded else None
        return token

    def memory_buffer(self, arguments: Any) -> Any:
        """`memory_buffer(token)`: a new ArrayBuffer; the one before is detached."""
        return self.regions[arguments[0].u].buffer(arguments[0])

    def grow_memory(self, arguments: Any) -> Any:
        """`grow_memory(token, pages)`: whether it could grow by so many."""
        region, pages = self.regions[arguments[0].u], arguments[1].u & 0xFFFF_FFFF
        before = ffi.new("uint64_t *")
        for binding in region.bindings:
            if binding.memory is not None:
                error = lib.wasmtime_memory_grow(binding.context, binding.memory, pages, before)
                if error:
                    lib.wasmtime_error_delete(error)
                elif pages == 0:
                    region.detach()
                return self.boolean(not error)
        most = self.most_pages.get(region)
        wanted = region.size + pages * PAGE_BYTES
        if wanted > (PAGE_BYTES if most is None else most) * PAGE_BYTES:
            return self.boolean(False)
        try:
            region.grow(wanted)
        except MemoryError:
            return self.boolean(False)
        return self.boolean(True)

    # ---- tables ----------------------------------------------------------------------

    def _table(self, arguments: Any) -> tuple[Store, Any, int]:
        store = self._store(arguments[0])
        table, content = store.tables[arguments[1].u & 0xFFFF_FFFF]
        return store, table, content

    def new_table(self, arguments: Any) -> Any:
        """`new_table(keeper, kind, least, most, value)`: its number in the store."""
        return self.number(
            self._store(arguments[0]).new_table(*[arguments[i] for i in range(1, 5)])
        )

    def table_size(self, arguments: Any) -> Any:
        """`table_size(keeper, table)`."""
        store, table, _ = self._table(arguments)
        return self.number(lib.wasmtime_table_size(store.context, table))

    def table_get(self, arguments: Any) -> Any:
        """`table_get(keeper, table, index)`, which must be there."""
        store, table, _ = self._table(arguments)
        found = ffi.new("wasmtime_val_t *")
        there = lib.wasmtime_table_get(store.context, table, arguments[2].u & 0xFFFF_FFFF, found)
        assert there, "the polyfill has looked how large the table is"
        try:
            return store.values.read(found)
        finally:
            lib.wasmtime_val_unroot(found)

    def table_set(self, arguments: Any) -> Any:
        """`table_set(keeper, table, index, value)`; the index must be there."""
        store, table, content = self._table(arguments)
        with store.value_of(content, arguments[3]) as value:
            error = lib.wasmtime_table_set(
                store.context, table, arguments[2].u & 0xFFFF_FFFF, value
            )
        assert not error, "the polyfill has looked how large the table is"
        return UNDEFINED

    def table_grow(self, arguments: Any) -> Any:
        """`table_grow(keeper, table, count, value)`: whether it could."""
        store, table, content = self._table(arguments)
        before = ffi.new("uint64_t *")
        with store.value_of(content, arguments[3]) as value:
            error = lib.wasmtime_table_grow(
                store.context, table, arguments[2].u & 0xFFFF_FFFF, value, before
            )
        if error:
            lib.wasmtime_error_delete(error)
        return self.boolean(not error)

    # ---- globals ---------------------------------------------------------------------

    def new_global(self, arguments: Any) -> Any:
        """`new_global(keeper, kind, mutable, value)`: its number in the store."""
        return self.number(
            self._store(arguments[0]).new_global(*[arguments[i] for i in range(1, 4)])
        )

    def global_get(self, arguments: Any) -> Any:
        """`global_get(keeper, global)`."""
        store = self._store(arguments[0])
        found = ffi.new("wasmtime_val_t *")
        lib.wasmtime_global_get(
            store.context, store.globals[arguments[1].u & 0xFFFF_FFFF][0], found
        )
        try:
            return store.values.read(found)
        finally:
            lib.wasmtime_val_unroot(found)

    def global_set(self, arguments: Any) -> Any:
        """`global_set(keeper, global, value)`, which must be mutable."""
        store = self._store(arguments[0])
        made, content, _ = store.globals[arguments[1].u & 0xFFFF_FFFF]
        with store.value_of(content, arguments[2]) as value:
            error = lib.wasmtime_global_set(store.context, made, value)
        if error:
            raise WasmError("TypeError", take_message(error))
        return UNDEFINED

    # ---- exceptions ------------------------------------------------------------------

    def new_tag(self, arguments: Any) -> Any:
        """`new_tag(keeper, kinds, count)`: the number of a new tag in the store."""
        store, kinds = self._store(arguments[0]), []
        for index in range(arguments[2].u & 0xFFFF_FFFF):
            kind = js.JS_GetPropertyInt64(self.context, arguments[1], index)
            kinds.append(KINDS[self.text(kind)])
            js.JS_FreeValue(self.context, kind)
        return self.number(store.new_tag(Signature(tuple(kinds), ())))

    def js_tag(self, arguments: Any) -> Any:
        """`js_tag(keeper)`: the number in the store of the tag of what JavaScript throws."""
        return self.number(self._store(arguments[0]).exceptions.js_tag())

    def use_exceptions(self, arguments: Any) -> Any:
        """`use_exceptions(make, read)`: see ExceptionObjects. Once."""
        held = [js.JS_DupValue(self.context, arguments[index]) for index in range(2)]
        self._exception_objects = ExceptionObjects(self.context, *held)
        return UNDEFINED

    def make_exception(self, keeper: Any, number: int, payload: list[Any]) -> Any:
        """A WebAssembly.Exception; the caller's."""
        assert self._exception_objects is not None, "who makes instances knows exceptions"
        return self._exception_objects.make(keeper, self.number(number), self.array(payload))

    def read_exception(self, value: Any, keeper: Any) -> tuple[int, list[Any]] | None:
        """What is in a WebAssembly.Exception, for a store; None for any other value."""
        assert self._exception_objects is not None, "who makes instances knows exceptions"
        return self._exception_objects.read(value, keeper)
