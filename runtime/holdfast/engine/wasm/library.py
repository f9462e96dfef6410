"""The C API of wasmtime, found in the wheel of that name and bound with cffi in ABI mode.

wasmtime's own Python API is not imported: a call through it takes twenty times as long, it knows
no exceptions of WebAssembly, and imports all that it has. What is declared here are types and
functions of `wasm.h` and `wasmtime.h`; those of QuickJS are declared beside them, once more, since
cffi takes values of one declaration for those of another nowhere.

https://docs.wasmtime.dev/c-api/
"""

import contextlib
import importlib.util
import platform
import re
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.library import DECLARATIONS as OF_QUICKJS
from holdfast.engine.library import compiled_declarations

SUPPORTED_MAJOR = 50

DECLARATIONS = (
    OF_QUICKJS
    + """
typedef void *JSReallocArrayBufferDataFunc(JSRuntime *rt, void *opaque, void *ptr, size_t size);
JSValue JS_NewCFunctionData2(JSContext *ctx, JSCFunctionData *func, const char *name, int length,
                             int magic, int data_len, JSValue *data);
void JS_DetachArrayBuffer(JSContext *ctx, JSValue obj);
JSValue JS_NewBigInt64(JSContext *ctx, int64_t v);
JSValue JS_NewArray(JSContext *ctx);
int JS_DefinePropertyValueUint32(JSContext *ctx, JSValue obj, uint32_t idx, JSValue val,
                                 int flags);
int JS_ToInt32(JSContext *ctx, int32_t *pres, JSValue val);
int JS_ToBigInt64(JSContext *ctx, int64_t *pres, JSValue val);
int JS_ToFloat64(JSContext *ctx, double *pres, JSValue val);

typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_globaltype_t wasm_globaltype_t;
typedef struct wasm_tabletype_t wasm_tabletype_t;
typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasm_tagtype_t wasm_tagtype_t;
typedef struct wasm_externtype_t wasm_externtype_t;
typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasmtime_error_t wasmtime_error_t;
typedef struct wasmtime_store_t wasmtime_store_t;
typedef struct wasmtime_context_t wasmtime_context_t;
typedef struct wasmtime_caller_t wasmtime_caller_t;
typedef struct wasmtime_module_t wasmtime_module_t;
typedef struct { size_t size; char *data; } wasm_byte_vec_t;
typedef struct { size_t size; wasm_valtype_t **data; } wasm_valtype_vec_t;
typedef struct { size_t size; wasm_importtype_t **data; } wasm_importtype_vec_t;
typedef struct { size_t size; wasm_exporttype_t **data; } wasm_exporttype_vec_t;
typedef struct { uint32_t min, max; } wasm_limits_t;
typedef struct { uint8_t kind; uint64_t words[4]; } wasmtime_valtype_t;
typedef struct { uint64_t store_id; void *private1; } wasmtime_func_t;
typedef struct { uint64_t store_id; uint32_t private1, private2, private3; } wasmtime_global_t;
typedef struct {
    struct { uint64_t store_id; uint32_t private1; };
    uint32_t private2;
} wasmtime_table_t;
typedef struct {
    struct { uint64_t store_id; uint32_t private1; };
    uint32_t private2;
} wasmtime_memory_t;
typedef struct {
    struct { uint64_t store_id; uint32_t private1; };
    uint32_t private2;
} wasmtime_tag_t;
typedef struct { uint64_t store_id; size_t private1; } wasmtime_instance_t;
typedef struct {
    uint64_t store_id; uint32_t private1, private2; void *private3;
} wasmtime_ref_t;
typedef struct {
    uint8_t kind;
    union {
        int32_t i32; int64_t i64; float f32; double f64; uint8_t v128[16];
        wasmtime_func_t funcref; wasmtime_ref_t ref;
    } of;
} wasmtime_val_t;
typedef struct {
    uint8_t kind;
    union {
        wasmtime_func_t func; wasmtime_global_t global_; wasmtime_table_t table;
        wasmtime_memory_t memory; void *sharedmemory; wasmtime_tag_t tag;
    } of;
} wasmtime_extern_t;
typedef union { int32_t i32; int64_t i64; float f32; double f64; uint32_t ref; void *func;
                uint64_t words[2]; } wasmtime_val_raw_t;
typedef uint8_t *wasmtime_memory_get_callback(void *env, size_t *byte_size, size_t *byte_capacity);
typedef wasmtime_error_t *wasmtime_memory_grow_callback(void *env, size_t new_size);
typedef void wasmtime_finalizer(void *env);
typedef struct {
    void *env;
    wasmtime_memory_get_callback *get_memory;
    wasmtime_memory_grow_callback *grow_memory;
    wasmtime_finalizer *finalizer;
} wasmtime_linear_memory_t;
typedef wasmtime_error_t *wasmtime_new_memory_callback(
    void *env, void *ty, size_t minimum, size_t maximum, size_t reserved_size_in_bytes,
    size_t guard_size_in_bytes, wasmtime_linear_memory_t *memory_ret);
typedef struct {
    void *env;
    wasmtime_new_memory_callback *new_memory;
    void *finalizer;
} wasmtime_memory_creator_t;
typedef wasm_trap_t *wasmtime_func_unchecked_callback(void *env, wasmtime_caller_t *caller,
                                                      JSValue *args_and_results, size_t count);
typedef wasmtime_error_t *wasmtime_deadline_callback(wasmtime_context_t *context, void *data,
                                                     uint64_t *delta, uint8_t *kind);

wasm_config_t *wasm_config_new(void);
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
void wasmtime_config_epoch_interruption_set(wasm_config_t *, bool);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
void wasmtime_config_memory_may_move_set(wasm_config_t *, bool);
void wasmtime_config_memory_reservation_set(wasm_config_t *, uint64_t);
void wasmtime_config_memory_guard_size_set(wasm_config_t *, uint64_t);
void wasmtime_config_wasm_gc_set(wasm_config_t *, bool);
void wasmtime_config_wasm_function_references_set(wasm_config_t *, bool);
void wasmtime_config_wasm_exceptions_set(wasm_config_t *, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
void wasmtime_config_wasm_component_model_set(wasm_config_t *, bool);
void wasmtime_config_wasm_threads_set(wasm_config_t *, bool);
void wasmtime_config_host_memory_creator_set(wasm_config_t *, wasmtime_memory_creator_t *);
void wasmtime_engine_increment_epoch(wasm_engine_t *);

wasmtime_error_t *wasmtime_error_new(const char *);
void wasmtime_error_delete(wasmtime_error_t *);
void wasmtime_error_message(const wasmtime_error_t *, wasm_byte_vec_t *);
void wasm_byte_vec_delete(wasm_byte_vec_t *);
wasmtime_error_t *wasmtime_wat2wasm(const char *, size_t, wasm_byte_vec_t *);
wasm_trap_t *wasmtime_trap_new(const char *, size_t);
void wasm_trap_delete(wasm_trap_t *);
void wasm_trap_message(const wasm_trap_t *, wasm_byte_vec_t *);
bool wasmtime_trap_code(const wasm_trap_t *, uint8_t *code);

wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *, size_t,
                                      wasmtime_module_t **);
void wasmtime_module_delete(wasmtime_module_t *);
wasmtime_error_t *wasmtime_module_validate(wasm_engine_t *, const uint8_t *, size_t);
wasmtime_error_t *wasmtime_module_serialize(const wasmtime_module_t *, wasm_byte_vec_t *);
wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *, const uint8_t *, size_t,
                                              wasmtime_module_t **);
void wasmtime_module_image_range(const wasmtime_module_t *, void **start, void **end);
void wasmtime_module_imports(const wasmtime_module_t *, wasm_importtype_vec_t *);
void wasmtime_module_exports(const wasmtime_module_t *, wasm_exporttype_vec_t *);
void wasm_importtype_vec_delete(wasm_importtype_vec_t *);
void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *);
wasm_byte_vec_t *wasm_importtype_module(const wasm_importtype_t *);
wasm_byte_vec_t *wasm_importtype_name(const wasm_importtype_t *);
wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);
wasm_byte_vec_t *wasm_exporttype_name(const wasm_exporttype_t *);
wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);
uint8_t wasm_externtype_kind(const wasm_externtype_t *);
wasm_functype_t *wasm_externtype_as_functype(wasm_externtype_t *);
wasm_globaltype_t *wasm_externtype_as_globaltype(wasm_externtype_t *);
wasm_tabletype_t *wasm_externtype_as_tabletype(wasm_externtype_t *);
wasm_memorytype_t *wasm_externtype_as_memorytype(wasm_externtype_t *);
wasm_tagtype_t *wasm_externtype_as_tagtype(wasm_externtype_t *);
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *, wasm_valtype_vec_t *);
void wasm_functype_delete(wasm_functype_t *);
wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);
wasm_valtype_t *wasm_valtype_new(uint8_t kind);
wasm_valtype_t *wasmtime_wasm_valtype_v128(void);
void wasmtime_valtype_new(const wasm_valtype_t *, wasmtime_valtype_t *);
void wasmtime_valtype_delete(wasmtime_valtype_t *);
void wasm_valtype_vec_new_uninitialized(wasm_valtype_vec_t *, size_t);
wasm_globaltype_t *wasm_globaltype_new(wasm_valtype_t *, uint8_t mutability);
void wasm_globaltype_delete(wasm_globaltype_t *);
wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *);
uint8_t wasm_globaltype_mutability(const wasm_globaltype_t *);
wasm_tabletype_t *wasm_tabletype_new(wasm_valtype_t *, wasm_limits_t *);
void wasm_tabletype_delete(wasm_tabletype_t *);
wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *);
wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *);
uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t *);
bool wasmtime_memorytype_maximum(const wasm_memorytype_t *, uint64_t *);
wasm_tagtype_t *wasm_tagtype_new(wasm_functype_t *);
void wasm_tagtype_delete(wasm_tagtype_t *);
wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *);

wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *, void *);
void wasmtime_store_delete(wasmtime_store_t *);
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
void wasmtime_store_limiter(wasmtime_store_t *, int64_t memory_size, int64_t table_elements,
                            int64_t instances, int64_t tables, int64_t memories);
void wasmtime_store_epoch_deadline_callback(wasmtime_store_t *, wasmtime_deadline_callback *,
                                            void *, void *);
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *, uint64_t);
wasmtime_error_t *wasmtime_instance_new(wasmtime_context_t *, const wasmtime_module_t *,
                                        const wasmtime_extern_t *, size_t, wasmtime_instance_t *,
                                        wasm_trap_t **);
bool wasmtime_instance_export_nth(wasmtime_context_t *, const wasmtime_instance_t *, size_t,
                                  char **, size_t *, wasmtime_extern_t *);
void wasmtime_func_new_unchecked(wasmtime_context_t *, wasm_functype_t *,
                                 wasmtime_func_unchecked_callback *, void *, void *,
                                 wasmtime_func_t *);
wasm_functype_t *wasmtime_func_type(wasmtime_context_t *, const wasmtime_func_t *);
wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *, const wasmtime_func_t *,
                                               void *, size_t, wasm_trap_t **);
wasmtime_error_t *wasmtime_func_call(wasmtime_context_t *, const wasmtime_func_t *,
                                     const wasmtime_val_t *, size_t, wasmtime_val_t *, size_t,
                                     wasm_trap_t **);
void wasmtime_func_from_raw(wasmtime_context_t *, void *, wasmtime_func_t *);
void *wasmtime_func_to_raw(wasmtime_context_t *, const wasmtime_func_t *);
uint8_t *wasmtime_memory_data(wasmtime_context_t *, const wasmtime_memory_t *);
wasmtime_error_t *wasmtime_memory_grow(wasmtime_context_t *, const wasmtime_memory_t *, uint64_t,
                                       uint64_t *);
wasmtime_error_t *wasmtime_table_new(wasmtime_context_t *, const wasm_tabletype_t *,
                                     const wasmtime_val_t *, wasmtime_table_t *);
bool wasmtime_table_get(wasmtime_context_t *, const wasmtime_table_t *, uint64_t,
                        wasmtime_val_t *);
wasmtime_error_t *wasmtime_table_set(wasmtime_context_t *, const wasmtime_table_t *, uint64_t,
                                     const wasmtime_val_t *);
uint64_t wasmtime_table_size(wasmtime_context_t *, const wasmtime_table_t *);
wasmtime_error_t *wasmtime_table_grow(wasmtime_context_t *, const wasmtime_table_t *, uint64_t,
                                      const wasmtime_val_t *, uint64_t *);
wasmtime_error_t *wasmtime_global_new(wasmtime_context_t *, const wasm_globaltype_t *,
                                      const wasmtime_val_t *, wasmtime_global_t *);
void wasmtime_global_get(wasmtime_context_t *, const wasmtime_global_t *, wasmtime_val_t *);
wasmtime_error_t *wasmtime_global_set(wasmtime_context_t *, const wasmtime_global_t *,
                                      const wasmtime_val_t *);
wasmtime_error_t *wasmtime_tag_new(wasmtime_context_t *, const wasm_tagtype_t *,
                                   wasmtime_tag_t *);
wasm_tagtype_t *wasmtime_tag_type(wasmtime_context_t *, const wasmtime_tag_t *);
bool wasmtime_tag_eq(wasmtime_context_t *, const wasmtime_tag_t *, const wasmtime_tag_t *);
void wasmtime_val_unroot(wasmtime_val_t *);
bool wasmtime_externref_new(wasmtime_context_t *, void *, wasmtime_finalizer *,
                            wasmtime_ref_t *);
void *wasmtime_externref_data(wasmtime_context_t *, const wasmtime_ref_t *);
void wasmtime_externref_unroot(wasmtime_ref_t *);
void wasmtime_externref_from_raw(wasmtime_context_t *, uint32_t, wasmtime_ref_t *);
uint32_t wasmtime_externref_to_raw(wasmtime_context_t *, const wasmtime_ref_t *);
wasmtime_error_t *wasmtime_exnref_new(wasmtime_context_t *, const wasmtime_tag_t *,
                                      const wasmtime_val_t *, size_t, wasmtime_ref_t *);
void wasmtime_exnref_unroot(wasmtime_ref_t *);
void wasmtime_exnref_clone(const wasmtime_ref_t *, wasmtime_ref_t *);
uint32_t wasmtime_exnref_to_raw(wasmtime_context_t *, const wasmtime_ref_t *);
wasmtime_error_t *wasmtime_exnref_tag(wasmtime_context_t *, const wasmtime_ref_t *,
                                      wasmtime_tag_t *);
wasmtime_error_t *wasmtime_exnref_field(wasmtime_context_t *, const wasmtime_ref_t *, size_t,
                                        wasmtime_val_t *);
wasm_trap_t *wasmtime_context_set_exception(wasmtime_context_t *, const wasmtime_ref_t *);
bool wasmtime_context_take_exception(wasmtime_context_t *, wasmtime_ref_t *);

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, int64_t offset);
int munmap(void *address, size_t length);
int mprotect(void *address, size_t length, int protection);
"""
)

