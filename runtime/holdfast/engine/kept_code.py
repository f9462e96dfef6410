"""The code of scripts, kept from one start to the next.

Compiling takes a tenth of a second for each megabyte or two, at each start, in each shard, and
whenever a script that was let go of comes back. Reading bytecode takes a fraction of that. So
what is large is compiled once more on a thread, some time after a start has needed it, and kept
(kept_files.py) under a hash of its source, its name and the build of the engine.

It is compiled in an isolate of its own, where no script has run that could have a say in what is
written; many scripts may share a module. Nobody waits for the thread, and a process that ends
leaves it behind. What is so large that a loop would be held up is compiled before it is loaded
(ahead.py), and kept as it is.
"""

import hashlib
import logging
import os
import sys
import threading
import time
import weakref
from contextlib import suppress
from typing import NamedTuple, Self

from holdfast.dataclass import dataclass
from holdfast.engine.cache import lasting_directory
from holdfast.engine.errors import EngineError, JSError
from holdfast.engine.kept_files import KeptFiles, most_kept_bytes
from holdfast.engine.library import engine_identity
from holdfast.engine.limits import MEBIBYTE, UNBOUNDED, Limits
from holdfast.engine.mending import mended
from holdfast.engine.script_compiler import ScriptCompiler

log = logging.getLogger("holdfast.engine")

THREAD_NAME = "kept-code"
LEAST_BYTES = 64 * 1024  # of source; see docs/performance.md
DELAY_SECONDS = 1.0
AUTHORS_DELAY_SECONDS = 10.0  # since the last change
MOST_WAITING = 256

