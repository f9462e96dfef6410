"""The internal modules, compiled once and read back by every isolate.

Compiling the polyfills takes tens of milliseconds, reading their bytecode a few.
The bytecode is kept on disk in two files (kept_files.py): what each isolate begins with, and
what few scripts ask for. They are named by a hash of the state of the sources' files and of what
engine it is for: to read all sources would take longer than the rest.
"""

import hashlib
import json
import logging
import re
import struct
from collections.abc import Callable, Iterator, Mapping

from holdfast.engine.cache import cache_directory
from holdfast.engine.compiler import Compiler
from holdfast.engine.errors import JSError
from holdfast.engine.kept_files import KeptFiles
from holdfast.engine.library import engine_identity
from holdfast.engine.limits import MEBIBYTE, Limits
from holdfast.engine.modules import Module, ModuleKind

log = logging.getLogger("holdfast.engine")

_BUNDLE = "bundle"
_IMPORT = re.compile(rb"""^(?:import|export)\b(?:[^;"']*?\bfrom)?\s*"([^"\n]+)\"""", re.MULTILINE)
_FORMAT = 6  # of the file, and of how sources are prepared
# Libraries of 2 MB: of earlier versions and other installations, for servers and for tests.
_MOST_BYTES = 64 * MEBIBYTE


class BytecodeLibrary:
    """Internal modules by name, as bytecode."""

    def __init__(
        self,
        state: str,
        read: Callable[[], Mapping[str, bytes]],
        main: str,
        *,
        prepare: Callable[[str, bytes], bytes],
    ) -> None:
        """Read the modules from the cache, or compile them and fill the cache.

        `state` tells versions of the sources apart, and `read` has them: source text by internal
        name (`holdfast:…`), which `prepare(name, text)` changes before it is compiled. `bundle` has
        all that `main` imports, and what these modules import, in one. An incomplete library is
        not cached.
        """
        files = KeptFiles(cache_directory(), "polyfills", most_bytes=_MOST_BYTES)
        told = f"{_FORMAT} {engine_identity()} {main} {state}"
        name = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

        def compiled() -> dict[str, bytes]:
            prepared = {name: prepare(name, text) for name, text in read().items()}
            return _compile(prepared, main)

        first, others = files.read(f"{name}-first"), files.read_later(f"{name}-others")
        self.bundle: bytes | None
        self.modules: Mapping[str, bytes | memoryview]
        if first is not None and others is not None:
            index, self.bundle = _unpack(first)
            self.modules = _Modules(index, others, compiled)
            return
        modules = compiled()
        self.bundle = modules.pop(_BUNDLE, None)
        self.modules = modules
        if self.bundle is not None:
            files.write(f"{name}-first", _pack(modules, self.bundle))
            files.write(f"{name}-others", b"".join(modules.values()))


class _Modules(Mapping[str, bytes | memoryview]):
    """What the bundle is made of, and all else, read when something of it is first asked for."""

    def __init__(
        self,
        index: Mapping[str, int],
        read: Callable[[], memoryview | None],
        compiled: Callable[[], Mapping[str, bytes]],
    ) -> None:
        """`index` has the modules' sizes in their order; `compiled` replaces what is damaged."""
        self._index = index
        self._read = read
        self._compiled = compiled
        self._modules: Mapping[str, bytes | memoryview] | None = None

    def __getitem__(self, name: str) -> bytes | memoryview:
        if self._modules is None:
            kept = self._read()
            self._modules = self._compiled() if kept is None else dict(self._parts(kept))
        return self._modules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def _parts(self, kept: memoryview) -> Iterator[tuple[str, memoryview]]:
        position = 0
        for name, size in self._index.items():
            yield name, kept[position : position + size]
            position += size


def _compile(sources: Mapping[str, bytes], main: str) -> dict[str, bytes]:
    modules = {name: Module(name, ModuleKind.ESM, text) for name, text in sources.items()}
    isolate = Compiler(limits=Limits(turn_cpu_ms=60_000))
    try:
        isolate.add_modules(modules)  # compiling a module loads what it imports
        compiled = dict(_compiled(isolate, sources))
        if len(compiled) == len(sources):
            compiled[_BUNDLE] = isolate.compile_bundle(_closure(sources, main))
        return compiled
    finally:
        isolate.close()


def _closure(sources: Mapping[str, bytes], main: str) -> dict[str, bytes]:
    """A module and all that it imports by full name, imported ones first."""
    found: dict[str, bytes] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name not in begun and name in sources:
            begun.add(name)
            for imported in _IMPORT.findall(sources[name]):
                visit(imported.decode())
            found[name] = sources[name]

    visit(main)
    return found


def _compiled(isolate: Compiler, sources: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Each module with its bytecode; one that does not compile is told and left out.

    Whoever imports it fails then, the others do not.
    """
    for name, text in sources.items():
        try:
            yield name, isolate.compile(name, text)
        except JSError as error:
            log.error("%s does not compile: %s", name, error)


def _pack(modules: Mapping[str, bytes], bundle: bytes) -> bytes:
    """The sizes of all modules and the bundle, which each start needs."""
    index = json.dumps({name: len(code) for name, code in modules.items()}).encode()
    return struct.pack("<I", len(index)) + index + bundle


def _unpack(packed: memoryview) -> tuple[dict[str, int], bytes]:
    (length,) = struct.unpack_from("<I", packed)
    end = 4 + length
    return json.loads(bytes(packed[4:end])), bytes(packed[end:])
