"""The C API of QuickJS, found in quickjs-ng's wheel and bound with cffi in ABI mode.

The wheel's extension module exports the whole `JS_*` API, so no compiler is
needed on the user's machine. ABI mode believes whatever the declarations say,
therefore the version and every symbol are checked at import: a library with
another layout must fail here, with a sentence, and not later in a crash.

Reading the C declarations takes cffi 60 ms, most of a cold start, so their
compiled form (a small Python module that cffi writes) is kept in the cache
directory, keyed by the declarations' hash.
"""

import contextlib
import hashlib
import importlib.util
import io
import platform
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.engine.cache import cache_directory, write_atomically
from holdfast.engine.errors import UnsupportedEngine

SUPPORTED_VERSION = "0.17."
_HEAD_BYTES = 65536

DECLARATIONS = """
typedef struct JSRuntime JSRuntime;
typedef struct JSContext JSContext;
typedef struct JSModuleDef JSModuleDef;
typedef uint32_t JSAtom;
typedef struct { uint64_t u; int64_t tag; } JSValue;
typedef struct {
    int64_t malloc_size, malloc_limit, memory_used_size, malloc_count, memory_used_count;
    int64_t atom_count, atom_size, str_count, str_size, obj_count, obj_size;
    int64_t prop_count, prop_size, shape_count, shape_size;
    int64_t js_func_count, js_func_size, js_func_code_size;
    int64_t js_func_pc2line_count, js_func_pc2line_size;
    int64_t c_func_count, array_count, fast_array_count, fast_array_elements;
    int64_t binary_object_count, binary_object_size;
} JSMemoryUsage;

typedef JSValue JSCFunctionData(JSContext *ctx, JSValue this_val, int argc, JSValue *argv,
                                int magic, JSValue *func_data);
typedef JSValue JSCFunctionMagic(JSContext *ctx, JSValue this_val, int argc, JSValue *argv,
                                 int magic);
typedef struct {
    const char *name;
    uint8_t prop_flags, def_type;
    int16_t magic;
    struct {
        uint8_t length, kind;
        JSCFunctionMagic *function;
    } u;
} JSFunctionListEntry;
typedef char *JSModuleNormalizeFunc(JSContext *ctx, const char *base, const char *name, void *o);
typedef JSModuleDef *JSModuleLoaderFunc(JSContext *ctx, const char *name, void *opaque);
typedef int JSModuleInitFunc(JSContext *ctx, JSModuleDef *m);
typedef int JSInterruptHandler(JSRuntime *rt, void *opaque);
typedef void JSPromiseHook(uintptr_t ctx, int type, uint64_t promise); /* see promise_hook.py */
typedef void JSHostPromiseRejectionTracker(JSContext *ctx, JSValue promise, JSValue reason,
                                           bool is_handled, void *opaque);

const char *JS_GetVersion(void);
JSRuntime *JS_NewRuntime(void);
void JS_FreeRuntime(JSRuntime *rt);
JSContext *JS_NewContext(JSRuntime *rt);
void JS_FreeContext(JSContext *ctx);
void JS_SetMemoryLimit(JSRuntime *rt, size_t limit);
void JS_SetMaxStackSize(JSRuntime *rt, size_t stack_size);
void JS_UpdateStackTop(JSRuntime *rt);
void JS_SetInterruptHandler(JSRuntime *rt, JSInterruptHandler *cb, void *opaque);
void JS_SetHostPromiseRejectionTracker(JSRuntime *rt, JSHostPromiseRejectionTracker *cb,
                                       void *opaque);
void JS_SetPromiseHook(JSRuntime *rt, JSPromiseHook *hook, void *opaque);
void JS_SetModuleLoaderFunc(JSRuntime *rt, JSModuleNormalizeFunc *normalize,
                            JSModuleLoaderFunc *loader, void *opaque);
void JS_RunGC(JSRuntime *rt);
size_t JS_GetGCThreshold(JSRuntime *rt);
void JS_SetGCThreshold(JSRuntime *rt, size_t threshold);
void JS_ComputeMemoryUsage(JSRuntime *rt, JSMemoryUsage *s);
void JS_SetCanBlock(JSRuntime *rt, bool can_block);

JSValue JS_Eval(JSContext *ctx, const char *input, size_t input_len, const char *filename,
                int flags);
JSValue JS_EvalFunction(JSContext *ctx, JSValue fun);
int JS_ResolveModule(JSContext *ctx, JSValue obj);
JSValue JS_GetModuleNamespace(JSContext *ctx, JSModuleDef *m);
JSAtom JS_GetModuleName(JSContext *ctx, JSModuleDef *m);
JSValue JS_GetImportMeta(JSContext *ctx, JSModuleDef *m);
JSModuleDef *JS_NewCModule(JSContext *ctx, const char *name, JSModuleInitFunc *func);
int JS_AddModuleExport(JSContext *ctx, JSModuleDef *m, const char *name);
int JS_SetModuleExport(JSContext *ctx, JSModuleDef *m, const char *name, JSValue val);
uint8_t *JS_WriteObject(JSContext *ctx, size_t *psize, JSValue obj, int flags);
JSValue JS_ReadObject(JSContext *ctx, const uint8_t *buf, size_t len, int flags);
int JS_FreezeObject(JSContext *ctx, JSValue obj);

JSValue JS_Call(JSContext *ctx, JSValue func, JSValue this_val, int argc, JSValue *argv);
int JS_ExecutePendingJob(JSRuntime *rt, JSContext **pctx);
JSValue JS_NewCFunctionData(JSContext *ctx, JSCFunctionData *func, int length, int magic,
                            int data_len, JSValue *data);

JSValue JS_DupValue(JSContext *ctx, JSValue v);
void JS_FreeValue(JSContext *ctx, JSValue v);
void JS_FreeAtom(JSContext *ctx, JSAtom atom);
JSValue JS_AtomToString(JSContext *ctx, JSAtom atom);
JSValue JS_NewObject(JSContext *ctx);
JSValue JS_NewArrayFrom(JSContext *ctx, int count, const JSValue *values);
JSValue JS_GetPropertyInt64(JSContext *ctx, JSValue obj, int64_t index);
void JS_SetIsHTMLDDA(JSContext *ctx, JSValue obj);
JSValue JS_NewStringLen(JSContext *ctx, const char *s, size_t n);
JSValue JS_NewArrayBufferCopy(JSContext *ctx, const uint8_t *buf, size_t len);
JSValue JS_NewArrayBuffer(JSContext *ctx, uint8_t *buf, size_t len, size_t max_len,
                          void *realloc_func, void *opaque, bool is_shared);
JSValue JS_NewUint8ArrayCopy(JSContext *ctx, const uint8_t *buf, size_t len);
uint8_t *JS_GetUint8Array(JSContext *ctx, size_t *psize, JSValue obj);
uint8_t *JS_GetArrayBuffer(JSContext *ctx, size_t *psize, JSValue obj);
bool JS_IsArrayBuffer(JSValue obj);
int JS_GetTypedArrayType(JSValue obj);
JSValue JS_ParseJSON(JSContext *ctx, const char *buf, size_t len, const char *filename);
JSValue JS_JSONStringify(JSContext *ctx, JSValue obj, JSValue replacer, JSValue space0);
const char *JS_ToCStringLen2(JSContext *ctx, size_t *plen, JSValue v, bool cesu8);
void JS_FreeCString(JSContext *ctx, const char *p);
JSValue JS_GetGlobalObject(JSContext *ctx);
JSValue JS_GetPropertyStr(JSContext *ctx, JSValue obj, const char *prop);
int JS_SetPropertyStr(JSContext *ctx, JSValue obj, const char *prop, JSValue v);
int JS_SetPropertyFunctionList(JSContext *ctx, JSValue obj, const JSFunctionListEntry *list,
                               int length);

JSValue JS_Throw(JSContext *ctx, JSValue obj);
JSValue JS_ThrowOutOfMemory(JSContext *ctx);
JSValue JS_GetException(JSContext *ctx);
JSValue JS_NewError(JSContext *ctx);
bool JS_IsError(JSValue val);
bool JS_IsUncatchableError(JSValue val);
void JS_SetUncatchableError(JSContext *ctx, JSValue val);
int JS_PromiseState(JSContext *ctx, JSValue promise);
JSValue JS_PromiseResult(JSContext *ctx, JSValue promise);
bool JS_IsProxy(JSValue val);
JSValue JS_GetProxyTarget(JSContext *ctx, JSValue proxy);
JSValue JS_GetProxyHandler(JSContext *ctx, JSValue proxy);
char *js_strdup(JSContext *ctx, const char *s);
char *js_strndup(JSContext *ctx, const char *s, size_t n);
void js_free(JSContext *ctx, void *ptr);

struct job_tree {
    void *root;
    struct { void *key, *left, *right, *others; } node;
    JSContext *context;
};
void *tfind(JSRuntime *key, struct job_tree *tree,
            int (*compare)(JSRuntime *key, JSContext **element));
"""

