"""Imports of a module's source (`import source code from "x.wasm"`), which QuickJS does not know.

A module of WebAssembly is imported by its default export here, and that is its source; so the
word is left out of a source that did not compile. Of other modules there is no source: what is
imported of them is the default export, where the standard has a SyntaxError.

https://tc39.es/proposal-source-phase-imports/
"""

import re

_STATIC = re.compile(
    rb"""(?P<import>(?:^|[;}\n])[ \t]*import[ \t]+)source(?P<rest>[ \t]+[\w$]+\s+from\s*["'])"""
)
_DYNAMIC = re.compile(rb"(?<![\w$.])import\s*\.\s*source\s*\(")
_BY_DEFAULT = b"(source=>import(source).then(module=>module.default))("


def with_default_imports(source: bytes) -> bytes:
    """A source whose imports are of default exports; lines stay lines."""
    plain = _STATIC.sub(lambda found: found["import"] + b" " * 6 + found["rest"], source)
    return _DYNAMIC.sub(_BY_DEFAULT, plain)
