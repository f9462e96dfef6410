"""Compiles what a script consists of to bytecode that is kept: see script_code.py.

Templates are found when they are written: QuickJS then asks for `raw` of the array of raw
strings, which has none, and so gets its prototype's. A template is the object written just before
its raw strings, and what comes a second time is written as a number.

All imports lead back to the importer here, too. An import with attributes does not, since QuickJS
looks for a module with the same attributes; there is no loader to ask, so compiling fails.
"""

from collections.abc import Iterator
from typing import Any

from holdfast.engine.compiler import Compiler
from holdfast.engine.entry import Entry
from holdfast.engine.errors import EngineError, JSError
from holdfast.engine.library import (
    EVAL_GLOBAL,
    REFERENCES,
    TAG_EXCEPTION,
    TAG_OBJECT,
    WRITE_BYTECODE,
    ffi,
    lib,
)
from holdfast.engine.script_code import CODE, LEADS_BACK, TEMPLATES, count_of, read_script

_FIND_TEMPLATES = b"""(() => {
  const found = [];
  Object.defineProperty(Array.prototype, "raw", { get() { found.push(this); } });
  return found;
})()"""
_TAG_ARRAY, _TAG_REFERENCE = 9, 20  # BCTagEnum of quickjs.c; others would be noticed
_NO_CHECKSUM = b"\xff\xff\xff\xff"  # quickjs.c: "UINT32_MAX as an escape hatch"


class ScriptCompiler(Compiler):
    """An isolate that compiles one module or script of a user, none of whose code it ever runs."""

    def compile_script(self, name: str, source: bytes, flags: int) -> bytes:
        """What `read_script` reads. Raises JSError and EngineError where it cannot be kept.

        `flags` are those of JS_Eval. Calls nothing in Python, so that a process may end meanwhile.
        JS_Eval with COMPILE_ONLY, JS_WriteObject.
        """
        context, find = self._context, _FIND_TEMPLATES
        with Entry(self):
            lib.JS_SetModuleLoaderFunc(self._runtime, LEADS_BACK, ffi.NULL, ffi.NULL)
            templates = lib.JS_Eval(context, find, len(find), b"templates", EVAL_GLOBAL)
            assert templates.tag == TAG_OBJECT, "the expression is an array"
            try:
                compiled = self._compiled(name, source, flags)
                both = lib.JS_NewObject(context)
                lib.JS_SetPropertyStr(context, both, CODE, compiled)
                listed = lib.JS_DupValue(context, templates)
                lib.JS_SetPropertyStr(context, both, TEMPLATES, listed)
                code = self._written(both, WRITE_BYTECODE | REFERENCES)
                return _with_templates(code, count_of(context, templates) or 0)
            finally:
                lib.JS_FreeValue(context, templates)

    def check_script(self, code: bytes) -> None:
        """See whether code can be read back. Raises JSError where it cannot."""
        self._read(code, LEADS_BACK)

    def imports(self, code: bytes) -> bool:
        """Whether a module's code that can be read imports anything: then not without a loader."""
        try:
            self._read(code, ffi.NULL)
        except JSError:
            return True
        return False

    def _read(self, code: bytes, normalize: Any) -> None:
        with Entry(self):
            lib.JS_SetModuleLoaderFunc(self._runtime, normalize, ffi.NULL, ffi.NULL)
            read = read_script(self._context, memoryview(code))
            if read.tag == TAG_EXCEPTION:
                raise self._take_exception()
            lib.JS_FreeValue(self._context, read)


def _with_templates(code: bytes, count: int) -> bytes:
    """The code with the templates in the list at its end, which has their raw strings.

    Objects have numbers, in the order in which they come: that of both is 0, a template is
    followed by its raw strings.
    """
    if not count:
        return code
    raw = _references(range(2, 2 * count + 1, 2))
    if not code.endswith(raw):
        raise EngineError("the templates are not where they were expected")
    return b"".join(
        (code[:1], _NO_CHECKSUM, code[5 : -len(raw)], _references(range(1, 2 * count, 2)))
    )


def _references(numbers: range) -> bytes:
    """An array of objects that came before, as it is written."""
    return bytes([_TAG_ARRAY, *_leb128(len(numbers))]) + b"".join(
        bytes([_TAG_REFERENCE, *_leb128(number)]) for number in numbers
    )


def _leb128(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number
