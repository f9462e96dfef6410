"""How an import finds its module.

Two kinds of names live side by side in an isolate. *Internal* modules are ours,
named `holdfast:<path>`; they come as bytecode and may be imported by each other
only. A *script's* modules have the names they were uploaded under; a specifier
is looked up as written, then relative to the importer. A few internal modules
are public under another name, such as `cloudflare:workers`, where the script has none of that name.
"""

import posixpath
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from holdfast.engine.commonjs import CommonJS
from holdfast.engine.errors import JSError, ScriptError
from holdfast.engine.import_meta import ImportMeta
from holdfast.engine.library import (
    EVAL_COMPILE_ONLY,
    EVAL_MODULE,
    PROMISE_REJECTED,
    READ_BYTECODE,
    TAG_EXCEPTION,
    UNDEFINED,
    ffi,
    lib,
)
from holdfast.engine.limits import UNBOUNDED
from holdfast.engine.load_attempts import LoadAttempts
from holdfast.engine.mending import mended
from holdfast.engine.modules import Module, ModuleKind
from holdfast.engine.script_code import LEADS_BACK, read_script

if TYPE_CHECKING:
    from holdfast.engine.kept_code import KeptCode

INTERNAL = "holdfast:"
WASM_MODULE = "holdfast:wasm/module.js"

BUNDLE_MAIN = b"main"
BUNDLE_URL = "file:///bundle/"  # where a script's modules are, for each other
_IMPORT_META = b"import.meta"
_AS_MODULE = "?module"  # what some bundlers ask for, and Wrangler takes
_WASM_AS_MODULE = f".wasm{_AS_MODULE}"


# Of Python, for a module within another: how deep imports go is for QuickJS's stack to bound.
_FRAMES_OF_A_LOAD = 24


@contextmanager
def _one_deeper() -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + _FRAMES_OF_A_LOAD)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


