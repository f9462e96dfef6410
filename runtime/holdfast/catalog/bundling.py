"""Bundling a script with the esbuild of its project: TypeScript, JSX and packages from npm.

Wrangler brings esbuild along, so a project that was written with it has one. Its program needs no
Node.js. What it is told is what Wrangler tells it, so that the script is the one that runs at
Cloudflare; files that are no JavaScript stay modules of their own.

https://developers.cloudflare.com/workers/wrangler/bundling/
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from holdfast.catalog.bindings import SITE_MANIFEST
from holdfast.catalog.script import Syntax
from holdfast.catalog.source_map import SourceMap
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind

if TYPE_CHECKING:
    from subprocess import CompletedProcess

TIMEOUT_SECONDS = 120
MOST_LOOKED_AT = 5_000  # files, where it is not known which one is missing

_TARGETS = ("es2024", "es2022")  # the second for an esbuild that does not know the first
_COPIED = (".txt", ".html", ".sql", ".bin", ".wasm")
_MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}  # Node.js's words for them
_NODE_MODULES = """
    _http_agent _http_client _http_incoming _http_outgoing _http_server _stream_duplex
    _stream_passthrough _stream_readable _stream_transform _stream_writable _tls_common _tls_wrap
    assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram
    diagnostics_channel dns dns/promises domain events fs fs/promises http http2 https inspector
    module net os path path/posix path/win32 perf_hooks process punycode querystring readline
    readline/promises repl stream stream/consumers stream/promises stream/web string_decoder sys
    timers timers/promises tls trace_events tty url util util/types v8 vm wasi worker_threads zlib
""".split()  # noqa: SIM905  (read as prose)
_NODE_ENV = [f"{prefix}process.env.NODE_ENV" for prefix in ("", "global.", "globalThis.")]
# For CommonJS in a bundle that requires modules of Node.js. On the first line, where no line moves.
_REQUIRE = (
    b'import{createRequire as __makeRequire}from"node:module";var require=__makeRequire("/");'
)
_NEEDS_REQUIRE = b'Dynamic require of "'
_ERROR = re.compile(r"\[ERROR\] (.+)(?:\n\n +(.+?:\d+:\d+):)?")
_UNRESOLVED = re.compile(r'Could not resolve "([^"]+)"')


class BundleFailed(ValueError):
    """esbuild refuses the sources; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class BundleOptions:
    """What a project says of its bundle: fields of Wrangler's configuration."""

    forbidden: bool = False  # no_bundle
    arguments: tuple[str, ...] = ()  # of esbuild


@dataclass(frozen=True, slots=True)
class Bundle:
    """The modules, the main one first, and the project's own files that they were made of."""

    modules: tuple[Module, ...]
    files: tuple[Path, ...]
    places: SourceMap


def find_esbuild(folder: Path) -> Path | None:
    """The program that the project around a folder has installed, else that of `$PATH`.

    Of several, Wrangler's own: those that other packages bring along may be years older.
    """
    import shutil

    here = os.uname()
    package = f"@esbuild/{here.sysname.lower()}-{_MACHINES.get(here.machine)}"
    program = Path(package) / "bin" / "esbuild"
    of_wrangler = _installed(folder, "wrangler", "esbuild", package)
    if of_wrangler is not None and os.access(of_wrangler / "bin" / "esbuild", os.X_OK):
        return of_wrangler / "bin" / "esbuild"
    for above in (folder, *folder.parents):
        modules = above / "node_modules"
        hoisted = modules / ".pnpm" / "node_modules"
        for found in (modules / program, hoisted / program, modules / ".bin" / "esbuild"):
            if os.access(found, os.X_OK):
                return found
    found_in_path = shutil.which("esbuild")
    return None if found_in_path is None else Path(found_in_path)


def _installed(folder: Path, *packages: str) -> Path | None:
    """The folder of the last package, as the one before it finds it, and so on; as Node.js does."""
    for package in packages:
        above = (here / "node_modules" / package for here in (folder, *folder.parents))
        found = next((place for place in above if place.is_dir()), None)
        if found is None:
            return None
        folder = found.resolve()
    return folder


