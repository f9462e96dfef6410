"""`Manifest`: the files of an upload, by path.

What an upload is made of lies in the data folder, each file once, whatever its names and however
many versions have it (store.py).
"""

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

from holdfast.assets.asset import Asset
from holdfast.dataclass import dataclass

STORE = "assets"
"""The folder, in the data folder, where contents are."""


class Entry(NamedTuple):
    """A file of an upload: by which hash its client knows it, and which content it has.

    `content` is its name in the store; `content_type` None where none is to be told.
    """

    hash: str
    size: int
    content: str
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of an upload; two with the same `id` are the same."""

    id: str
    entries: Mapping[str, Entry] = field(compare=False, repr=False)

    def open(self, store: Path) -> "OpenManifest":
        """What finds its files in the folder of a store."""
        return OpenManifest(self.entries, store)


class OpenManifest:
    """Finds the files of an upload (site.AssetFiles)."""

    def __init__(self, entries: Mapping[str, Entry], store: Path) -> None:
        self._entries = entries
        self._store = str(store)  # of which a name is made for each request

    def find(self, path: str) -> Asset | None:
        """See AssetFiles."""
        entry = self._entries.get(path)
        if entry is None:
            return None
        file = f"{self._store}/{entry.content[:2]}/{entry.content}"
        return Asset(entry.hash, entry.content_type, entry.size, file)

    def rule_files(self) -> tuple[str | None, str | None]:
        """None: an upload has them in its configuration."""
        return None, None


def is_content(name: str) -> bool:
    """Whether a file of this name is a content of a store."""
    return re.fullmatch("[0-9a-f]{64}", name) is not None


def content_file(store: Path, content: str) -> Path:
    """Where a content is, in the folder of a store."""
    return store / content[:2] / content
