"""Where an import stands that leads nowhere: QuickJS tells of the module, and not of the line.

Found in the text, when a script has not loaded: nobody pays for it before.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator

from holdfast.engine import Module, ModuleKind

_NO_EXPORT = re.compile(r"The requested module '(.+)' does not provide an export named '(.+)'")
_NO_MODULE = re.compile(r'No such module "(.+)", imported from "(.+)"\.')

# `import { a as b } from "./c.js"`, or the same with `export`.
_CLAUSE = re.compile(r"""\b(?:import|export)\b([^"'();]*?)\bfrom\s*["']([^"'\n]+)["']""")
_SPECIFIER = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']""")


def place_of_import(reason: str, modules: Iterable[Module]) -> str:
    """The import that a script has not loaded for, as the frame of a stack; "" if there is none."""
    sources = {
        module.name: module.content.decode("utf-8", "replace")
        for module in modules
        if module.kind is ModuleKind.ESM
    }
    if found := _NO_EXPORT.search(reason):
        places = _of_names(sources, found[1], found[2])
    elif found := _NO_MODULE.search(reason):
        places = _of_specifiers(sources, found[1], found[2])
    else:
        return ""
    for name, text, at in places:
        line = text.count("\n", 0, at) + 1
        return f"    at {name}:{line}:{at - text.rfind(chr(10), 0, at)}"
    return ""


def _of_names(sources: dict[str, str], module: str, wanted: str) -> Iterator[tuple[str, str, int]]:
    """The places at which a name is imported of a module."""
    word = re.compile(rf"(?<![\w$]){re.escape(wanted)}(?![\w$])")
    for name, text in sources.items():
        for clause in _CLAUSE.finditer(text):
            if _resolved(name, clause[2]) != module:
                continue
            if found := word.search(clause[1]):
                yield name, text, clause.start(1) + found.start()
            elif wanted == "default" and not clause[1].lstrip().startswith("{"):
                yield name, text, clause.start()


def _of_specifiers(
    sources: dict[str, str], module: str, importer: str
) -> Iterator[tuple[str, str, int]]:
    """The places at which one module imports another."""
    text = sources.get(importer, "")
    for found in _SPECIFIER.finditer(text):
        if _resolved(importer, found[1]) == module:
            yield importer, text, found.start(1)


def _resolved(importer: str, specifier: str) -> str:
    if not specifier.startswith(("./", "../")):
        return specifier
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))
