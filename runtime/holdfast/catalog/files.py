"""Reading a script's modules from a folder: the main file and what it imports.

Imports are found in the text, not by running it, so that a computed `import()`
of a file has to be named by the caller. Specifiers that are not relative
("cloudflare:workers", "node:buffer", a bare name) are left to the engine.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from holdfast.catalog.script import Syntax
from holdfast.engine.modules import Module, ModuleKind

_KINDS = {
    ".cjs": ModuleKind.COMMONJS,
    ".json": ModuleKind.JSON,
    ".txt": ModuleKind.TEXT,
    ".html": ModuleKind.TEXT,
    ".sql": ModuleKind.TEXT,
    ".bin": ModuleKind.DATA,
    ".wasm": ModuleKind.WASM,
}

_UNCOMPILED = frozenset({".ts", ".mts", ".cts", ".tsx", ".jsx"})
BUNDLE = "for instance by: npx esbuild {} --bundle --format=esm --outfile=bundle.mjs"

_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*(["'])(\.{1,2}/[^"'\n]+)\1""")
_REQUIRE = re.compile(r"""\brequire\s*\(\s*(["'])(\.{1,2}/[^"'\n]+)\1""")
_MODULE_SYNTAX = re.compile(r"""^\s*(?:export\b|import\b\s*["'{*\w])""", re.MULTILINE)


def module_kind(path: Path) -> ModuleKind:
    """What a file is by its name, after the rules that Cloudflare's own tools have.

    https://developers.cloudflare.com/workers/wrangler/bundling/
    """
    return _KINDS.get(path.suffix.lower(), ModuleKind.ESM)


def guess_syntax(path: Path) -> Syntax:
    """How a file registers its handlers: by its name, else by whether it imports or exports.

    Blocks: it reads the file. Raises OSError and UnicodeDecodeError.
    """
    if path.suffix == ".mjs":
        return Syntax.MODULES
    text = path.read_text(encoding="utf-8")
    return Syntax.MODULES if _MODULE_SYNTAX.search(text) else Syntax.SERVICE_WORKER


def read_modules(
    main: Path,
    others: Iterable[Path] = (),
    *,
    folder: Path | None = None,
    kind_of: Callable[[Path], ModuleKind] = module_kind,
) -> tuple[Module, ...]:
    """The main file, everything it imports by a relative path, and `others`.

    The main file comes first. A module is named by its path from `folder`, which is the main
    file's unless another is given; what lies outside that folder cannot be named and raises
    ValueError. An import that leads to no file is left to the engine, which names the importer
    (and it may be in a comment). Blocks; raises OSError for a file that cannot be read.
    """
    folder = main.resolve().parent if folder is None else folder.resolve()
    waiting = deque([main.resolve(), *(path.resolve() for path in others)])
    modules: dict[str, Module] = {}
    while waiting:
        path = waiting.popleft()
        name = _name(path, folder)
        if name in modules:
            continue
        if path.suffix.lower() in _UNCOMPILED:
            raise ValueError(
                f"{name} has to be compiled to JavaScript first, {BUNDLE.format(name)}"
            )
        modules[name] = Module(name, kind_of(path), path.read_bytes())
        waiting.extend(_imported(modules[name], folder))
    return tuple(modules.values())


def _name(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError as error:
        raise ValueError(
            f"{path} lies outside {folder}, the script's folder. "
            "Move it below, or bundle the script first."
        ) from error


def _imported(module: Module, folder: Path) -> Iterable[Path]:
    pattern = {ModuleKind.ESM: _IMPORT, ModuleKind.COMMONJS: _REQUIRE}.get(module.kind)
    if pattern is None:
        return
    text = module.content.decode("utf-8", "replace")
    here = PurePosixPath(module.name).parent
    for match in pattern.finditer(text):
        path = Path(os.path.normpath(folder / here / match[2]))
        if path.is_file():
            yield path
