"""The rules of docs/architecture.md that a parser can check, for the Python half.

Everything is read from source, never imported, so a broken package cannot hide a broken rule.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "runtime" / "holdfast"

# From the top down; an import may only point further down this list.
LAYERS = (
    "cli",
    "testing",
    "api",
    "server",
    "objects",
    "workers",
    "host",
    "catalog",
    "assets",
    "storage",
    "engine",
)

# Library → the folders and files of the package that may import it.
MAY_IMPORT = {
    "cffi": ("engine/",),
    "_cffi_backend": ("engine/",),
    "_quickjs": ("engine/",),
    "quickjs": ("engine/",),
    "wasmtime": (),
    "icu4py": (),
    "apsw": ("storage/", "catalog/"),
    "sqlite3": (),
    "aiohttp": ("server/", "api/", "host/fetch", "host/sockets"),
    "pytest": ("testing/",),
}

# Whoever loads the plugin has it.
GIVEN = {"pytest"}

# What is imported under another name than it is installed under.
DISTRIBUTIONS = {
    "_quickjs": "quickjs-ng",
    "_cffi_backend": "cffi",
    "ada_url": "ada-url",
}

ROOT_ENTRIES = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "docs",
    "js-examples",
    "package.json",
    "polyfills",
    "pyproject.toml",
    "runtime",
    "tests",
}

MAX_FILE_LINES = 600


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> str:
    """The path inside the package, with forward slashes."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def imported_modules(
    path: Path, nodes: Callable[[ast.AST], Iterable[ast.AST]] = ast.walk
) -> tuple[tuple[int, str], ...]:
    """Line and absolute dotted name of every import, wherever it stands in the file."""
    return tuple(_read_imports(path, nodes))


def _read_imports(
    path: Path, nodes: Callable[[ast.AST], Iterable[ast.AST]]
) -> Iterator[tuple[int, str]]:
    package = ("holdfast", *path.relative_to(PACKAGE).parent.parts)
    for node in nodes(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from ..engine import x` in holdfast/host/ops.py climbs to holdfast, then descends.
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module or "")).strip(".")
            if module == "holdfast":
                yield from ((node.lineno, f"holdfast.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def layer_of(module: str) -> str | None:
    """The layer that a dotted name of the package belongs to; None for anything else."""
    parts = module.split(".")
    if parts[0] != "holdfast" or len(parts) < 2 or parts[1] not in LAYERS:
        return None
    return parts[1]


def test_every_folder_of_the_package_is_a_known_layer() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(LAYERS)


def test_the_page_of_each_folder_tells_of_all_its_files() -> None:
    """A page is the docstring of `__init__.py`, where a stranger looks for the room of a line."""
    untold = [
        place(path)
        for path in python_files()
        if path.name not in ("__init__.py", "__main__.py")
        if not re.search(rf"\b{path.name}\b", page_of(path.parent))
    ]
    assert untold == []


def page_of(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""


def test_modules_outside_the_layers_import_no_layer() -> None:
    upward = [
        f"{place(path)}:{line} imports {module}"
        for path in PACKAGE.glob("*.py")
        if path.name != "__main__.py"
        for line, module in imported_modules(path)
        if layer_of(module)
    ]
    assert upward == []


def test_dataclasses_with_slots_are_those_that_a_start_pays_little_for() -> None:
    """See holdfast/dataclass.py."""
    imported = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    others = [
        place(path)
        for path in python_files()
        if "slots=True" in (text := path.read_text()) and imported.search(text)
    ]
    assert others == []


def test_no_import_points_up() -> None:
    upward = [
        f"{place(path)}:{line} imports {module}"
        for path in python_files()
        if (own := path.relative_to(PACKAGE).parts[0]) in LAYERS
        for line, module in imported_modules(path)
        if (other := layer_of(module)) and LAYERS.index(other) < LAYERS.index(own)
    ]
    assert upward == []


def what_runs(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, without what is there for types alone."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from what_runs(child)


def test_no_files_import_each_other_in_a_circle() -> None:
    imports = {
        ".".join(("holdfast", *path.relative_to(PACKAGE).with_suffix("").parts)): {
            module for _, module in imported_modules(path, what_runs)
        }
        for path in python_files()
    }
    # A package's own file only hands on what others define.
    TopologicalSorter(imports).prepare()  # or CycleError tells the circle


@pytest.mark.parametrize("library", MAY_IMPORT)
def test_a_library_is_imported_only_by_the_layers_that_own_it(library: str) -> None:
    strangers = [
        f"{place(path)}:{line} imports {module}"
        for path in python_files()
        if not place(path).startswith(MAY_IMPORT[library])
        for line, module in imported_modules(path)
        if module.split(".")[0] == library
    ]
    assert strangers == []


def test_every_library_that_the_package_imports_is_a_declared_dependency() -> None:
    """Also those that come along with another: that may end any day."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=;\s]", line, maxsplit=1)[0] for line in project["dependencies"]}
    names = {
        module.split(".")[0] for path in python_files() for _, module in imported_modules(path)
    }
    libraries = names - sys.stdlib_module_names - {"holdfast"} - GIVEN
    assert {DISTRIBUTIONS.get(name, name) for name in libraries} <= declared


def test_every_package_says_what_it_is() -> None:
    silent = [
        place(path)
        for path in PACKAGE.rglob("__init__.py")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_entry_at_the_root_is_unlisted() -> None:
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    entries = {name.split("/")[0] for name in listing.stdout.split("\0") if name}
    assert entries - ROOT_ENTRIES == set()


def test_no_source_file_has_outgrown_its_noun() -> None:
    too_long = {
        path.relative_to(REPOSITORY).as_posix(): lines
        for folder in ("runtime", "polyfills", "tests", "benchmarks")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in {".py", ".js", ".mjs"}
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }
    assert too_long == {}