def bundle(
    esbuild: Path,
    main: Path,
    folder: Path,
    syntax: Syntax,
    options: BundleOptions,
    *,
    with_node: bool,
    kind_of: Callable[[Path], ModuleKind],
) -> Bundle:
    """Bundle what `main` imports; modules are named from `folder`, or what it shares with `main`.

    As long as no file changes, the result is that of the time before. Blocks. Raises BundleFailed.
    """
    node_env = os.environ.get("NODE_ENV") or "production"
    request = _Request(esbuild, main, folder, syntax, options, with_node, node_env)
    memory = _memories.setdefault(request, _Memory())
    if memory.state is None or memory.state != _state(memory.files):
        _make(request, kind_of, memory)
    if memory.failure is not None:
        raise BundleFailed(memory.failure)
    assert memory.places is not None, "it was made together with the modules"
    return Bundle(memory.modules, memory.files, memory.places)


@dataclass(frozen=True, slots=True)
class _Request:
    esbuild: Path
    main: Path
    folder: Path
    syntax: Syntax
    options: BundleOptions
    with_node: bool
    node_env: str

    @property
    def base(self) -> Path:
        """From where modules are named: the folder, or one above, below which the main file is."""
        return Path(os.path.commonpath((self.folder, self.main.parent)))


@dataclass(slots=True)
class _Memory:
    """What the last run made; `state` is None where files have changed meanwhile."""

    files: tuple[Path, ...] = ()
    state: Mapping[Path, tuple[int, int] | None] | None = None
    modules: tuple[Module, ...] = ()
    places: SourceMap | None = None
    failure: str | None = None


_memories: dict[_Request, _Memory] = {}


def _make(request: _Request, kind_of: Callable[[Path], ModuleKind], memory: _Memory) -> None:
    import tempfile

    started_ns = time.time_ns()
    with tempfile.TemporaryDirectory(prefix="holdfast-bundle-") as made:
        out = Path(made)
        done = _run(request, out)
        memory.failure = None if done.returncode == 0 else _told(done.stderr)
        if memory.failure is None:
            memory.files = tuple(_inputs(out / "meta.json", request.folder))
            memory.modules = tuple(_modules(request, out, kind_of))
            main = out / memory.modules[0].name
            content = main.with_name(f"{main.name}.map").read_bytes()
            memory.places = SourceMap(memory.modules[0].name, content, main.parent, request.folder)
        else:
            # What was imported is not told, and the file that is missing is nobody's yet.
            near = chain(_sources(request.folder), _sources(request.main.parent))
            memory.files = tuple({*memory.files, request.main, *islice(near, MOST_LOOKED_AT)})
    state = _state(memory.files)
    changed = any(found is not None and found[0] >= started_ns for found in state.values())
    memory.state = None if changed else state


def _run(request: _Request, out: Path) -> "CompletedProcess[str]":
    target = _TARGETS[0]
    done = _run_for(target, request, out)
    if done.returncode and f'Invalid target "{target}"' in done.stderr:
        target = _TARGETS[1]
        done = _run_for(target, request, out)
    if done.returncode == 0 and request.with_node:
        packaged = dict(_packaged(out / "meta.json", request.folder))
        if packaged:
            done = _run_for(target, request, out, packaged)
    return done


