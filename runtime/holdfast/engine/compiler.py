"""Compiles internal modules to bytecode."""

from collections.abc import Mapping
from typing import Any

from holdfast.engine.entry import Entry
from holdfast.engine.errors import JSError
from holdfast.engine.isolate import Isolate
from holdfast.engine.library import (
    EVAL_COMPILE_ONLY,
    EVAL_MODULE,
    STRIP_SOURCE,
    TAG_EXCEPTION,
    WRITE_BYTECODE,
    ffi,
    lib,
)
from holdfast.engine.loader import BUNDLE_MAIN

WITHOUT_SOURCE = WRITE_BYTECODE | STRIP_SOURCE


class Compiler(Isolate):
    """An isolate that compiles; modules that are to be found are given by `add_modules`."""

    def compile(self, name: str, source: bytes) -> bytes:
        """The bytecode of an internal module, its imports left to the reader.

        Without its source, of which each isolate would keep a copy; so its functions say
        "[native code]", as those of other engines do.
        JS_Eval with COMPILE_ONLY, JS_WriteObject.
        """
        with Entry(self):
            return self._written(self._compiled(name, source), WITHOUT_SOURCE)

    def compile_bundle(self, sources: Mapping[str, bytes]) -> bytes:
        """The bytecode of internal modules in one, imported ones before those that import them.

        It is an object whose property "main" is the last of them.
        """
        with Entry(self):
            modules = lib.JS_NewObject(self._context)
            for position, (name, source) in enumerate(sources.items(), 1):
                key = BUNDLE_MAIN if position == len(sources) else str(position).encode()
                try:
                    compiled = self._compiled(name, source)
                except JSError:
                    lib.JS_FreeValue(self._context, modules)
                    raise
                lib.JS_SetPropertyStr(self._context, modules, key, compiled)
            return self._written(modules, WITHOUT_SOURCE)

    def _compiled(self, name: str, source: bytes, flags: int = EVAL_MODULE) -> Any:
        compiled = lib.JS_Eval(
            self._context, source, len(source), name.encode(), flags | EVAL_COMPILE_ONLY
        )
        if compiled.tag == TAG_EXCEPTION:
            raise self._take_exception()
        return compiled

    def _written(self, value: Any, flags: int) -> bytes:
        """A value as bytes; frees it."""
        size = ffi.new("size_t *")
        written = lib.JS_WriteObject(self._context, size, value, flags)
        lib.JS_FreeValue(self._context, value)
        if not written:
            raise self._take_exception()
        content: bytes = ffi.buffer(written, size[0])[:]
        lib.js_free(self._context, written)
        return content
