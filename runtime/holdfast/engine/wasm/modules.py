"""Modules, compiled once: by this process for all of its isolates, and kept on the disk for others.

Compiling takes a second for each megabyte or so, on as many cores as there are. What comes of it is
machine code, which is trusted as the program itself is: `engine/kept_files.py` has the rules.

wasmtime_module_new, wasmtime_module_serialize, wasmtime_module_deserialize.
"""

import hashlib
import logging
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache, cached_property
from typing import Any

from holdfast.engine.cache import lasting_directory
from holdfast.engine.kept_files import KeptFiles, most_kept_bytes
from holdfast.engine.wasm.bottom_types import without_bottom_types
from holdfast.engine.wasm.legacy_exceptions import NotTranslated, translated
from holdfast.engine.wasm.library import WASMTIME_VERSION, ffi, lib
from holdfast.engine.wasm.machine import engine, take_message
from holdfast.engine.wasm.sections import exported_functions
from holdfast.engine.wasm.types import Extern

log = logging.getLogger("holdfast.engine")

LEAST_BYTES = 4096  # of a module; what is smaller compiles as fast as it is read
_FORMAT = 1


class CompileError(Exception):
    """The bytes are no module, or not one that wasmtime knows."""


class CompiledModule:
    """A module of wasmtime; any number of instances, in any isolate, on any thread."""

    def __init__(self, pointer: Any, source: bytes) -> None:
        """Takes `pointer` over."""
        self.pointer = ffi.gc(pointer, lib.wasmtime_module_delete)
        self.source = source
        self.imports: list[tuple[str, str, Extern]] = []
        self.exports: list[tuple[str, Extern]] = []
        self._read_imports()
        self._read_exports()

    def _read_imports(self) -> None:
        self._import_types = ffi.new("wasm_importtype_vec_t *")
        lib.wasmtime_module_imports(self.pointer, self._import_types)
        weakref.finalize(self, lib.wasm_importtype_vec_delete, self._import_types)
        for index in range(self._import_types.size):
            told = self._import_types.data[index]
            module = _name(lib.wasm_importtype_module(told))
            extern = Extern.of(lib.wasm_importtype_type(told))
            self.imports.append((module, _name(lib.wasm_importtype_name(told)), extern))

    def _read_exports(self) -> None:
        types = ffi.new("wasm_exporttype_vec_t *")
        lib.wasmtime_module_exports(self.pointer, types)
        for index in range(types.size):
            told = types.data[index]
            extern = Extern.of(lib.wasm_exporttype_type(told))
            self.exports.append((_name(lib.wasm_exporttype_name(told)), extern))
        lib.wasm_exporttype_vec_delete(types)

    def function_type(self, index: int) -> Any:
        """Wasmtime's own type of an imported function; it stays the module's."""
        told = lib.wasm_importtype_type(self._import_types.data[index])
        return lib.wasm_externtype_as_functype(told)

    @cached_property
    def function_numbers(self) -> list[int | None]:
        """Of each export, the number of the function within the module; None if it is none."""
        return exported_functions(self.source)

    def code_bytes(self) -> int:
        """How much memory its code takes. wasmtime_module_image_range."""
        start, end = ffi.new("void **"), ffi.new("void **")
        lib.wasmtime_module_image_range(self.pointer, start, end)
        return int(ffi.cast("uintptr_t", end[0])) - int(ffi.cast("uintptr_t", start[0]))


class Failure:
    """Why bytes are no module, for as long as somebody holds on to it."""

    __slots__ = ("__weakref__", "told")

    def __init__(self, told: str) -> None:
        self.told = told


_known: weakref.WeakValueDictionary[bytes, CompiledModule] = weakref.WeakValueDictionary()
_failed: weakref.WeakValueDictionary[bytes, Failure] = weakref.WeakValueDictionary()
_locks: weakref.WeakValueDictionary[bytes, threading.Lock] = weakref.WeakValueDictionary()