def _packaged(meta: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Files of packages that have a name of Node.js's, such as `process/browser`, by that name.

    An alias for a module has them be parts of it, which it does not have.
    """
    for importer, found in json.loads(meta.read_bytes())["inputs"].items():
        for imported in found["imports"]:
            name = imported["path"].removeprefix("node:")
            package, _, rest = name.partition("/")
            if rest and package in _NODE_MODULES and name not in _NODE_MODULES:
                place = _installed((folder / importer).resolve().parent, package)
                if place is not None:
                    yield name, place / rest


def _run_for(
    target: str, request: _Request, out: Path, packaged: Mapping[str, Path] = MappingProxyType({})
) -> "CompletedProcess[str]":
    import subprocess

    output = "esm" if request.syntax is Syntax.MODULES else "iife"
    # An alias is for what follows a slash as well, which old programs take no alias of its own for.
    aliased = [name for name in _NODE_MODULES if request.with_node and "/" not in name]
    command = [
        str(request.esbuild),
        str(request.main),
        "--bundle",
        f"--format={output}",
        "--platform=browser",
        f"--target={target}",
        "--conditions=workerd,worker,browser",
        "--external:cloudflare:*",
        "--external:node:*",
        "--external:workerd:*",
        f"--external:{SITE_MANIFEST}",
        "--keep-names",
        "--loader:.js=jsx",
        "--loader:.mjs=jsx",
        "--loader:.cjs=jsx",
        *(f"--loader:{suffix}=copy" for suffix in _COPIED),
        *(f"--define:{name}={json.dumps(request.node_env)}" for name in _NODE_ENV),
        '--define:navigator.userAgent="Cloudflare-Workers"',
        *(f"--alias:{name}=node:{name}" for name in aliased),
        *(f"--alias:{name}={path}" for name, path in packaged.items()),
        *request.options.arguments,
        f"--outbase={request.base}",
        f"--outdir={out}",
        "--asset-names=[dir]/[name]",
        "--sourcemap=external",
        "--sources-content=false",
        f"--metafile={out / 'meta.json'}",
        "--log-level=error",
        "--log-limit=0",
        "--color=false",
    ]
    try:
        return subprocess.run(  # noqa: S603  (the project's own program, with paths as arguments)
            command,
            cwd=request.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BundleFailed(f"{request.esbuild} does not run: {error}") from error


def _modules(
    request: _Request, out: Path, kind_of: Callable[[Path], ModuleKind]
) -> Iterator[Module]:
    main = out / request.main.relative_to(request.base).with_suffix(".js")
    content = main.read_bytes()
    if request.with_node and request.syntax is Syntax.MODULES and _NEEDS_REQUIRE in content:
        content = _REQUIRE + content
    yield Module(main.relative_to(out).as_posix(), ModuleKind.ESM, content)
    # Of style sheets that are no modules, esbuild makes one beside the script.
    others = {main, main.with_suffix(".css"), out / "meta.json"}
    for path in sorted(out.rglob("*")):
        if path.is_file() and path not in others and path.suffix != ".map":
            name = path.relative_to(out)
            yield Module(name.as_posix(), kind_of(request.base / name), path.read_bytes())


def _inputs(meta: Path, folder: Path) -> Iterator[Path]:
    """The project's own files among those that were read: packages change by an installation.

    Folders, too, from which an `import()` of a path that is put together may take new ones.
    """
    for name, found in json.loads(meta.read_bytes())["inputs"].items():
        if "node_modules/" not in name and (path := folder / name).is_file():
            yield path
            for imported in found["imports"]:
                before, star, _ = imported["path"].partition("*")
                if star and imported.get("external"):
                    yield from _folders(path.parent / before.rpartition("/")[0])
    yield folder / "package.json"
    yield folder / "tsconfig.json"
    yield folder / "node_modules"


def _folders(folder: Path) -> Iterator[Path]:
    """A folder and those below it, of no packages."""
    return (path for path in islice(_sources(folder), MOST_LOOKED_AT) if path.is_dir())


def _sources(folder: Path) -> Iterator[Path]:
    """Files and folders from which a missing import may come."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "node_modules"))]
        yield Path(here)
        yield from (Path(here, name) for name in files if not name.startswith("."))
    yield folder / "node_modules"


def _state(files: Iterable[Path]) -> Mapping[Path, tuple[int, int] | None]:
    state: dict[Path, tuple[int, int] | None] = {}
    for path in files:
        try:
            found = path.stat()
        except OSError:
            state[path] = None
        else:
            state[path] = (found.st_mtime_ns, found.st_size)
    return state


def _told(stderr: str) -> str:
    """Esbuild's first error in a line, how many there are besides, and what else is not found."""
    errors = [(what, where) for what, where in _ERROR.findall(stderr)]
    if not errors:
        return f"esbuild failed: {stderr.strip() or 'it does not say why'}"
    what, where = errors[0]
    what += _way_out(what)
    names = [found[1] for text, _ in errors[1:] if (found := _UNRESOLVED.fullmatch(text))]
    others = ", ".join(f'"{name}"' for name in dict.fromkeys(names) if f'"{name}"' not in what)
    more = f" (and {len(errors) - 1} more{others and ': ' + others})" if len(errors) > 1 else ""
    return f"{where}: {what}{more}" if where else f"{what}{more}"


def _way_out(what: str) -> str:
    """What helps, where it is a module that is not found."""
    found = _UNRESOLVED.fullmatch(what)
    if found is None or found[1].startswith((".", "/")):
        return ""
    if found[1] in _NODE_MODULES:
        return "; modules of Node.js need the compatibility flag nodejs_compat"
    return "; is it installed (npm install)?"
