"""A package that is run when something is asked of it, and not for its modules' sake.

`import aiohttp.http_parser` runs the package `aiohttp` first, which imports its client, which
loads the system's certificates, twice: a third of the time that a start takes, for what a server
needs when a script first fetches something.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


def import_lazily(name: str) -> None:
    """Have this package's modules be imported without it, until something of its own is wanted.

    Does nothing where it has been imported, or is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or name in sys.modules:
        return
    package = importlib.util.module_from_spec(spec)
    package.__class__ = _LazyPackage
    sys.modules[name] = package


class _LazyPackage(ModuleType):
    """Runs itself at the first look at a name that is its own, such as `ClientSession`."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":  # which modules of the package ask for, too
            from importlib.metadata import version

            return version(self.__name__)
        if name.startswith("__"):  # what the import system and others look for in any module
            raise AttributeError(name)
        if importlib.util.find_spec(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None and self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)
