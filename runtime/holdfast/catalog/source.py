"""A script's source as it is to be loaded: its modules, bundled first where that is needed.

It is where a file is TypeScript or JSX, and where an import is one that only a bundler follows: of
a package, of a file without its suffix, of one outside the script's folder. What the engine can
load as it is, is loaded as it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from holdfast.catalog.bundling import BundleOptions, bundle, find_esbuild
from holdfast.catalog.files import (
    UNCOMPILED,
    Uncompiled,
    guess_syntax,
    imported_paths,
    module_kind,
    read_modules,
)
from holdfast.catalog.script import Syntax
from holdfast.catalog.source_map import SourceMap
from holdfast.dataclass import dataclass
from holdfast.engine.modules import Module, ModuleKind

_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".json")
# Two expressions, as each begins with a literal that is looked for at once.
_PACKAGES = tuple(
    re.compile(word + r"""\s*\(?\s*["']((?:@[\w.-]+/)?[A-Za-z][\w.-]*)(?:/[^"'\n:]*)?["']""")
    for word in ("from", "import")
)


@dataclass(frozen=True, slots=True)
class Source:
    """The modules, the main one first; `files` are those of a bundle, which name no module.

    `places` tells where the lines of a bundle are from.
    """

    modules: tuple[Module, ...]
    syntax: Syntax
    files: tuple[Path, ...] = ()
    places: SourceMap | None = None

    @property
    def main(self) -> str:
        """The name of the main module; empty where there is none."""
        return self.modules[0].name if self.modules else ""

    @property
    def texts(self) -> dict[str, str]:
        """The modules by name, and the author's files where they were bundled. Blocks."""
        texts = texts_of(self.modules)
        return texts if self.places is None else texts | self.places.texts

    def told(self, text: str) -> str:
        """A text, such as a stack, with places in files of the author's."""
        return text if self.places is None else self.places.told(text)


def texts_of(modules: Iterable[Module]) -> dict[str, str]:
    """The source of those that are JavaScript, by name."""
    return {
        module.name: module.content.decode("utf-8", "replace")
        for module in modules
        if module.kind in (ModuleKind.ESM, ModuleKind.COMMONJS)
    }


def read_source(
    main: Path,
    others: Iterable[Path] = (),
    *,
    folder: Path | None = None,
    kind_of: Callable[[Path], ModuleKind] = module_kind,
    options: BundleOptions | None = None,
    with_node: bool = False,
) -> Source:
    """The script whose main file this is, with `others` that its text does not show.

    Modules are named from `folder`, by default the main file's. Blocks. Raises OSError for a
    file that cannot be read, and ValueError for what cannot be loaded or bundled.
    """
    if main.suffix == ".py":
        raise ValueError(f"{main} is Python, which Holdfast does not run: it runs JavaScript")
    options = options or BundleOptions()
    main.stat()  # of links that lead in a circle, resolve() raises no OSError
    folder = main.resolve().parent if folder is None else folder.resolve()
    syntax = guess_syntax(main)
    others = tuple(others)
    try:
        modules = read_modules(main, others, folder=folder, kind_of=kind_of)
    except ValueError as error:
        if options.forbidden and isinstance(error, Uncompiled):
            told = f"{error.name} has to be compiled to JavaScript; no_bundle forbids that"
            raise ValueError(told) from error
        esbuild = None if options.forbidden else find_esbuild(folder)
        if esbuild is None:
            raise
    else:
        asks = not options.forbidden and _asks_for_bundler(modules, folder)
        esbuild = find_esbuild(folder) if asks else None
        if esbuild is None:
            return Source(modules, syntax)
    made = bundle(
        esbuild, main.resolve(), folder, syntax, options, with_node=with_node, kind_of=kind_of
    )
    rest = read_modules(others[0], others[1:], folder=folder, kind_of=kind_of) if others else ()
    bundled = {module.name for module in made.modules}
    rest = tuple(module for module in rest if module.name not in bundled)
    return Source((*made.modules, *rest), syntax, made.files, made.places)


def _asks_for_bundler(modules: Iterable[Module], folder: Path) -> bool:
    return any(
        module.kind is ModuleKind.ESM
        and (_imports_package(module, folder) or _imports_without_suffix(module, folder))
        for module in modules
    )


def _imports_package(module: Module, folder: Path) -> bool:
    text = module.content.decode("utf-8", "replace")
    names = {name for pattern in _PACKAGES for name in pattern.findall(text)}
    above = (folder, *folder.parents)
    return any((here / "node_modules" / name).is_dir() for name in names for here in above)


def _imports_without_suffix(module: Module, folder: Path) -> bool:
    return any(
        not path.is_file() and any(found.is_file() for found in _meant(path))
        for path in imported_paths(module, folder)
    )


def _meant(path: Path) -> Iterator[Path]:
    """What a bundler takes for a path that is no file."""
    for suffix in _SUFFIXES:
        yield path.with_name(path.name + suffix)
        yield path / f"index{suffix}"
    if path.suffix in (".js", ".mjs", ".jsx"):
        yield from (path.with_suffix(suffix) for suffix in UNCOMPILED)
