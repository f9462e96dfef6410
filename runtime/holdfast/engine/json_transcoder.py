"""Large JSON, made values in two thirds of the time that the engine's parser takes.

The parser looks each name up anew, and reads byte by byte. JS_ReadObject, which is there for what
JS_WriteObject has written, takes half as long for the same values. What it reads is made of JSON
by `json_transcoder.wat`: machine code, some 600 MB a second, since each installation has a
compiler of WebAssembly, and none of C. What that does not take, mistakes above all, is parsed by
the engine's parser from the beginning, and told in its words.

The library takes 16 MB and 70 ms of CPU time. So it is loaded by a thread, once as much was parsed
as makes that worth it. Until then, and where it cannot be had, the engine's parser is used. The
same thread transcodes texts that take long, before the turn that asks for their values.
"""

import logging
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.engine.errors import UnsupportedEngine
from holdfast.engine.library import TAG_EXCEPTION, TAG_NULL, UNDEFINED, ffi, lib
from holdfast.engine.values import Json

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

LEAST_BYTES = 4096  # of a text that is worth it
LEAST_BYTES_AHEAD = 128 * 1024  # of one that is worth the way to the thread and back, 0.1 ms
MOST_BYTES = 16 * 1024 * 1024
THREAD_NAME = "json-transcoder"
WORTHWHILE_BYTES = 8 * 1024 * 1024  # that were parsed before
KEPT_BYTES = 8 * 1024 * 1024  # of memory, between two texts

_SOURCE = Path(__file__).with_suffix(".wat")
_TEXT = 0x20000  # where a text is put
_NAMES_BYTES = 0x10000 + 64  # before what comes of it
_PADDING = bytes(64)  # after a text, which is read 16 bytes at a time
_HARD_NUMBERS = 0xA800
_PAGE = 0x10000

# All that the format has, as JSON.stringify writes it: indices first, and numbers of both kinds.
_SAMPLE = (
    b'{"7":[null,false,true,-1,99999,2147483648,-0.5,1e+300,1234567890.1234567],"a":{},"b":[],'
    b'"\xc3\xa9":"\xe4\xb8\xad\\n","__proto__":"' + b"x" * 100 + b'","a b":{"a":"\xc3\xa9"}}'
)

log = logging.getLogger(__name__)


def parse_json(context: Any, json: Json) -> Any:
    """The value of a text, the caller's to free; or the exception that JSON.parse throws.

    JS_ParseJSON, JS_ReadObject.
    """
    text, transcoded = json.text, json.transcoded
    if transcoded is None and len(text) >= LEAST_BYTES:
        transcoder = shared.for_text(len(text))
        transcoded = None if transcoder is None else transcoder.transcoded(text)
    if transcoded:
        value = lib.JS_ReadObject(context, transcoded, len(transcoded), 0)
    else:
        value = lib.JS_ParseJSON(context, text, len(text), b"<input>")
    return _with_reason(context, value) if value.tag == TAG_EXCEPTION else value


def _with_reason(context: Any, exception: Any) -> Any:
    """The exception; where the heap had no room for it, an error that says so."""
    thrown = lib.JS_GetException(context)
    if thrown.tag == TAG_NULL:
        return lib.JS_ThrowOutOfMemory(context)
    lib.JS_Throw(context, thrown)
    return exception


