"""Types of WebAssembly, as wasmtime tells them and as scripts name them."""

from typing import Any

from holdfast.dataclass import dataclass
from holdfast.engine.wasm.library import (
    EXNREF,
    EXTERN_FUNC,
    EXTERN_GLOBAL,
    EXTERN_MEMORY,
    EXTERN_TABLE,
    EXTERN_TAG,
    EXTERNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    ffi,
    lib,
)

OTHER = 15  # a reference that does not cross
NAMES = {
    I32: "i32",
    I64: "i64",
    F32: "f32",
    F64: "f64",
    V128: "v128",
    FUNCREF: "anyfunc",
    EXTERNREF: "externref",
    EXNREF: "exnref",
    OTHER: "ref",
}
KINDS = {name: kind for kind, name in NAMES.items()} | {"funcref": FUNCREF}
EXTERN_NAMES = {
    EXTERN_FUNC: "function",
    EXTERN_GLOBAL: "global",
    EXTERN_TABLE: "table",
    EXTERN_MEMORY: "memory",
    EXTERN_TAG: "tag",
}

_REFERENCE = 5  # wasmtime_valtype_t
_HEAP_TYPES = {0: EXTERNREF, 2: FUNCREF, 13: EXNREF, 15: EXNREF}
_OF_WASM = {I32: 0, I64: 1, F32: 2, F64: 3, EXTERNREF: 128, FUNCREF: 129}  # wasm_valkind_t
_NO_MAXIMUM = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Signature:
    """The kinds of a function's parameters and results."""

    params: tuple[int, ...]
    results: tuple[int, ...]

    @classmethod
    def of(cls, functype: Any) -> "Signature":
        """That of wasmtime's type, which stays its owner's."""
        return cls(
            _kinds(lib.wasm_functype_params(functype)), _kinds(lib.wasm_functype_results(functype))
        )


def _kinds(types: Any) -> tuple[int, ...]:
    return tuple(kind_of(types.data[index]) for index in range(types.size))


def kind_of(valtype: Any) -> int:
    """The kind of a value type; OTHER for references that do not cross. wasmtime_valtype_new."""
    told = ffi.new("wasmtime_valtype_t *")
    lib.wasmtime_valtype_new(valtype, told)
    if told.kind == _REFERENCE:
        nullable = told.words[0] & 0xFF
        kind = _HEAP_TYPES.get(told.words[1] & 0xFF, OTHER) if nullable else OTHER
    else:
        kind = told.kind
    lib.wasmtime_valtype_delete(told)
    return kind


def make_valtype(kind: int) -> Any:
    """A value type, which whatever it is put into takes over; of those with a `_OF_WASM`."""
    if kind == V128:
        return lib.wasmtime_wasm_valtype_v128()
    return lib.wasm_valtype_new(_OF_WASM[kind])


def make_functype(signature: Signature) -> Any:
    """The caller's. wasm_functype_new."""
    vectors = []
    for kinds in (signature.params, signature.results):
        vector = ffi.new("wasm_valtype_vec_t *")
        lib.wasm_valtype_vec_new_uninitialized(vector, len(kinds))
        for index, kind in enumerate(kinds):
            vector.data[index] = make_valtype(kind)
        vectors.append(vector)
    return lib.wasm_functype_new(*vectors)


@dataclass(frozen=True, slots=True)
class Extern:
    """What is imported or exported: one of `EXTERN_NAMES`, and of which type.

    Of `signature` (functions and tags), `content` (globals, tables), `limits` (tables and
    memories: at least, and at most) and `is_mutable` (globals) those that it has.
    """

    kind: int
    signature: Signature | None = None
    content: int = OTHER
    limits: tuple[int, int | None] = (0, None)
    is_mutable: bool = False

    @classmethod
    def of(cls, externtype: Any) -> "Extern":
        """That of wasmtime's type, which stays its owner's."""
        kind = lib.wasm_externtype_kind(externtype)
        match kind:
            case 0:
                functype = lib.wasm_externtype_as_functype(externtype)
                return cls(EXTERN_FUNC, Signature.of(functype))
            case 1:
                of_global = lib.wasm_externtype_as_globaltype(externtype)
                content = kind_of(lib.wasm_globaltype_content(of_global))
                is_mutable = lib.wasm_globaltype_mutability(of_global) == 1
                return cls(EXTERN_GLOBAL, content=content, is_mutable=is_mutable)
            case 2:
                of_table = lib.wasm_externtype_as_tabletype(externtype)
                limits = lib.wasm_tabletype_limits(of_table)
                most = None if limits.max == _NO_MAXIMUM else limits.max
                content = kind_of(lib.wasm_tabletype_element(of_table))
                return cls(EXTERN_TABLE, content=content, limits=(limits.min, most))
            case 3:
                of_memory = lib.wasm_externtype_as_memorytype(externtype)
                maximum = ffi.new("uint64_t *")
                has = lib.wasmtime_memorytype_maximum(of_memory, maximum)
                least = lib.wasmtime_memorytype_minimum(of_memory)
                return cls(EXTERN_MEMORY, limits=(least, maximum[0] if has else None))
            case _:
                of_tag = lib.wasm_externtype_as_tagtype(externtype)
                return cls(EXTERN_TAG, Signature.of(lib.wasm_tagtype_functype(of_tag)))

    def told(self) -> dict[str, Any]:
        """For JSON: `kind` and, of `type`, what the JavaScript API needs to know."""
        known: dict[str, Any] = {"kind": EXTERN_NAMES[self.kind]}
        if self.signature is not None:
            known["parameters"] = [NAMES[kind] for kind in self.signature.params]
            known["results"] = [NAMES[kind] for kind in self.signature.results]
        if self.kind in (EXTERN_GLOBAL, EXTERN_TABLE):
            known["value"] = NAMES[self.content]
            known["mutable"] = self.is_mutable
        return known