# Tags of JSValue (quickjs.h); negative ones are reference-counted.
TAG_STRING = -7
TAG_STRING_ROPE = -6
TAG_OBJECT = -1
TAG_INT = 0
TAG_BOOL = 1
TAG_NULL = 2
TAG_UNDEFINED = 3
TAG_EXCEPTION = 6
TAG_FLOAT64 = 8

FUNCTION_WITH_MAGIC = 1  # JSCFunctionEnum: its function is told the number of the entry
EVAL_GLOBAL = 0
EVAL_MODULE = 1
EVAL_COMPILE_ONLY = 1 << 5
READ_BYTECODE = WRITE_BYTECODE = 1
REFERENCES = 1 << 3  # objects that are met again, in what is written and read
STRIP_SOURCE = 1 << 4
PROMISE_PENDING, PROMISE_FULFILLED, PROMISE_REJECTED = 0, 1, 2
TYPED_ARRAY_UINT8 = 2


def compiled_declarations(library: str, declarations: str) -> Any:
    """The `ffi` object for these declarations, from the cache where it is there already."""
    digest = hashlib.sha256((declarations + sys.version).encode()).hexdigest()[:16]
    name = f"holdfast_{library}_{digest}"
    path = cache_directory() / f"{name}.py"
    with contextlib.suppress(OSError, SyntaxError, AttributeError):
        if not path.exists():
            write_atomically(path, _compile_declarations(name, declarations))
        return _load(name, path).ffi
    return _declared_in_memory(declarations)


