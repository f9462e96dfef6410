"""What a script has thrown, as JSError."""

from typing import Any

from holdfast.engine.errors import JSError
from holdfast.engine.library import TAG_EXCEPTION, TAG_NULL, TAG_OBJECT, TAG_UNDEFINED, ffi, lib


def describe(context: Any, thrown: Any) -> JSError:
    """A thrown value as JSError; takes `thrown` over and frees it.

    May run the script's code, where it has getters. JS_IsError, JS_GetPropertyStr.
    """
    name = message = stack = ""
    if lib.JS_IsError(thrown) or _has_stack(context, thrown):
        name = _text(context, thrown, b"name")
        message = _text(context, thrown, b"message")
        stack = _frames(_text(context, thrown, b"stack"))
    else:
        message = _string_of(context, thrown)
    lib.JS_FreeValue(context, thrown)
    return JSError(name, message, stack)


def _frames(stack: str) -> str:
    """The stack without the line or lines that repeat what the error says."""
    return "\n".join(line for line in stack.split("\n") if line.startswith("    at "))


def _has_stack(context: Any, thrown: Any) -> bool:
    return thrown.tag == TAG_OBJECT and bool(_text(context, thrown, b"stack"))


def _text(context: Any, value: Any, name: bytes) -> str:
    found = lib.JS_GetPropertyStr(context, value, name)
    if found.tag in (TAG_UNDEFINED, TAG_NULL):
        return ""
    text = _string_of(context, found)
    lib.JS_FreeValue(context, found)
    return text


def _string_of(context: Any, value: Any) -> str:
    """String(value), or a placeholder where asking for it throws. JS_ToCStringLen2."""
    if value.tag == TAG_EXCEPTION:
        lib.JS_FreeValue(context, lib.JS_GetException(context))
        return ""
    length = ffi.new("size_t *")
    pointer = lib.JS_ToCStringLen2(context, length, value, False)
    if not pointer:
        lib.JS_FreeValue(context, lib.JS_GetException(context))
        return "[a value that cannot be shown]"
    text = ffi.unpack(pointer, length[0]).decode("utf-8", "replace")
    lib.JS_FreeCString(context, pointer)
    return str(text)
