"""Where the objects of a class lie that was renamed, for scripts that are served from files.

Nobody has uploaded these, so no catalog knows which namespace a class had before. What their
objects' ids are made of is the name that it had when they were made, and stays so.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from holdfast.storage.names import object_id_of


class KeptNames:
    """By which of its names a class's objects are kept. Blocks, where it was renamed."""

    def __init__(self, objects: Path, former_names: Callable[[str], Sequence[str]]) -> None:
        """`objects` is the folder of all namespaces; the last of the names comes first."""
        self._objects = objects
        self._former_names = former_names
        self._kept: dict[tuple[str, ...], str] = {}

    def of(self, script: str, class_name: str) -> str:
        """The name under which there are objects; if there are none yet, that of the class."""
        former = self._former_names(class_name)
        if not former:
            return class_name
        names = (class_name, *former)
        if names not in self._kept:
            found = (one for one in names if _has_objects(self._objects / f"{script}-{one}"))
            self._kept[names] = next(found, class_name)
        return self._kept[names]


def _has_objects(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(object_id_of(entry.name) for entry in entries)
    except FileNotFoundError:
        return False