def _compile_declarations(name: str, declarations: str) -> bytes:
    ffi = _declared_in_memory(declarations)
    ffi.set_source(name, None)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        draft = Path(folder, f"{name}.py")
        ffi.emit_python_code(str(draft))  # prints what it does
        return draft.read_bytes()


def _declared_in_memory(declarations: str) -> Any:
    import cffi  # slow to import, needed on the first start only

    ffi = cffi.FFI()
    ffi.cdef(declarations)
    return ffi


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader, "a path to a .py file always has a loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _open_library(ffi: Any) -> Any:
    if sys.platform == "win32" or sys.maxsize < 2**32 or sys.byteorder != "little":
        raise UnsupportedEngine(
            f"Holdfast runs on 64-bit little-endian Linux and macOS, "
            f"not on {platform.system()} {platform.machine()}."
        )
    try:
        import _quickjs
    except ImportError as missing:
        raise UnsupportedEngine("quickjs-ng is not installed: pip install quickjs-ng") from missing
    lib = ffi.dlopen(_quickjs.__file__)
    try:
        version = ffi.string(lib.JS_GetVersion()).decode()
        for symbol in _declared_functions():
            getattr(lib, symbol)
    except AttributeError as missing:
        raise UnsupportedEngine(
            f"{_quickjs.__file__} does not export QuickJS's C API ({missing}); "
            f"install quickjs-ng {SUPPORTED_VERSION}x"
        ) from missing
    if not version.startswith(SUPPORTED_VERSION):
        raise UnsupportedEngine(
            f"quickjs-ng {version} is installed, Holdfast knows {SUPPORTED_VERSION}x: "
            f"pip install 'quickjs-ng=={SUPPORTED_VERSION}*'"
        )
    return lib


@cache
def engine_identity() -> str:
    """What tells builds of the engine apart, each of which may have bytecode of its own.

    The first part of the library holds what its linker has hashed the whole to (a build ID; on
    macOS a UUID), and the addresses of all that it exports.
    """
    with Path(sys.modules["_quickjs"].__file__ or "").open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
        size = file.seek(0, io.SEEK_END)
    return f"{ENGINE_VERSION} {platform.machine()} {size} {head}"


def _declared_functions() -> list[str]:
    lines = DECLARATIONS.split("\n\n", 2)[2].replace("\n    ", " ").splitlines()
    heads = [line.partition("(")[0].split()[-1].lstrip("*") for line in lines if "(" in line]
    return [name for name in heads if name.startswith(("JS_", "js_"))]


ffi = compiled_declarations("quickjs", DECLARATIONS)
lib = _open_library(ffi)
c_library = ffi.dlopen(None)
ENGINE_VERSION: str = ffi.string(lib.JS_GetVersion()).decode()
UNDEFINED = ffi.new("JSValue *", {"tag": TAG_UNDEFINED})[0]
EXCEPTION = ffi.new("JSValue *", {"tag": TAG_EXCEPTION})[0]
