"""CommonJS modules: `require`, `module` and `exports` for those of a script.

A module runs when it is first imported or required, once; importers get its
`module.exports` as their default import. `require` finds modules as `import` does, and
gives text, JSON and data modules too; an ES module can only be imported. A public module of
the runtime comes as its default export, or as its namespace where it has none.

https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
"""

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.engine.errors import ScriptError
from holdfast.engine.library import (
    EVAL_GLOBAL,
    EXCEPTION,
    TAG_EXCEPTION,
    TAG_OBJECT,
    UNDEFINED,
    ffi,
    lib,
)
from holdfast.engine.modules import Module, ModuleKind
from holdfast.engine.values import Converter

# A module is in the table before it runs, so that cycles find what it has exported so far;
# one that throws is taken out again, so that the next importer sees the error too.
_REGISTRY = b"""((resolve, load, loadInternal) => {
  const modules = new Map();
  const { startsWith } = String.prototype;
  const { apply } = Reflect;
  const requireFrom = (base) => (specifier) => exportsOf(resolve(base, `${specifier}`));
  function exportsOf(name) {
    if (apply(startsWith, name, ["holdfast:"])) {
      const namespace = loadInternal(name);
      return namespace.default ?? namespace;
    }
    let module = modules.get(name);
    if (module !== undefined) return module.exports;
    module = { exports: {}, id: name };
    modules.set(name, module);
    try {
      const loaded = load(name);
      if (typeof loaded !== "function") module.exports = loaded;
      else loaded.call(module.exports, module.exports, requireFrom(name), module);
    } catch (error) {
      modules.delete(name);
      throw error;
    }
    return module.exports;
  }
  return exportsOf;
})"""

_HEAD = b"(function (exports, require, module) {"  # on the first line, so that lines keep numbers
_TAIL = b"\n})"


def wrapped(source: bytes) -> bytes:
    """The expression that a module is compiled as: the function that runs it."""
    return _HEAD + source + _TAIL


class CommonJS:
    """The CommonJS modules of one isolate; made with the first of them."""

    def __init__(
        self,
        context: Any,
        modules: Mapping[str, Module],
        *,
        resolve: Callable[[str, str], str],
        content: Callable[[Module], Any],
        load_internal: Any,
        throw: Callable[[ScriptError], Any],
        hold: Callable[[Any], Any],
        compiled: Callable[[str, bytes, int], Any],
    ) -> None:
        """`content` makes the value of a module that does not run; `hold` keeps a value.

        `compiled(name, source, flags)` is what JS_Eval would compile, not yet run.

        `load_internal` is a JavaScript function that returns the namespace of an internal module;
        this takes it over.
        """
        self._context = context
        self._modules = modules
        self._resolve = resolve
        self._content = content
        self._throw = throw
        self._compiled = compiled
        self._converter = Converter(context)
        # Kept alive here: the functions made of it live as long as the isolate.
        self._c_call = ffi.callback("JSCFunctionData", self._call, error=EXCEPTION)
        arguments = ffi.new("JSValue[3]")
        arguments[2] = load_internal
        for magic in range(2):
            arguments[magic] = lib.JS_NewCFunctionData(context, self._c_call, 0, magic, 0, ffi.NULL)
        make = lib.JS_Eval(context, _REGISTRY, len(_REGISTRY), b"holdfast:engine", EVAL_GLOBAL)
        assert make.tag == TAG_OBJECT, "the registry must evaluate to a function"
        self._exports_of = lib.JS_Call(context, make, UNDEFINED, 3, arguments)
        for value in (make, *arguments):
            lib.JS_FreeValue(context, value)
        hold(self._exports_of)

    def exports(self, name: str) -> Any:
        """The `module.exports` of a module, run now if need be; an exception's value if it throws.

        The value is the caller's. JS_Call.
        """
        arguments = ffi.new("JSValue *")
        self._converter.write(arguments, name)
        value = lib.JS_Call(self._context, self._exports_of, UNDEFINED, 1, arguments)
        lib.JS_FreeValue(self._context, arguments[0])
        return value

    def _call(
        self, _context: Any, _this: Any, _count: int, arguments: Any, magic: int, _data: Any
    ) -> Any:
        """C callback: `resolve(base, specifier)` (magic 0) and `load(name)` (magic 1)."""
        try:
            first = self._converter.string(arguments[0])
            if magic == 0:
                return self._resolved(first, self._converter.string(arguments[1]))
            return self._load(self._modules[first])
        except ScriptError as error:
            return self._throw(error)
        except MemoryError:
            return lib.JS_ThrowOutOfMemory(self._context)

    def _resolved(self, base: str, specifier: str) -> Any:
        name = self._resolve(base, specifier)
        module = self._modules.get(name)  # there is none for an internal one
        if module is not None and module.kind is ModuleKind.ESM:
            raise ScriptError("Error", f'"{name}" is an ES module: import it, require() cannot.')
        result = ffi.new("JSValue *")
        self._converter.write(result, name)
        return result[0]

    def _load(self, module: Module) -> Any:
        if module.kind is not ModuleKind.COMMONJS:
            return self._content(module)
        value = self._compiled(module.name, wrapped(module.content), EVAL_GLOBAL)
        if value.tag != TAG_EXCEPTION:
            value = lib.JS_EvalFunction(self._context, value)
        assert value.tag in (TAG_OBJECT, TAG_EXCEPTION), "the wrapper is a function expression"
        return value