class ModuleLoader:
    """Resolves and loads modules for one context. JS_SetModuleLoaderFunc.

    Its C callbacks must live until the runtime is freed.
    """

    def __init__(
        self,
        runtime: Any,
        context: Any,
        internal: Mapping[str, bytes | memoryview],
        public: Mapping[str, str],
        pending_error: Callable[[], Exception],
        *,
        explain: Callable[[str], str],
        internal_loader: Callable[[], Any],
        throw: Callable[[ScriptError], Any],
        hold: Callable[[Any], Any],
        more_room: Callable[..., AbstractContextManager[None]],
        kept: "KeptCode | None",
    ) -> None:
        """`throw` makes an error the context's exception, `hold` keeps a value for good.

        `explain` says what else there is to know of a specifier that leads nowhere, and
        `internal_loader` makes a JavaScript function that loads internal modules, and `more_room`
        gives them room beyond the script's limits. `kept` has the code of scripts that was
        compiled before.
        """
        self._runtime = runtime
        self._context = context
        self._internal = internal
        self._public = public
        self._modules: dict[str, Module] = {}
        self._pending_error = pending_error
        self._explain = explain
        self._internal_loader = internal_loader
        self._throw = throw
        self._hold = hold
        self._more_room = more_room
        self._kept = kept
        self._is_before_code = False
        self._attempts = LoadAttempts()
        self._commonjs: CommonJS | None = None
        self._meta: ImportMeta | None = None  # of those modules that name it
        self._namespaces: dict[str, Any] = {}  # of internal modules asked for by name, held
        self._raised: JSError | None = None
        self._c_init = ffi.callback("JSModuleInitFunc", self._initialise, error=-1)
        self._c_load = ffi.callback("JSModuleLoaderFunc", self._load, error=ffi.NULL)
        self._c_normalize = ffi.callback("JSModuleNormalizeFunc", self._normalize, error=ffi.NULL)
        self._install(self._c_normalize)

    def add(self, modules: Mapping[str, Module]) -> None:
        """Make a script's modules importable under their names."""
        self._modules.update(modules)

    def describe(self, module: str, main: str) -> None:
        """Have an internal module say to each of the script's modules where it is (ImportMeta)."""
        self._meta = ImportMeta(
            self._context,
            module,
            main,
            namespace=self._asked_for,
            pending_error=self._pending_error,
        )

    def _asked_for(self, name: str) -> Any:
        """The namespace of an internal module, the caller's, or an exception."""
        return self._called(self._internal_loader(), name)

    def _called(self, function: Any, text: str) -> Any:
        """What a function, which is taken over, returns for a string; as JS_Call returns it."""
        argument, encoded = ffi.new("JSValue *"), text.encode()
        argument[0] = lib.JS_NewStringLen(self._context, encoded, len(encoded))
        returned = lib.JS_Call(self._context, function, UNDEFINED, 1, argument)
        for value in (function, argument[0]):
            lib.JS_FreeValue(self._context, value)
        return returned

    @property
    def modules(self) -> dict[str, Module]:
        """Those that were added and are not ours."""
        return {n: module for n, module in self._modules.items() if not n.startswith(INTERNAL)}

    # ---- callbacks from C ------------------------------------------------------------

    def _install(self, normalize: Any) -> None:
        lib.JS_SetModuleLoaderFunc(self._runtime, normalize, self._c_load, ffi.NULL)

    @contextmanager
    def names_of(self, name: str) -> Iterator[None]:
        """While a module of bytecode is loaded, QuickJS takes the names in imports as they are.

        Asking Python for each of a thousand would take half of an isolate's start.
        """
        if name not in self._internal:
            yield
            return
        self._install(ffi.NULL)
        try:
            yield
        finally:
            self._install(self._c_normalize)

    def take_raised(self) -> JSError | None:
        """The error of the last module that did not load, with its details, once."""
        raised, self._raised = self._raised, None
        return raised

    def _normalize(self, context: Any, base: Any, specifier: Any, _opaque: Any) -> Any:
        importer = ffi.string(base).decode("utf-8", "replace")
        try:
            name = self.resolve(importer, ffi.string(specifier).decode("utf-8", "replace"))
            self._attempts.note_import(importer, name)
        except ScriptError as error:
            self._throw(error)
            return ffi.NULL
        told = name.encode()
        return lib.js_strndup(context, told, len(told))

    def _load(self, _context: Any, name: Any, _opaque: Any) -> Any:
        wanted = ffi.string(name).decode()
        thrown: ScriptError | None = None
        self._attempts.begin()
        try:
            with _one_deeper():
                return self.load(wanted)
        except ScriptError as error:
            thrown = error
        except JSError as error:
            # The message crosses C as a JS exception; the details wait here.
            self._raised = error
            thrown = ScriptError(error.name or "Error", error.message)
        except Exception as error:  # noqa: BLE001 - C has nobody who would catch it
            thrown = ScriptError("Error", f"The module cannot be loaded: {error}")
        finally:
            self._attempts.end(wanted, thrown)
        self._throw(thrown)
        return ffi.NULL

    # ---- names and modules -----------------------------------------------------------

    def resolve(self, base: str, specifier: str) -> str:
        """The name of the module that `specifier` means inside module `base`.

        Raises ScriptError when there is none; QuickJS adds no module to that.
        """
        if base.startswith(INTERNAL):
            return _join(base, specifier) if specifier.startswith(".") else specifier
        public = self._public.get(specifier)
        if public is not None and specifier not in self._modules:
            return public
        if specifier.startswith(BUNDLE_URL):
            specifier = "/" + unquote(specifier[len(BUNDLE_URL) :])
        if specifier.endswith(_WASM_AS_MODULE):
            specifier = specifier.removesuffix(_AS_MODULE)
        relative = _join(base, specifier)
        candidates = (relative,) if specifier.startswith((".", "/")) else (specifier, relative)
        for name in candidates:
            if name in self._modules and not name.startswith(INTERNAL):
                return name
        wanted = specifier if ":" in specifier else relative
        message = f'No such module "{wanted}", imported from "{base}".'
        raise ScriptError("Error", message + self._explain(specifier))

    def load(self, name: str) -> Any:
        """The JSModuleDef of a resolved name, compiled or read, not yet evaluated."""
        if name in self._internal:
            return self._read(bytes(self._internal[name]))
        module = self._modules.get(name)
        if module is None:
            raise ScriptError("Error", f'No such module "{name}".')
        match module.kind:
            case ModuleKind.ESM:
                return self._compile(name, module.content)
            case _:
                return self._synthetic(name)

    def namespace(self, name: str, rejection_of: Callable[[Any], Exception]) -> Any:
        """The namespace of an internal module, evaluated now if it was not; the caller's.

        `rejection_of` gives the error of a promise that its top level's failure rejected.
        """
        assert name.startswith(INTERNAL), "a script's modules are imported by the script"
        held = self._namespaces.get(name)
        if held is None:
            with self.names_of(name), self._more_room():
                held = self._hold(self._evaluate(name, rejection_of))
            # Each evaluation leaves a module in the context, and a script may ask at every call.
            self._namespaces[name] = held
        return lib.JS_DupValue(self._context, held.value)

    def _evaluate(self, name: str, rejection_of: Callable[[Any], Exception]) -> Any:
        context = self._context
        source = f'export * as loaded from "{name}";'.encode()
        module_name = f"{INTERNAL}lazy/{name}".encode()
        compiled = lib.JS_Eval(
            context, source, len(source), module_name, EVAL_MODULE | EVAL_COMPILE_ONLY
        )
        if compiled.tag == TAG_EXCEPTION:
            raise self._pending_error()
        definition = ffi.cast("JSModuleDef *", compiled.u)
        promise = lib.JS_EvalFunction(context, compiled)
        if promise.tag == TAG_EXCEPTION:
            raise self._pending_error()
        try:
            if lib.JS_PromiseState(context, promise) == PROMISE_REJECTED:
                raise rejection_of(promise)
        finally:
            lib.JS_FreeValue(context, promise)
        wrapper = lib.JS_GetModuleNamespace(context, definition)
        loaded = lib.JS_GetPropertyStr(context, wrapper, b"loaded")
        lib.JS_FreeValue(context, wrapper)
        return loaded

    def _read(self, bytecode: bytes) -> Any:
        return self._definition(
            lib.JS_ReadObject(self._context, bytecode, len(bytecode), READ_BYTECODE)
        )

    def read_bundle(self, bundle: bytes) -> Any:
        """The JSModuleDef of the main module of a bundle (`Isolate.compile_bundle`)."""
        modules = lib.JS_ReadObject(self._context, bundle, len(bundle), READ_BYTECODE)
        if modules.tag == TAG_EXCEPTION:
            raise self._pending_error()
        main = lib.JS_GetPropertyStr(self._context, modules, BUNDLE_MAIN)
        lib.JS_FreeValue(self._context, modules)
        return self._definition(main)

    def _compile(self, name: str, source: bytes) -> Any:
        # A module that was read, and whose imports are not found later, would stay in the context
        # as if they had been; before any code runs, the isolate ends with that.
        definition = self._definition(
            self.compiled(name, source, EVAL_MODULE, may_import=self._is_before_code)
        )
        if self._meta is not None and _IMPORT_META in source:
            self._meta.describe(definition, name)
        return definition

    @contextmanager
    def before_code(self) -> Iterator[None]:
        """Here, what a script imports is loaded before any of it runs; failure ends the isolate."""
        self._is_before_code = True
        try:
            yield
        finally:
            self._is_before_code = False

    def compiled(self, name: str, source: bytes, flags: int, *, may_import: bool = True) -> Any:
        """What JS_Eval compiles a script's source to with these flags, or has compiled it to once.

        Unless it `may_import`, a module that imports others is compiled anew. A module or a
        function, the caller's; or an exception. JS_Eval with COMPILE_ONLY.
        """
        key = None
        if self._kept is not None:
            key = self._kept.key(name, source, flags)
            try:
                kept = None if key is None else self._kept.read(key)
            except JSError as error:
                return self._thrown(error)
            if kept is not None and (may_import or not kept.imports):
                return self._read_script(kept.code)
            key = key if kept is None else None
        compiled = self._compiled(name, source, flags)
        if compiled.tag == TAG_EXCEPTION and (other := mended(source)) != source:
            lib.JS_FreeValue(self._context, lib.JS_GetException(self._context))
            source = other
            compiled = self._compiled(name, source, flags)
        if self._kept is not None and key is not None and compiled.tag != TAG_EXCEPTION:
            self._kept.keep(key, name, source, flags)
        return compiled

    def _thrown(self, error: JSError) -> Any:
        """The exception that it was, from where it was."""
        self._throw(ScriptError(error.name, error.message))
        thrown, stack = lib.JS_GetException(self._context), error.stack.encode()
        told = lib.JS_NewStringLen(self._context, stack, len(stack))
        lib.JS_SetPropertyStr(self._context, thrown, b"stack", told)
        return lib.JS_Throw(self._context, thrown)

    def _compiled(self, name: str, source: bytes, flags: int) -> Any:
        return lib.JS_Eval(
            self._context, source, len(source), name.encode(), flags | EVAL_COMPILE_ONLY
        )

    def _read_script(self, code: memoryview) -> Any:
        """As `compiled`. If it takes more memory than there is, the next allocation fails."""
        self._install(LEADS_BACK)
        try:
            with self._more_room(UNBOUNDED):
                return read_script(self._context, code)
        finally:
            self._install(self._c_normalize)

    def _definition(self, compiled: Any) -> Any:
        if compiled.tag == TAG_EXCEPTION:
            raise self._pending_error()
        definition = ffi.cast("JSModuleDef *", compiled.u)
        lib.JS_FreeValue(self._context, compiled)  # the context's module list keeps it alive
        return definition

    def _synthetic(self, name: str) -> Any:
        definition = lib.JS_NewCModule(self._context, name.encode(), self._c_init)
        if not definition:
            raise self._pending_error()
        lib.JS_AddModuleExport(self._context, definition, b"default")
        return definition

    def _initialise(self, context: Any, definition: Any) -> int:
        """C callback: give a module that is not an ES module its default export."""
        atom = lib.JS_GetModuleName(context, definition)
        name_value = lib.JS_AtomToString(context, atom)
        lib.JS_FreeAtom(context, atom)
        length = ffi.new("size_t *")
        pointer = lib.JS_ToCStringLen2(context, length, name_value, False)
        name = ffi.unpack(pointer, length[0]).decode()
        lib.JS_FreeCString(context, pointer)
        lib.JS_FreeValue(context, name_value)
        module = self._modules[name]
        if module.kind is ModuleKind.COMMONJS:
            value = self._common_js().exports(name)
        else:
            value = self._content(module)
        if value.tag == TAG_EXCEPTION:
            return -1
        status: int = lib.JS_SetModuleExport(context, definition, b"default", value)
        return status

    def _common_js(self) -> CommonJS:
        """The CommonJS modules, set up with the first of them."""
        if self._commonjs is None:
            self._commonjs = CommonJS(
                self._context,
                self._modules,
                resolve=self.resolve,
                content=self._content,
                load_internal=self._internal_loader(),
                throw=self._throw,
                hold=self._hold,
                compiled=self.compiled,
            )
        return self._commonjs

    def _content(self, module: Module) -> Any:
        """The value of a text, JSON or data module; the caller's."""
        content = module.content
        if module.kind is ModuleKind.WASM:
            return self._wasm_module(module)
        if module.kind is ModuleKind.DATA:
            return lib.JS_NewArrayBufferCopy(self._context, content, len(content))
        if module.kind is ModuleKind.JSON:
            return lib.JS_ParseJSON(self._context, content, len(content), module.name.encode())
        text = content.decode("utf-8", "replace").encode()
        return lib.JS_NewStringLen(self._context, text, len(text))

    def _wasm_module(self, module: Module) -> Any:
        """A WebAssembly.Module, which WASM_MODULE makes; the caller's, or an exception."""
        namespace = self._asked_for(WASM_MODULE)
        if namespace.tag == TAG_EXCEPTION:
            return namespace
        make = lib.JS_GetPropertyStr(self._context, namespace, b"moduleNamed")
        lib.JS_FreeValue(self._context, namespace)
        return self._called(make, module.name)


def _join(base: str, specifier: str) -> str:
    """`specifier` seen from `base`'s folder, as a path without dots."""
    prefix, base = (INTERNAL, base[len(INTERNAL) :]) if base.startswith(INTERNAL) else ("", base)
    if specifier.startswith("/"):
        path = posixpath.normpath(specifier.lstrip("/"))
    else:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(base), specifier))
    while path.startswith("../"):
        path = path[3:]
    return prefix + path
