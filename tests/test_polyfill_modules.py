"""The rules of docs/architecture.md that hold for the JavaScript half.

Modules are read as text: comments are taken out, then imports and assignments are found by
pattern. What a pattern cannot see, such as an import whose name is computed, is not used here.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from holdfast.host.platform import Platform

REPOSITORY = Path(__file__).parent.parent
POLYFILLS = REPOSITORY / "polyfills"
HOST = REPOSITORY / "runtime" / "holdfast" / "host"
PINNED_OPS = Path(__file__).parent / "ops.txt"

OP_DECORATORS = {"op", "utf8_op", "async_op", "work_op", "deferred_op"}
# These come with the ops but are none: the memory that both sides share, and the engine's
# own ways to load a module and to run WebAssembly.
NOT_OPS = {"shared", "loadModule", "wasm", "insides"}
# Modules that the host writes when it starts.
GENERATED = {"ops", "constants"}

COMMENT_OR_LITERAL = re.compile(
    r"""(?P<comment> //[^\n]* | /\*.*?\*/ )
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*` """,
    re.VERBOSE | re.DOTALL,
)
FROM = re.compile(
    r"""^\s*(?:import|export)\s+(?P<names>[^;"']*?)\s*\bfrom\s*["'](?P<source>[^"']+)["']""", re.M
)
BARE_IMPORT = re.compile(r"""^\s*import\s*["'](?P<source>[^"']+)["']""", re.M)
WRITE_TO_GLOBAL = re.compile(
    r"""\bglobalThis\s*(?:\.\s*[\w$]+|\[[^\]]*\])+\s*(?:\*\*|<<|>>>?|&&|\|\||\?\?|[-+*/%&|^])?=(?![=>])
      | \b(?:defineProperty|defineProperties|assign|set)\s*\(\s*globalThis\b
      | \bdelete\s+globalThis\b""",
    re.VERBOSE,
)


# `lazily("path.js")`, and the entries of the tables of lazy globals.
LAZY = re.compile(
    r"""\blazily\(\s*"(?P<path>[^"]+)"|^\s+\w+:\s*"(?P<entry>[\w/-]+\.js)",?$""", re.M
)


def code(path: Path) -> str:
    """The module's text without comments."""
    return COMMENT_OR_LITERAL.sub(lambda m: " " if m["comment"] else m[0], path.read_text())


def modules() -> dict[str, Path]:
    """Every polyfill by the name it has inside an isolate, without its `holdfast:`."""
    return {path.relative_to(POLYFILLS).as_posix(): path for path in POLYFILLS.rglob("*.js")}


def imports(name: str, path: Path) -> set[str]:
    """The internal names of the modules that this one imports."""
    text = code(path)
    sources = [m["source"] for m in (*FROM.finditer(text), *BARE_IMPORT.finditer(text))]
    return {internal_name(name, source) for source in sources}


def internal_name(importer: str, source: str) -> str:
    """`./errors.js` in `kernel/turns.js` is `kernel/errors.js`; other names stay as they are."""
    if not source.startswith("."):
        return source.removeprefix("holdfast:")
    folder = (POLYFILLS / importer).parent
    return (folder / source).resolve().relative_to(POLYFILLS.resolve()).as_posix()


def declared_ops() -> list[str]:
    """The names of the ops that functions in host/ are declared as; once each."""
    names = [
        node.name + suffix
        for path in HOST.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in map(decorator_name, node.decorator_list)
        if decorator in OP_DECORATORS
        for suffix in (["", "_later"] if decorator == "work_op" else [""])
    ]
    return sorted(names)


def decorator_name(decorator: ast.expr) -> str:
    """The last name of `@op`, `@ops.op` and `@op(...)` alike."""
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def used_ops() -> dict[str, str]:
    """Each op that a polyfill imports, with one polyfill that does."""
    return {
        imported.split(" as ")[0].strip(): name
        for name, path in modules().items()
        for m in FROM.finditer(code(path))
        if m["source"] == "holdfast:ops"
        for imported in m["names"].strip("{} \n").split(",")
        if imported.strip()
    }


def test_only_the_table_of_globals_writes_to_the_global_object() -> None:
    writers = {
        f"{name}: {match[0].strip()}"
        for name, path in modules().items()
        if name != "main.js"
        for match in WRITE_TO_GLOBAL.finditer(code(path))
    }
    assert writers == set()


def test_the_engine_compiles_every_polyfill() -> None:
    """Also those that no test imports."""
    Platform()


def test_every_import_of_a_polyfill_names_a_polyfill() -> None:
    known = modules()
    missing = {
        f"{name} imports {target}"
        for name, path in known.items()
        for target in imports(name, path)
        if target not in known and target not in GENERATED
    }
    assert missing == set()


def test_every_module_that_is_loaded_lazily_is_a_polyfill() -> None:
    known = modules()
    named = {
        (name, m["path"] or m["entry"])
        for name, path in known.items()
        for m in LAZY.finditer(code(path))
    }
    assert {(name, path) for name, path in named if path not in known} == set()


def test_polyfills_import_each_other_without_cycles() -> None:
    graph = {name: imports(name, path) for name, path in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        raise AssertionError(f"polyfills import each other in a circle: {cycle}") from None


def test_ops_are_imported_by_name() -> None:
    wholesale = [
        name
        for name, path in modules().items()
        for m in FROM.finditer(code(path))
        if m["source"] == "holdfast:ops" and not m["names"].startswith("{")
    ]
    assert wholesale == []


def test_every_op_that_a_polyfill_uses_is_declared() -> None:
    undeclared = used_ops().keys() - set(declared_ops()) - NOT_OPS
    assert {op: used_ops()[op] for op in undeclared} == {}


def test_every_declared_op_is_used() -> None:
    assert set(declared_ops()) - used_ops().keys() == set()


def test_no_op_is_declared_twice() -> None:
    names = declared_ops()
    assert [name for name in names if names.count(name) > 1] == []


def test_the_ops_are_those_that_a_reviewer_has_seen() -> None:
    """What crosses from scripts to the host changes only together with tests/ops.txt."""
    assert declared_ops() == PINNED_OPS.read_text().split()
