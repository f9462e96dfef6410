"""Reading a script's modules from a folder: the main file and what it imports.

Imports are found in the text, not by running it, so that a computed `import()`
of a file has to be named by the caller. Specifiers that are not relative
("cloudflare:workers", "node:buffer", a bare name) are left to the engine.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from holdfast.catalog.errors import NO_HANDLERS
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

UNCOMPILED = frozenset({".ts", ".mts", ".cts", ".tsx", ".jsx"})
WAY_TO_BUNDLE = (
    "Holdfast bundles with the project's esbuild, which Wrangler brings along: "
    "npm install --save-dev esbuild"
)

_WAY_TO_HANDLE = (
    "They are in its default export: export default { async fetch(request, env) { … } }"
)

_RELATIVE = re.compile(r"\./")  # a literal is looked for at once, where others take 20 ns a letter
_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*(["'])(\.{1,2}/[^"'\n]+)\1""")
_REQUIRE = re.compile(r"""\brequire\s*\(\s*(["'])(\.{1,2}/[^"'\n]+)\1""")
_MODULE_SYNTAX = re.compile(r"""^\s*(?:export\b|import\b\s*["'{*\w])""", re.MULTILINE)


# The specifier of a module that is named by no path and no scheme.
_BARE = re.compile(
    r'No such module "(@?[a-z][\w.-]*(?:/[\w.-]+)*)", imported from "[^"]+"\.$', re.MULTILINE
)


class Uncompiled(ValueError):
    """A file that the engine cannot run as it is, such as TypeScript."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has to be compiled to JavaScript. {WAY_TO_BUNDLE}")
        self.name = name


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
    return Syntax.MODULES if looks_like_module(text) else Syntax.SERVICE_WORKER


def looks_like_module(text: str) -> bool:
    """Whether a script seems to import or export something."""
    return _MODULE_SYNTAX.search(text) is not None


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
        if path.suffix.lower() in UNCOMPILED:
            raise Uncompiled(name)
        modules[name] = Module(name, kind_of(path), path.read_bytes())
        waiting.extend(_imported(modules[name], folder))
    return tuple(modules.values())


def _name(path: Path, folder: Path) -> str:
    try:
        name = path.relative_to(folder).as_posix()
    except ValueError as error:
        raise ValueError(
            f"{path} lies outside {folder}, the script's folder. "
            "Move it below, or bundle the script first."
        ) from error
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the name of the file {name!a} is not in UTF-8; rename it") from error
    return name


def _imported(module: Module, folder: Path) -> Iterable[Path]:
    return (path for path in imported_paths(module, folder) if path.is_file())


def imported_paths(module: Module, folder: Path) -> Iterator[Path]:
    """Where a module's relative imports lead, whether there is a file or not."""
    here = PurePosixPath(module.name).parent
    for specifier in _specifiers(module.content.decode("utf-8", "replace"), module.kind):
        path = specifier.removesuffix("?module") if ".wasm?" in specifier else specifier
        yield Path(os.path.normpath(folder / here / path))


def _specifiers(text: str, kind: ModuleKind) -> Iterator[str]:
    """What a module imports by relative paths."""
    keywords: tuple[str, ...]
    match kind:
        case ModuleKind.ESM:
            pattern, keywords = _IMPORT, ("from", "import")
        case ModuleKind.COMMONJS:
            pattern, keywords = _REQUIRE, ("require",)
        case _:
            return
    for found in _RELATIVE.finditer(text):
        path = found.start()
        quote = path - (2 if text[path - 1 : path] == "." else 1)
        if quote < 0 or text[quote] not in "\"'":
            continue
        end = _before_space(text, quote)
        if text[end - 1 : end] == "(":
            end = _before_space(text, end - 1)
        for keyword in keywords:
            match = pattern.match(text, max(end - len(keyword), 0))
            if match is not None:
                yield match[2]


def _before_space(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def with_way_out(reason: str) -> str:
    """Why a script does not load, with what helps: against no handlers, or a package's absence."""
    if reason == NO_HANDLERS:
        return f"{reason} {_WAY_TO_HANDLE}"
    found = _BARE.search(reason)
    if found is None or Path(found[1]).suffix or found[1].startswith("cloudflare:"):
        return reason
    hint = f" A package from npm is installed first. {WAY_TO_BUNDLE}"
    return f"{reason[: found.end()]}{hint}{reason[found.end() :]}"
