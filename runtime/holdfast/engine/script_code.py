"""The bytecode of a script's module or function, as it is kept, read back.

What is read back is to be what compiling would make. Three things see to that, where QuickJS
alone would not:

- A template's strings (those that its tag function gets) are frozen arrays; read back, their
  length could be written. So they are listed beside the code, and frozen when it was read.
- Reading a module loads what it imports at once, before its exports are known, which a circular
  import would run into. So all imports lead back to the importer while it is read; QuickJS
  resolves them anew, as it does for a module that was compiled.
- Attributes of imports are not written. Modules that have some are not kept
  (script_compiler.py).
"""

from typing import Any

from holdfast.engine.library import (
    EXCEPTION,
    READ_BYTECODE,
    REFERENCES,
    TAG_EXCEPTION,
    TAG_INT,
    ffi,
    lib,
)

CODE, TEMPLATES = b"code", b"templates"

# `js_strdup(context, base)` as JSModuleNormalizeFunc, whose further arguments it does not look at.
LEADS_BACK = ffi.cast("JSModuleNormalizeFunc *", ffi.addressof(lib, "js_strdup"))


def read_script(context: Any, code: memoryview) -> Any:
    """The module or function, not yet evaluated and the caller's; or an exception.

    `code` must have been made by `compile_script` of the same build of the engine, and imports
    must lead back. JS_ReadObject, JS_FreezeObject.
    """
    bytecode, flags = ffi.from_buffer("uint8_t[]", code), READ_BYTECODE | REFERENCES
    both = lib.JS_ReadObject(context, bytecode, len(code), flags)
    if both.tag == TAG_EXCEPTION:
        return both
    templates = lib.JS_GetPropertyStr(context, both, TEMPLATES)
    is_whole = _freeze(context, templates)
    code_value = lib.JS_GetPropertyStr(context, both, CODE) if is_whole else EXCEPTION
    for value in (templates, both):
        lib.JS_FreeValue(context, value)
    return code_value


def _freeze(context: Any, templates: Any) -> bool:
    """Whether all are frozen; false with an exception, where memory is short."""
    count = count_of(context, templates)
    for index in range(count or 0):
        template = lib.JS_GetPropertyInt64(context, templates, index)
        raw = lib.JS_GetPropertyStr(context, template, b"raw")
        both = (raw, template)
        is_frozen = all(lib.JS_FreezeObject(context, strings) >= 0 for strings in both)
        for strings in both:
            lib.JS_FreeValue(context, strings)
        if not is_frozen:
            return False
    return count is not None


def count_of(context: Any, array: Any) -> int | None:
    """How much is in an array of ours; None with an exception."""
    length = lib.JS_GetPropertyStr(context, array, b"length")
    return length.u & 0xFFFFFFFF if length.tag == TAG_INT else None