def compiled(source: bytes) -> CompiledModule:
    """The module of these bytes. Raises CompileError. Takes as long as its size asks for."""
    digest = hashlib.sha256(source).digest()
    known = _known.get(digest)
    if known is not None:
        return known
    one = _locks.setdefault(digest, threading.Lock())
    with one:
        known = _known.get(digest)
        if known is None:
            if (failure := _failed.get(digest)) is not None:
                raise CompileError(failure.told)
            known = _known[digest] = CompiledModule(_made(source, digest.hex()), source)
        return known


def compiled_ahead(sources: Iterable[bytes]) -> list[CompiledModule | Failure]:
    """The modules of these bytes, or why they are none, for whoever holds on to them. Blocks."""
    return [*map(_compiled_ahead, sources)]


def _compiled_ahead(source: bytes) -> CompiledModule | Failure:
    try:
        return compiled(source)
    except CompileError as error:
        failure = _failed[hashlib.sha256(source).digest()] = Failure(str(error))
        return failure


def _made(source: bytes, digest: str) -> Any:
    files = _files() if len(source) >= LEAST_BYTES else None
    name = f"{_FORMAT}-{WASMTIME_VERSION}-{digest}"
    made = ffi.new("wasmtime_module_t **")
    if files is not None and (kept := _read(files, name)) is not None:
        return kept
    with files.alone() if files is not None else nullcontext():
        if files is not None and (again := _read(files, name)) is not None:
            return again  # another process has made it meanwhile
        _have_taken(source, lambda told: lib.wasmtime_module_new(engine(), told, len(told), made))
        if files is not None:
            _keep(files, name, made[0])
    return made[0]


def _have_taken(source: bytes, attempt: Callable[[bytes], Any]) -> None:
    """Give wasmtime these bytes, or the same told as it knows it. Raises CompileError.

    `attempt` returns a wasmtime_error_t.
    """
    error = attempt(source)
    for _ in range(2):  # there are two things to be told otherwise
        if error:
            source = _as_wasmtime_knows_it(source, take_message(error))
            error = attempt(source)
    if error:
        raise CompileError(take_message(error))


def _as_wasmtime_knows_it(source: bytes, refusal: str) -> bytes:
    """The module without exceptions of the old form, or without nulls of the bottom types.

    Raises CompileError where those are not it.
    """
    if "heap types not supported" in refusal:
        return without_bottom_types(source)
    if "legacy_exceptions" not in refusal:
        raise CompileError(refusal)
    try:
        return translated(source)
    except NotTranslated as error:
        raise CompileError(f"{refusal}; {error}") from error


def _read(files: KeptFiles, name: str) -> Any:
    kept = files.read(name)
    if kept is None:
        return None
    made = ffi.new("wasmtime_module_t **")
    code = ffi.from_buffer("uint8_t[]", kept)
    error = lib.wasmtime_module_deserialize(engine(), code, len(kept), made)
    if error:
        log.debug("the code of a module cannot be used: %s", take_message(error))
        return None
    return made[0]


def _keep(files: KeptFiles, name: str, module: Any) -> None:
    told = ffi.new("wasm_byte_vec_t *")
    error = lib.wasmtime_module_serialize(module, told)
    if error:
        log.debug("the code of a module is not kept: %s", take_message(error))
        return
    files.write(name, ffi.unpack(told.data, told.size))
    lib.wasm_byte_vec_delete(told)


@cache
def _files() -> KeptFiles | None:
    folder, most_bytes = lasting_directory(), most_kept_bytes()
    if folder is None or most_bytes == 0:
        return None
    return KeptFiles(folder, "wasm", most_bytes=most_bytes)


def is_valid(source: bytes) -> bool:
    """Whether these bytes are a module. wasmtime_module_validate."""
    try:
        _have_taken(source, lambda told: lib.wasmtime_module_validate(engine(), told, len(told)))
    except CompileError:
        return False
    return True


def _name(told: Any) -> str:
    return str(ffi.unpack(told.data, told.size).decode()) if told.size else ""