# wasmtime_valkind_t and, but for references, wasm_valkind_t.
I32, I64, F32, F64, V128, FUNCREF, EXTERNREF, ANYREF, EXNREF = range(9)
EXTERN_FUNC, EXTERN_GLOBAL, EXTERN_TABLE, EXTERN_MEMORY, EXTERN_SHARED_MEMORY, EXTERN_TAG = range(6)
PROPERTY_PLAIN = 7  # JS_PROP_C_W_E


def _find_library() -> Path:
    spec = importlib.util.find_spec("wasmtime")
    if spec is None or not spec.submodule_search_locations:
        raise UnsupportedEngine("wasmtime is not installed: pip install wasmtime")
    system = "darwin" if sys.platform == "darwin" else "linux"
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    suffix = "dylib" if system == "darwin" else "so"
    folder = Path(spec.submodule_search_locations[0])
    return folder / f"{system}-{machine}" / f"_libwasmtime.{suffix}"


def _installed_version() -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version("wasmtime")
    return "0"


def _open_library() -> Any:
    if not WASMTIME_VERSION.startswith(f"{SUPPORTED_MAJOR}."):
        raise UnsupportedEngine(
            f"wasmtime {WASMTIME_VERSION} is installed, Holdfast knows {SUPPORTED_MAJOR}: "
            f"pip install 'wasmtime=={SUPPORTED_MAJOR}.*'"
        )
    path = _find_library()
    try:
        library = ffi.dlopen(str(path))
        for symbol in _declared_functions():
            getattr(library, symbol)
    except (OSError, AttributeError) as missing:
        raise UnsupportedEngine(f"{path} cannot be used: {missing}") from missing
    return library


def _declared_functions() -> list[str]:
    return re.findall(r"^(?!typedef)\w.*?\b(wasm(?:time)?_\w+)\(", DECLARATIONS, re.MULTILINE)


ffi = compiled_declarations("wasmtime", DECLARATIONS)
WASMTIME_VERSION = _installed_version()
lib = _open_library()
js = ffi.dlopen(sys.modules["_quickjs"].__file__)
c_library = ffi.dlopen(None)


def c_callback(kind: str, error: Any = None) -> Callable[[Callable[..., Any]], Any]:
    """A function of C of this type, for the whole life of the process; `error` if it raises."""

    def made(function: Callable[..., Any]) -> Any:
        return ffi.callback(kind, function, error=error)

    return made
