"""Imports that a start does without: much of it is imports.

`without_package` is for modules of a package that are needed before the package itself:
`import aiohttp.http_parser` runs the package `aiohttp` first, which imports its client, which
loads the system's certificates, twice: a third of the time that a start takes, for what a server
needs when a script first fetches something.
"""

import gc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_package(name: str) -> Iterator[None]:
    """Have modules of this package be imported without it, until the context ends.

    From then on the first import of it, or of a module that is missing, runs it as ever; it finds
    the modules that are there. So only those may be imported meanwhile that need none of its own
    names. Does nothing where the package has been imported, or is not installed.
    """
    spec = importlib.util.find_spec(name) if name not in sys.modules else None
    if spec is None:
        yield
        return
    sys.modules[name] = importlib.util.module_from_spec(spec)  # knows its folder, and is not run
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def without_collections() -> Iterator[None]:
    """Have no passes of the garbage collector: modules make much that stays, and it finds nothing.

    Does nothing where it is off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
