"""The internal modules, compiled once and read back by every isolate.

Compiling the polyfills takes tens of milliseconds, reading their bytecode a few.
The bytecode is kept on disk in one file, keyed by the sources' hash and the
engine's version; QuickJS does not verify bytecode, so the file lives in a
directory that the owner alone can write to, and its own hash is checked.
"""

import hashlib
import json
import logging
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from holdfast.engine.cache import cache_directory, write_atomically
from holdfast.engine.compiler import Compiler
from holdfast.engine.errors import JSError
from holdfast.engine.library import ENGINE_VERSION
from holdfast.engine.limits import Limits
from holdfast.engine.modules import Module, ModuleKind

log = logging.getLogger("holdfast.engine")

_BUNDLE = "bundle"
_IMPORT = re.compile(rb"""^(?:import|export)\b(?:[^;"']*?\bfrom)?\s*"([^"\n]+)\"""", re.MULTILINE)
_FORMAT = 4  # of the file, and of how sources are prepared
_KEPT = 8  # libraries of earlier versions; each has one for servers and one for tests


class BytecodeLibrary:
    """Internal modules by name, as bytecode."""

    def __init__(
        self, sources: Mapping[str, bytes], main: str, *, prepare: Callable[[str, bytes], bytes]
    ) -> None:
        """Read the modules from the cache, or compile them and fill the cache.

        `sources` maps internal names (`holdfast:…`) to source text, which `prepare(name, text)`
        changes before it is compiled. `bundle` has all that `main` imports, and what these
        modules import, in one. An incomplete library is not cached.
        """
        key = _digest(sources, main)
        path = cache_directory() / f"polyfills-{key[:24]}.qjsc"
        try:
            self.modules = _unpack(path.read_bytes())
        except (OSError, ValueError):
            prepared = {name: prepare(name, text) for name, text in sources.items()}
            self.modules = _compile(prepared, main)
            if len(self.modules) == len(sources) + 1:
                write_atomically(path, _pack(self.modules))
                _forget_old(path.parent)
        self.bundle = self.modules.pop(_BUNDLE, None)


def _forget_old(folder: Path) -> None:
    """Keep the few newest libraries: other installations may share the directory."""
    found = sorted(folder.glob("polyfills-*.qjsc"), key=_modified, reverse=True)
    for path in found[_KEPT:]:
        path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(sources: Mapping[str, bytes], main: str) -> str:
    digest = hashlib.sha256(f"{_FORMAT} {ENGINE_VERSION} {main}".encode())
    for name, source in sorted(sources.items()):
        digest.update(f"\0{name}\0{len(source)}\0".encode() + source)
    return digest.hexdigest()


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


def _pack(modules: Mapping[str, bytes]) -> bytes:
    index = json.dumps({name: len(code) for name, code in modules.items()}).encode()
    body = struct.pack("<I", len(index)) + index + b"".join(modules.values())
    return hashlib.sha256(body).digest() + body


def _unpack(blob: bytes) -> dict[str, bytes]:
    """The modules in a cache file. Raises ValueError where it is damaged."""
    digest, body = blob[:32], blob[32:]
    if hashlib.sha256(body).digest() != digest:
        raise ValueError("the bytecode cache is damaged")
    (length,) = struct.unpack_from("<I", body)
    index = json.loads(body[4 : 4 + length])
    modules, position = {}, 4 + length
    for name, size in index.items():
        modules[name] = body[position : position + size]
        position += size
    return modules