class Transcoder:
    """Makes of JSON what JS_ReadObject reads, one text at a time. Raises UnsupportedEngine.

    Safe for threads. Compiling it takes 15 ms, and loading the library that compiles as long again.
    """

    def __init__(self) -> None:
        from holdfast.engine.wasm.library import ffi as wasm_ffi
        from holdfast.engine.wasm.library import lib as wasm

        self._wasm, self._ffi = wasm, wasm_ffi
        self._lock = threading.Lock()
        self._store: Any = None
        self.memory_bytes = 0
        self._raw = wasm_ffi.new("wasmtime_val_raw_t[4]")
        self._trap = wasm_ffi.new("wasm_trap_t **")
        config = wasm.wasm_config_new()
        wasm.wasmtime_config_wasm_threads_set(config, False)
        self._engine = wasm.wasm_engine_new_with_config(config)
        self._module = self._compiled(_SOURCE.read_bytes())
        self._version = self._checked_version()

    def transcoded(self, text: bytes, *, waits: bool = False) -> bytes:
        """A text in UTF-8 in the engine's format; nothing if it is not taken.

        One that comes while another thread has the transcoder is not taken, or `waits` for it.
        """
        if len(text) > MOST_BYTES or not self._lock.acquire(waits):
            return b""
        try:
            return self._transcoded(text)
        except UnsupportedEngine as error:  # no room for its memory, or a mistake of its own
            log.debug("%s", error)
            return b""
        finally:
            if self.memory_bytes > KEPT_BYTES:
                self._close()
            self._lock.release()

    def _transcoded(self, text: bytes) -> bytes:
        end = _TEXT + len(text)
        out = end + len(_PADDING) + _NAMES_BYTES
        # What takes the most is a number such as 1.5 and its comma: nine bytes.
        self._reserve(out + 3 * len(text) + 2 * len(_PADDING))
        memory = self._wasm.wasmtime_memory_data(self._context, self._memory)
        self._ffi.memmove(memory + _TEXT, text, len(text))
        self._ffi.memmove(memory + end, _PADDING, len(_PADDING))
        raw = self._raw
        raw[0].i32, raw[1].i32, raw[2].i32, raw[3].i32 = _TEXT, end, out, self._version
        self._check(
            self._wasm.wasmtime_func_call_unchecked(
                self._context, self._function, raw, len(raw), self._trap
            )
        )
        place, length, hard_numbers = raw[0].i32, raw[1].i32, raw[2].i32
        if not place:
            return b""
        self._put_in(memory, hard_numbers)
        return bytes(self._ffi.buffer(memory + place, length))

    def _put_in(self, memory: Any, hard_numbers: int) -> None:
        """Numbers that take more than a multiplication of two exact ones."""
        entries = self._ffi.cast("uint32_t *", memory + _HARD_NUMBERS)
        for first in range(0, 3 * hard_numbers, 3):
            number = float(self._ffi.buffer(memory + entries[first + 1], entries[first + 2])[:])
            self._ffi.memmove(memory + entries[first], struct.pack("<d", number), 8)

    def _reserve(self, size: int) -> None:
        """Have a memory of that many bytes."""
        if self._store is None:
            self._instantiate()
        if size > self.memory_bytes:
            pages = -(-(size - self.memory_bytes) // _PAGE)
            before = self._ffi.new("uint64_t *")
            self._check(self._wasm.wasmtime_memory_grow(self._context, self._memory, pages, before))
            self.memory_bytes += pages * _PAGE

    def _compiled(self, source: bytes) -> Any:
        code = self._ffi.new("wasm_byte_vec_t *")
        self._check(self._wasm.wasmtime_wat2wasm(source, len(source), code))
        module = self._ffi.new("wasmtime_module_t **")
        binary = self._ffi.cast("uint8_t *", code.data)
        error = self._wasm.wasmtime_module_new(self._engine, binary, code.size, module)
        self._wasm.wasm_byte_vec_delete(code)
        self._check(error)
        return module[0]

    def _instantiate(self) -> None:
        self._store = self._wasm.wasmtime_store_new(self._engine, self._ffi.NULL, self._ffi.NULL)
        self._context = self._wasm.wasmtime_store_context(self._store)
        instance = self._ffi.new("wasmtime_instance_t *")
        try:
            self._check(
                self._wasm.wasmtime_instance_new(
                    self._context, self._module, self._ffi.NULL, 0, instance, self._trap
                )
            )
        except UnsupportedEngine:
            self._close()
            raise
        self._exports = [self._export(instance, number) for number in range(2)]
        self._memory = self._ffi.addressof(self._exports[0].of, "memory")
        self._function = self._ffi.addressof(self._exports[1].of, "func")
        self.memory_bytes = 3 * _PAGE

    def _export(self, instance: Any, number: int) -> Any:
        name, length = self._ffi.new("char **"), self._ffi.new("size_t *")
        found = self._ffi.new("wasmtime_extern_t *")
        self._wasm.wasmtime_instance_export_nth(
            self._context, instance, number, name, length, found
        )
        return found

    def _close(self) -> None:
        """Give the memory back."""
        if self._store is not None:
            self._wasm.wasmtime_store_delete(self._store)
        self._store, self.memory_bytes = None, 0

    def _check(self, error: Any) -> None:
        if error == self._ffi.NULL and self._trap[0] == self._ffi.NULL:
            return
        from holdfast.engine.wasm.machine import take_message, take_trap

        if error != self._ffi.NULL:
            told = take_message(error)
        else:
            told = take_trap(self._trap[0])[1]
            self._trap[0] = self._ffi.NULL
        raise UnsupportedEngine(f"JSON cannot be transcoded: {told}")

    def _checked_version(self) -> int:
        """The version that the engine's format has, once it has read a sample of it."""
        runtime = lib.JS_NewRuntime()
        context = lib.JS_NewContext(runtime)
        try:
            self._version = _version_of(context)
            made = self.transcoded(_SAMPLE)
            value = lib.JS_ReadObject(context, made, len(made), 0)
            if value.tag == TAG_EXCEPTION or _stringified(context, value) != _SAMPLE:
                raise UnsupportedEngine("JSON cannot be transcoded: the engine's format differs")
            return self._version
        finally:
            lib.JS_FreeContext(context)
            lib.JS_FreeRuntime(runtime)


def _version_of(context: Any) -> int:
    size = ffi.new("size_t *")
    value = lib.JS_ParseJSON(context, b"0", 1, b"<input>")
    written = lib.JS_WriteObject(context, size, value, 0)
    version: int = written[0]
    lib.js_free(context, written)
    return version


def _stringified(context: Any, value: Any) -> bytes:
    text = lib.JS_JSONStringify(context, value, UNDEFINED, UNDEFINED)
    lib.JS_FreeValue(context, value)
    size = ffi.new("size_t *")
    characters = lib.JS_ToCStringLen2(context, size, text, False)
    told: bytes = b"" if characters == ffi.NULL else ffi.buffer(characters, size[0])[:]
    lib.JS_FreeCString(context, characters)
    lib.JS_FreeValue(context, text)
    return told


class SharedTranscoder:
    """The transcoder of a process, made once it is worth it, and its thread."""

    def __init__(self, worthwhile_bytes: int = WORTHWHILE_BYTES) -> None:
        self._left_bytes = worthwhile_bytes
        self._thread: Executor | None = None
        self.transcoder: Transcoder | None = None
        self.making: Future[None] | None = None

    def for_text(self, size: int) -> Transcoder | None:
        """The transcoder, for a text of that many bytes; None where there is none yet."""
        if self._thread is None:
            self._left_bytes -= size
            if self._left_bytes < 0:
                self._begin()
        return self.transcoder

    def thread_for(self, size: int) -> "Executor | None":
        """Where to call `json_ahead` for a text of that many bytes; None where it gains nothing."""
        is_worth_it = self.transcoder is not None and LEAST_BYTES_AHEAD <= size <= MOST_BYTES
        return self._thread if is_worth_it else None

    def json_ahead(self, text: bytes) -> Json:
        """A text, transcoded already where it can be. Called on the thread of `thread_for`."""
        assert self.transcoder is not None, "there is a thread"
        return Json(text, self.transcoder.transcoded(text, waits=True))

    def _begin(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._thread = ThreadPoolExecutor(1, thread_name_prefix=THREAD_NAME)
        try:
            self.making = self._thread.submit(self._make)
        except RuntimeError as error:  # the system allows no more threads
            log.debug("%s", error)

    def _make(self) -> None:
        try:
            self.transcoder = Transcoder()
        except UnsupportedEngine as error:
            log.debug("%s", error)


shared = SharedTranscoder()
