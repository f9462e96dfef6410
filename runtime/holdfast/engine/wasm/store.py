"""A store: instances that know each other, with all that is theirs.

wasmtime frees a store as a whole, and JavaScript drops one object at a time. So each instance that
is given nothing of another has a store of its own, and one that is given a memory, a table, a
global or a function of others is made in theirs. A store lives as long as any object of JavaScript
that stands for something in it: all of them hold its *keeper*, an array which in turn holds what
WebAssembly refers to, so that the engine's collector of garbage sees circles through both. In the
keeper lies an empty ArrayBuffer, and when that is freed, nobody can reach the store any more.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from holdfast.engine.library import TAG_EXCEPTION, TAG_NULL, TAG_OBJECT, TAG_UNDEFINED
from holdfast.engine.wasm.errors import Pending, WasmError
from holdfast.engine.wasm.exceptions import Exceptions
from holdfast.engine.wasm.functions import Call, Imported, call_imported, exported
from holdfast.engine.wasm.library import (
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    PROPERTY_PLAIN,
    ffi,
    js,
    lib,
)
from holdfast.engine.wasm.machine import engine, take_message
from holdfast.engine.wasm.modules import CompiledModule, compiled
from holdfast.engine.wasm.regions import Binding, Region, supplied_by
from holdfast.engine.wasm.sections import memory_module
from holdfast.engine.wasm.types import KINDS, Extern, Signature, make_functype, make_valtype
from holdfast.engine.wasm.values import EXCEPTION, UNDEFINED, Slot, Values, is_true

if TYPE_CHECKING:
    from holdfast.engine.wasm.room import Room

log = logging.getLogger("holdfast.engine")

CALLS_OF_A_CHUNK = 1 << 16  # what the engine keeps of a function has 16 bits for its number
TABLE_ELEMENTS = 1 << 17  # how far a table may grow at least
MOST_INSTANCES = 10_000

# What is counted for the isolate beside memories, in bytes.
INSTANCE_BYTES = 16_384
FUNCTION_BYTES = 1_024
ELEMENT_BYTES = 8


class _Chunk:
    """So many functions as have numbers of 16 bits, behind one callback of C."""

    def __init__(self, store: "Store") -> None:
        self._calls: list[Call | None] = []  # None: not called yet
        self._functions: list[tuple[Any, Signature]] = []
        self._store = store
        self.callback = ffi.callback("JSCFunctionData", self._run, error=EXCEPTION)

    def _run(
        self, _context: Any, _this: Any, count: int, arguments: Any, magic: int, _data: Any
    ) -> Any:
        try:
            return (self._calls[magic] or self._call(magic))(count, arguments)
        except Exception as error:  # noqa: BLE001 - C has nobody who would catch it
            return self._store.room.raised(error)

    def _call(self, number: int) -> Call:
        call = self._calls[number] = exported(self._store, *self._functions[number])
        return call

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, function: Any, signature: Signature) -> None:
        """The next function."""
        self._calls.append(None)
        self._functions.append((function, signature))


class Store:
    """One store of wasmtime in an isolate. wasmtime_store_new."""

    def __init__(self, room: "Room") -> None:
        """The room gives it a keeper next."""
        self.room = room
        self.js_context = room.context
        self.is_closed = False
        self.charged = 0
        self._pointer = lib.wasmtime_store_new(engine(), ffi.NULL, ffi.NULL)
        self.context = lib.wasmtime_store_context(self._pointer)
        self._limits = TABLE_ELEMENTS
        self._limit(TABLE_ELEMENTS)
        self._deadline = ffi.callback("wasmtime_deadline_callback", self._next_epoch)
        lib.wasmtime_store_epoch_deadline_callback(
            self._pointer, self._deadline, ffi.NULL, ffi.NULL
        )
        lib.wasmtime_context_set_epoch_deadline(self.context, 1)
        self._has_references = False
        self.keeper: Any = None  # a JSValue, on loan: it lives as long as the store
        self.keeper_argument: Any = None  # a pointer to it
        self._kept = 1
        self._free_places: list[int] = []
        self.slots: set[Slot] = set()
        self.values = Values(self)
        self._chunks: list[_Chunk] = []
        self._own: list[int] = []  # addresses of functions' objects
        # JSValues of functions by their `_identity`, on loan from the keeper.
        self._by_identity: dict[tuple[int, int], Any] = {}
        self._imported: list[Imported] = []
        self._foreigners: dict[int, Any] = {}  # functions of other stores, by their objects
        self._memories: dict[int, Binding] = {}  # by address
        self.tables: list[tuple[Any, int]] = []
        self.globals: list[tuple[Any, int, bool]] = []
        self.tags: list[tuple[Any, Signature]] = []
        self.exceptions = Exceptions(self)
        self._numbers: dict[tuple[int, ...], int] = {}  # of tables, globals and tags

    def _limit(self, table_elements: int) -> None:
        lib.wasmtime_store_limiter(self._pointer, -1, table_elements, MOST_INSTANCES, -1, -1)

    def close(self) -> None:
        """Nobody can reach it any more. wasmtime_store_delete."""
        if self.is_closed:
            return
        self.is_closed = True
        lib.wasmtime_store_delete(self._pointer)
        self.room.give_back(self.charged)
        self._chunks.clear()
        self._imported.clear()
        self.slots.clear()

    def charge(self, size: int) -> None:
        """Count so many bytes for the isolate. Raises MemoryError."""
        if not self.room.take(size):
            raise MemoryError("the isolate has no room for an instance")
        self.charged += size

    def _next_epoch(self, _context: Any, _data: Any, delta: Any, kind: Any) -> Any:
        """C callback: what runs has run into another epoch."""
        if self.room.should_interrupt():
            return lib.wasmtime_error_new(b"interrupted")
        self.room.clock.is_quiet = False
        delta[0] = 1
        kind[0] = 0
        return ffi.NULL

    # ---- the keeper ----------------------------------------------------------------

    def keep(self, value: Any) -> int:
        """Have the keeper hold a value, which is taken over; its place, never 0."""
        place = self._free_places.pop() if self._free_places else self._kept
        if place == self._kept:
            self._kept += 1
        if (
            js.JS_DefinePropertyValueUint32(
                self.js_context, self.keeper, place, value, PROPERTY_PLAIN
            )
            < 0
        ):
            raise Pending
        return place

    def let_go(self, place: int) -> None:
        """Have the keeper hold it no longer."""
        js.JS_DefinePropertyValueUint32(
            self.js_context, self.keeper, place, UNDEFINED, PROPERTY_PLAIN
        )
        self._free_places.append(place)

    def prepare_references(self) -> None:
        """Have wasmtime make what it keeps references in, which is a memory. Raises MemoryError."""
        if not self._has_references:
            self._has_references = True
            made = ffi.new("wasmtime_ref_t *")
            with supplied_by(self._new_memory):
                self.values.make_externref(UNDEFINED, made)
            lib.wasmtime_externref_unroot(made)

    # ---- functions -------------------------------------------------------------------

    def function_value(self, function: Any, name: str = "", signature: Any = None) -> Any:
        """The object of JavaScript for a function, always the same one; the caller's."""
        identity = self._identity(function)
        known = self._by_identity.get(identity)
        if known is not None:
            return js.JS_DupValue(self.js_context, known)
        if signature is None:
            functype = lib.wasmtime_func_type(self.context, function)
            signature = Signature.of(functype)
            lib.wasm_functype_delete(functype)
        chunk = self._chunks[-1] if self._chunks else None
        if chunk is None or len(chunk) == CALLS_OF_A_CHUNK:
            chunk = _Chunk(self)
            self._chunks.append(chunk)
        made = js.JS_NewCFunctionData2(
            self.js_context,
            chunk.callback,
            (name or str(len(self._own))).encode(),
            len(signature.params),
            len(chunk),
            1,
            self.keeper_argument,
        )
        if made.tag == TAG_EXCEPTION:
            raise Pending
        chunk.add(function, signature)
        self.keep(made)
        self._by_identity[identity] = made
        self._own.append(made.u)
        self.room.exported[made.u] = (self, function, signature)
        return js.JS_DupValue(self.js_context, made)

    def _identity(self, function: Any) -> tuple[int, int]:
        """What all references to a function have in common: its code, and what that runs with.

        An instance refers to what it imports by a copy of wasmtime's VMFuncRef, of which the C API
        does not tell. wasmtime_func_to_raw.
        """
        told = ffi.cast("uint64_t *", lib.wasmtime_func_to_raw(self.context, function))
        return told[0], told[3]

    def function_addresses(self) -> list[int]:
        """Those of the objects of its functions."""
        return self._own

    def function_of(self, value: Any) -> Any:
        """Wasmtime's function of an exported one of this store; None for null. Raises WasmError."""
        if value.tag == TAG_NULL:
            return None
        known = self.room.exported.get(value.u) if value.tag == TAG_OBJECT else None
        if known is None:
            raise WasmError("TypeError", "function-typed object expected")
        store, function, signature = known
        if store is self:
            return function
        return self._foreign(value, signature)

    def _foreign(self, value: Any, signature: Signature) -> Any:
        """A function of another store, as one that this store imports."""
        known = self._foreigners.get(value.u)
        if known is None:
            functype = make_functype(signature)
            known = self._foreigners[value.u] = self.import_function(value, signature, functype)
            lib.wasm_functype_delete(functype)
            self._by_identity[self._identity(known)] = self._imported[-1].function
        return known

    def import_function(self, value: Any, signature: Signature, functype: Any) -> Any:
        """A function of wasmtime's that calls one of JavaScript's."""
        self.keep(js.JS_DupValue(self.js_context, value))
        kept = ffi.new("JSValue *", value)[0]
        imported = Imported(self, kept, signature)
        made = ffi.new("wasmtime_func_t *")
        lib.wasmtime_func_new_unchecked(
            self.context, functype, call_imported, imported.handle, ffi.NULL, made
        )
        self._imported.append(imported)
        return made

    # ---- instances ---------------------------------------------------------------------

    def instantiate(self, module: CompiledModule, given: list[Any]) -> list[Any]:
        """Make an instance; a JSValue, the caller's, for each export.

        `given` has a JSValue for each import: a function, the token of a memory, or a number of
        this store's. Raises WasmError, Pending. wasmtime_instance_new.
        """
        self._charge_for(module)
        imports = ffi.new("wasmtime_extern_t[]", max(len(given), 1))
        for index, ((_, _, extern), value) in enumerate(zip(module.imports, given, strict=True)):
            self._import(imports[index], extern, value, module, index)
        instance = ffi.new("wasmtime_instance_t *")
        trap = ffi.new("wasm_trap_t **")
        room = self.room
        if room.clock.is_quiet:
            room.clock.note()
        with supplied_by(self._new_memory):
            error = lib.wasmtime_instance_new(
                self.context, module.pointer, imports, len(given), instance, trap
            )
        if trap[0]:
            room.trap[0] = trap[0]
            self.exceptions.failed(ffi.NULL)
            raise Pending
        if error:
            self._refuse(error)
        return self._exports(module, instance)

    def _charge_for(self, module: CompiledModule) -> None:
        size = INSTANCE_BYTES
        size += FUNCTION_BYTES * (len(module.imports) + len(module.exports))
        self.charge(size + self._charge_for_tables(module))

    def _charge_for_tables(self, module: CompiledModule) -> int:
        tables = [extern for _, extern in module.exports if extern.kind == EXTERN_TABLE]
        largest = max((extern.limits[0] for extern in tables), default=0)
        if largest * 2 > self._limits:
            self._limits = largest * 2
            self._limit(self._limits)
        # Tables that are not exported are not told of, so there is always one.
        return ELEMENT_BYTES * max(largest, 8_192) * max(len(tables), 1)

    def _refuse(self, error: Any) -> None:
        message = take_message(error)
        if self.room.should_stop():
            raise self.room.stopped()
        if self.exceptions.throw_again():  # what the start function has let pass
            raise Pending
        if "out of memory" in message or "exceeds memory limits" in message:
            raise WasmError("RangeError", "Out of memory: Cannot allocate Wasm memory")
        if "interrupted" in message:
            raise self.room.stopped()
        raise WasmError("LinkError", message.splitlines()[0] if message else "it does not link")

    def _import(
        self, slot: Any, extern: Extern, value: Any, module: CompiledModule, index: int
    ) -> None:
        slot.kind = extern.kind
        if extern.kind == EXTERN_FUNC:
            known = self.room.exported.get(value.u)
            if known is not None and known[0] is self:
                slot.of.func = known[1][0]
            elif known is not None and known[2] != extern.signature:
                raise WasmError("LinkError", "imported function does not match the expected type")
            elif known is not None:
                slot.of.func = self._foreign(value, known[2])[0]
            else:
                assert extern.signature is not None, "a function has a signature"
                functype = module.function_type(index)
                slot.of.func = self.import_function(value, extern.signature, functype)[0]
        elif extern.kind == EXTERN_MEMORY:
            slot.of.memory = self.bind(self.room.regions[value.u])[0]
        elif extern.kind == EXTERN_TABLE:
            slot.of.table = self.tables[value.u & 0xFFFF_FFFF][0][0]
        elif extern.kind == EXTERN_GLOBAL:
            slot.of.global_ = self.globals[value.u & 0xFFFF_FFFF][0][0]
        else:
            slot.of.tag = self.tags[value.u & 0xFFFF_FFFF][0][0]

    def _exports(self, module: CompiledModule, instance: Any) -> list[Any]:
        name, length = ffi.new("char **"), ffi.new("size_t *")
        item = ffi.new("wasmtime_extern_t *")
        values = []
        for index, (_, extern) in enumerate(module.exports):
            lib.wasmtime_instance_export_nth(self.context, instance, index, name, length, item)
            if extern.kind == EXTERN_FUNC:
                number = module.function_numbers[index]
                assert number is not None, "it is a function"
                function = ffi.new("wasmtime_func_t *", item.of.func)
                values.append(self.function_value(function, str(number), extern.signature))
            elif extern.kind == EXTERN_MEMORY:
                memory = ffi.new("wasmtime_memory_t *", item.of.memory)
                values.append(self._memory_value(memory, extern.limits[1]))
            else:
                values.append(self.room.number(self._number(extern, item)))
        return values

    def _number(self, extern: Extern, item: Any) -> int:
        """The number in this store of a table, a global or a tag."""
        if extern.kind == EXTERN_TABLE:
            table = ffi.new("wasmtime_table_t *", item.of.table)
            key = (EXTERN_TABLE, table.private1, table.private2)
            return self._numbered(key, self.tables, (table, extern.content))
        if extern.kind == EXTERN_GLOBAL:
            made = ffi.new("wasmtime_global_t *", item.of.global_)
            of_global = (EXTERN_GLOBAL, made.private1, made.private2, made.private3)
            return self._numbered(
                of_global, self.globals, (made, extern.content, extern.is_mutable)
            )
        tag = ffi.new("wasmtime_tag_t *", item.of.tag)
        assert extern.signature is not None, "a tag has a signature"
        return self.number_of_tag(tag, extern.signature)

    def number_of_tag(self, tag: Any, signature: Signature | None = None) -> int:
        """The number of a tag, given one if it has none. wasmtime_tag_eq."""
        for number, (known, _) in enumerate(self.tags):
            if lib.wasmtime_tag_eq(self.context, known, tag):
                return number
        if signature is None:
            tagtype = lib.wasmtime_tag_type(self.context, tag)
            signature = Signature.of(lib.wasm_tagtype_functype(tagtype))
            lib.wasm_tagtype_delete(tagtype)
        self.tags.append((tag, signature))
        return len(self.tags) - 1

    def new_tag(self, signature: Signature) -> int:
        """The number of a new tag. Raises MemoryError."""
        functype = make_functype(signature)
        tagtype = lib.wasm_tagtype_new(functype)
        made = ffi.new("wasmtime_tag_t *")
        error = lib.wasmtime_tag_new(self.context, tagtype, made)
        lib.wasm_tagtype_delete(tagtype)
        if error:
            raise MemoryError(take_message(error))
        self.tags.append((made, signature))
        return len(self.tags) - 1

    def _numbered(self, key: tuple[int, ...], known: list[Any], made: Any) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(known)
            known.append(made)
        return number

    # ---- tables and globals that JavaScript has made ---------------------------------------

    @contextmanager
    def value_of(self, kind: int, value: Any) -> Iterator[Any]:
        """A JSValue as a `wasmtime_val_t`, while this lasts. Raises Pending and WasmError."""
        made = ffi.new("wasmtime_val_t *")
        self.values.write(made, kind, value)
        try:
            yield made
        finally:
            lib.wasmtime_val_unroot(made)

    def new_table(self, kind: Any, least: Any, most: Any, value: Any) -> int:
        """The number of a new table, all of whose elements are `value`."""
        content = KINDS[self.room.text(kind)]
        limits = ffi.new("wasm_limits_t *")
        limits.min = least.u & 0xFFFF_FFFF
        limits.max = 0xFFFF_FFFF if most.tag == TAG_UNDEFINED else most.u & 0xFFFF_FFFF
        if limits.min * 2 > self._limits:
            self._limits = limits.min * 2
            self._limit(self._limits)
        self.charge(ELEMENT_BYTES * limits.min)
        tabletype = lib.wasm_tabletype_new(make_valtype(content), limits)
        made = ffi.new("wasmtime_table_t *")
        try:
            with self.value_of(content, value) as first:
                error = lib.wasmtime_table_new(self.context, tabletype, first, made)
        finally:
            lib.wasm_tabletype_delete(tabletype)
        if error:
            raise WasmError("RangeError", take_message(error))
        key = (EXTERN_TABLE, made.private1, made.private2)
        return self._numbered(key, self.tables, (made, content))

    def new_global(self, kind: Any, mutable: Any, value: Any) -> int:
        """The number of a new global."""
        content, is_mutable = KINDS[self.room.text(kind)], is_true(mutable)
        globaltype = lib.wasm_globaltype_new(make_valtype(content), int(is_mutable))
        made = ffi.new("wasmtime_global_t *")
        try:
            with self.value_of(content, value) as first:
                error = lib.wasmtime_global_new(self.context, globaltype, first, made)
        finally:
            lib.wasm_globaltype_delete(globaltype)
        if error:
            raise WasmError("TypeError", take_message(error))
        key = (EXTERN_GLOBAL, made.private1, made.private2, made.private3)
        return self._numbered(key, self.globals, (made, content, is_mutable))

    # ---- memories ------------------------------------------------------------------------

    def _new_memory(self, size: int) -> Binding:
        region = Region(self.room, size)
        binding = Binding(region, size)
        region.release()  # the binding holds it
        self._memories[region.address] = binding
        return binding

    def _memory_value(self, memory: Any, most_pages: int | None) -> Any:
        address = int(ffi.cast("uintptr_t", lib.wasmtime_memory_data(self.context, memory)))
        binding = self._memories[address]
        binding.context, binding.memory = self.context, memory
        token = self.room.token_of(binding.region)
        self.room.most_pages.setdefault(binding.region, most_pages)
        self.keep(js.JS_DupValue(self.js_context, token))
        return token

    def bind(self, region: Region) -> Any:
        """Wasmtime's memory of a region in this store, made if need be."""
        known = self._memories.get(region.address)
        if known is not None:
            return known.memory
        pages, most = region.size >> 16, self.room.most_pages[region]
        module = compiled(memory_module(pages, most))
        binding = Binding(region, region.size)
        instance, trap = ffi.new("wasmtime_instance_t *"), ffi.new("wasm_trap_t **")
        nothing = ffi.new("wasmtime_extern_t[1]")
        with supplied_by(lambda _size: binding):
            error = lib.wasmtime_instance_new(
                self.context, module.pointer, nothing, 0, instance, trap
            )
        assert not error and not trap[0], "a memory that is there needs no room"
        item = ffi.new("wasmtime_extern_t *")
        name, length = ffi.new("char **"), ffi.new("size_t *")
        lib.wasmtime_instance_export_nth(self.context, instance, 0, name, length, item)
        binding.context = self.context
        binding.memory = ffi.new("wasmtime_memory_t *", item.of.memory)
        self._memories[region.address] = binding
        token = self.room.token_of(region)
        self.keep(token)
        return binding.memory