_FORMAT = 2
_ALONE, _WITH_IMPORTS = b"\1", b"\0"  # the last byte
_STACK_BYTES = 16 * MEBIBYTE  # of the thread; the engine uses up to a quarter of it
_NICE = 10
# QuickJS does not survive reading code for which memory or stack do not suffice, and may write
# half of it. So neither is bounded here: that the source compiles within a script's limits has
# been seen. What is nested too deep is not kept: reading takes less stack than compiling does
# (a sixth, and four fifths where arrow functions return arrow functions), and ROOM_TO_LOAD_BYTES of
# it are there wherever code is read.
_COMPILING = Limits(memory_bytes=UNBOUNDED, stack_bytes=3 * MEBIBYTE // 4)
_READING = Limits(memory_bytes=UNBOUNDED)


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    source: bytes
    flags: int  # of JS_Eval


class KeptModule(NamedTuple):
    """Code for `read_script`, and whether it is that of a module that imports others."""

    code: memoryview
    imports: bool

    @classmethod
    def of(cls, content: memoryview) -> Self:
        """What a file holds."""
        return cls(content[:-1], imports=content[-1:] != _ALONE)


class CodeAhead:
    """Code that was compiled before it is wanted: who holds on to it has it read at once.

    Or why there is none: the error that it would be compiled to again.
    """

    __slots__ = ("__weakref__", "made")

    def __init__(self, made: memoryview | JSError) -> None:
        self.made = made


class KeptCode:
    """Bytecode by what it was compiled from; one per process. Any thread may use it."""

    def __init__(
        self,
        files: KeptFiles | None,
        *,
        least_bytes: int = LEAST_BYTES,
        delay_seconds: float = DELAY_SECONDS,
    ) -> None:
        """`files` is None where nothing can be kept."""
        self._files = files
        self._least_bytes = least_bytes
        self._delay_seconds = delay_seconds
        self._only_newest = False
        self._due = 0.0  # when the thread may begin
        self._lock = threading.Lock()
        self._waiting: dict[str, _Source] = {}
        self._ahead: weakref.WeakValueDictionary[str, CodeAhead] = weakref.WeakValueDictionary()
        self._thread: threading.Thread | None = None

    @classmethod
    def in_cache_directory(cls) -> Self:
        """What keeps code there; `$HOLDFAST_CACHE_MB` bounds it, and 0 forbids it."""
        folder, most_bytes = lasting_directory(), most_kept_bytes()
        if folder is None or most_bytes == 0:
            return cls(None)
        return cls(KeptFiles(folder, "script", most_bytes=most_bytes))

    def follow_author(self, *, delay_seconds: float = AUTHORS_DELAY_SECONDS) -> None:
        """Keep what stays as it is for so long: somebody is at work on the one script there is."""
        self._delay_seconds = delay_seconds
        self._only_newest = True

    def key(self, name: str, source: bytes, flags: int) -> str | None:
        """Under what this source is kept; None if it is not, being small."""
        if self._files is None and not self._ahead:
            return None
        return None if len(source) < self._least_bytes else self._key(name, source, flags)

    def _key(self, name: str, source: bytes, flags: int) -> str:
        told = f"{_FORMAT} {engine_identity()} {flags} {len(name)} {name} "
        digest = hashlib.sha256(told.encode())
        digest.update(source)
        return digest.hexdigest()

    def read(self, key: str) -> KeptModule | None:
        """What was kept under this key, or compiled ahead; raises JSError if that has failed."""
        ahead = self._ahead.get(key)
        if ahead is not None:
            if isinstance(ahead.made, JSError):
                raise JSError(*ahead.made.args)
            return KeptModule.of(ahead.made)
        content = None if self._files is None else self._files.read(key)
        return None if content is None else KeptModule.of(content)

    def compile_ahead(self, name: str, source: bytes, flags: int) -> CodeAhead | None:
        """Compile a source, or read what was kept of it; the result is to be held on to.

        None where there is nothing to be had by that. Blocks.
        """
        key = self._key(name, source, flags)
        made: memoryview | JSError | None = None if self._files is None else self._files.read(key)
        if made is None:
            try:
                code = _compiled_to_keep(name, source, flags)
            except (JSError, EngineError) as error:
                # Of what is wrong only here, such as an import with attributes, nothing is said.
                if not isinstance(error, JSError) or error.name != "SyntaxError":
                    log.debug("the code of %s cannot be had ahead: %s", name, error)
                    return None
                made = error.with_traceback(None)
            else:
                made = memoryview(code)
                if self._files is not None and not self._only_newest:
                    self._files.write(key, code)
        ahead = self._ahead[key] = CodeAhead(made)
        return ahead

    def keep(self, key: str, name: str, source: bytes, flags: int) -> None:
        """Keep what this source compiles to, as it does, before long."""
        if self._files is None:
            return
        with self._lock:
            if key in self._waiting or len(self._waiting) >= MOST_WAITING:
                return
            if self._only_newest:
                for superseded in [k for k, s in self._waiting.items() if s.name == name]:
                    del self._waiting[superseded]
            self._waiting[key] = _Source(name, source, flags)
            if self._thread is None or self._only_newest:
                self._due = time.monotonic() + self._delay_seconds
            if self._thread is None:
                self._thread = thread = threading.Thread(
                    target=self._run, name=THREAD_NAME, daemon=True
                )
                before = threading.stack_size(_STACK_BYTES)
                try:
                    thread.start()
                finally:
                    threading.stack_size(before)

    def settle(self) -> None:
        """Wait until all is kept that is going to be. Blocks."""
        thread = self._thread
        if thread is not None:
            thread.join()

    # ---- the thread --------------------------------------------------------------

    def _run(self) -> None:
        if sys.platform == "linux":  # where a thread has a niceness of its own
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            while (wait := self._due - time.monotonic()) > 0:
                time.sleep(wait)
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                key = next(iter(self._waiting))
                made_from = self._waiting[key]
            try:
                self._make(key, made_from)
            except Exception:
                log.exception("the code of %s cannot be kept", made_from.name)
            with self._lock:
                self._waiting.pop(key, None)

    def _make(self, key: str, made_from: _Source) -> None:
        assert self._files is not None, "nothing waits without files"
        with self._files.alone():  # of several shards, one compiles it
            if self._files.read(key) is not None:
                return
            try:
                code = compile_to_keep(made_from.name, made_from.source, made_from.flags)
            except (JSError, EngineError) as error:
                log.debug("the code of %s is not kept: %s", made_from.name, error)
            else:
                self._files.write(key, code)


def _compiled_to_keep(name: str, source: bytes, flags: int) -> bytes:
    """As `compile_to_keep`, with what the loader does about what QuickJS does not know."""
    try:
        return compile_to_keep(name, source, flags)
    except JSError:
        if (other := mended(source)) == source:
            raise
        return compile_to_keep(name, other, flags)


def compile_to_keep(name: str, source: bytes, flags: int) -> bytes:
    """What a file is to hold, after a look whether the code in it can be read back.

    Raises JSError and EngineError where it cannot be kept.
    """
    compiler = ScriptCompiler(limits=_COMPILING)
    try:
        code = compiler.compile_script(name, source, flags)
    finally:
        compiler.close()
    reader = ScriptCompiler(limits=_READING)
    try:
        reader.check_script(code)
    finally:
        reader.close()
    reader = ScriptCompiler(limits=_READING)
    try:
        return code + (_WITH_IMPORTS if reader.imports(code) else _ALONE)
    finally:
        reader.close()
