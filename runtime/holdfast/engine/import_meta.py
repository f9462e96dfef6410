"""`import.meta` of a script's modules: an internal module puts in what they find there."""

from collections.abc import Callable
from typing import Any

from holdfast.engine.library import TAG_EXCEPTION, UNDEFINED, ffi, lib
from holdfast.engine.values import Converter


class ImportMeta:
    """Calls `describe(meta, name, isMain)` of an internal module for each module that is told."""

    def __init__(
        self,
        context: Any,
        module: str,
        main: str,
        *,
        namespace: Callable[[str], Any],
        pending_error: Callable[[], Exception],
    ) -> None:
        """`namespace` gives that of an internal module, the caller's, or an exception."""
        self._context = context
        self._module = module
        self._main = main
        self._namespace = namespace
        self._pending_error = pending_error

    def describe(self, definition: Any, name: str) -> None:
        """Tell a module that was compiled and has not run. JS_GetImportMeta, JS_Call.

        Raises what `pending_error` gives, where memory is short.
        """
        context = self._context
        namespace = self._namespace(self._module)
        if namespace.tag == TAG_EXCEPTION:
            raise self._pending_error()
        function = lib.JS_GetPropertyStr(context, namespace, b"describe")
        arguments = ffi.new("JSValue[3]")
        arguments[0] = lib.JS_GetImportMeta(context, definition)
        converter = Converter(context)
        for place, value in ((1, name), (2, name == self._main)):
            converter.write(arguments + place, value)
        result = lib.JS_Call(context, function, UNDEFINED, 3, arguments)
        for value in (namespace, function, *arguments, result):
            lib.JS_FreeValue(context, value)
        if result.tag == TAG_EXCEPTION:
            raise self._pending_error()
