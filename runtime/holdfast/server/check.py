"""Whether a data folder is sound: every database, id and value in it.

For a folder that no server has open.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from holdfast.assets.manifest import STORE as ASSETS
from holdfast.assets.manifest import Manifest, content_file, is_content
from holdfast.catalog import Catalog, CatalogError, Script
from holdfast.dataclass import dataclass
from holdfast.objects.ids import IdFactory, InvalidId
from holdfast.server.backup import NAMESPACE_FILES, SHARED
from holdfast.server.data_folder import BUCKETS, CATALOG, OBJECTS
from holdfast.storage import StorageError, history, portable
from holdfast.storage.d1.files import d1_files, d1_pasts
from holdfast.storage.disk import Folder
from holdfast.storage.facets import FacetIndex
from holdfast.storage.journal import set_aside_in
from holdfast.storage.names import database_name, is_index
from holdfast.storage.r2 import copying
from holdfast.storage.r2.bucket import DATABASE
from holdfast.storage.r2.buckets import DIRECTORY_FILE

_SET_ASIDE = (
    "objects lack what this journal has for them, as there was no room for it;"
    " nothing is lost: make some, and start Holdfast"
)

_EMPTY = "it is empty: what it held was lost; put it back from a backup"


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that was looked at, and what is wrong with it: nothing if it is sound."""

    file: str
    problems: tuple[str, ...]


def check_folder(data: Path) -> Iterator[Finding]:
    """Look at every file, one after the other. Blocks. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="holdfast-check-") as scratch:
        checker = _Checker(data, Path(scratch) / "copy")
        if (data / CATALOG).exists():
            yield Finding(CATALOG, tuple(checker.catalog()))
        yield from checker.buckets()
        for name in (*SHARED, *d1_files(data), *d1_pasts(data)):
            if name != CATALOG and (data / name).exists():
                yield Finding(name, tuple(checker.database(data / name)))
        for path in sorted((data / ASSETS).glob("*/*")):
            if is_content(path.name):
                name = f"{ASSETS}/{path.parent.name}/{path.name}"
                yield Finding(name, tuple(_content(path)))
        objects = data / OBJECTS
        for path in set_aside_in(objects):
            yield Finding(path.name, (_SET_ASIDE,))
        folders = sorted(objects.iterdir()) if objects.is_dir() else []
        for folder in folders:
            if folder.is_dir() and not folder.name.startswith("."):
                yield from checker.namespace(folder)


def _content(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
            yield "its content is another one than it was"


class _Checker:
    def __init__(self, data: Path, copy: Path) -> None:
        self._data = data
        self._copy = copy

    def catalog(self) -> Iterator[str]:
        """The catalog's file, and every script that is to be loaded from it."""
        yield from self.database(self._data / CATALOG)
        try:
            with Catalog(self._data / CATALOG) as catalog:
                for record in catalog.records():
                    script = catalog.script(record.name)
                    yield from self._assets(script)
        except CatalogError as error:
            yield str(error)

    def _assets(self, script: Script) -> Iterator[str]:
        if script.assets is None or not isinstance(script.assets.origin, Manifest):
            return
        for path, entry in script.assets.origin.entries.items():
            if not content_file(self._data / ASSETS, entry.content).is_file():
                yield f"the asset {path} of {script.name} is missing"

    def buckets(self) -> Iterator[Finding]:
        """The list of R2 buckets, and the metadata and contents of each."""
        folder = self._data / BUCKETS
        if (folder / DIRECTORY_FILE).exists():
            name = f"{BUCKETS}/{DIRECTORY_FILE}"
            yield Finding(name, tuple(self.database(folder / DIRECTORY_FILE)))
        for path in sorted(folder.glob(f"*/{DATABASE}")):
            name = f"{BUCKETS}/{path.parent.name}/{DATABASE}"
            yield Finding(name, tuple(self._bucket(path)))

    def _bucket(self, path: Path) -> Iterator[str]:
        found = [*self.database(path)]
        yield from found or copying.problems(path.parent, self._copy)

    def database(
        self, path: Path, look: Callable[[Path], Iterable[str]] = portable.damage
    ) -> Iterator[str]:
        """A database, with what its log holds; `look` tells what is wrong with a copy."""
        if not path.stat().st_size:
            yield _EMPTY
            return
        try:
            portable.copy_database(path, self._copy)
        except StorageError as error:
            yield str(error)
            return
        yield from look(self._copy)

    def namespace(self, folder: Path) -> Iterator[Finding]:
        """The objects of a namespace, whose unique key is the folder's name."""
        ids = IdFactory(folder.name)
        for path in sorted(folder.iterdir()):
            name = f"{OBJECTS}/{folder.name}/{path.name}"
            if path.name in NAMESPACE_FILES or path.suffix == history.SUFFIX:
                yield Finding(name, tuple(self.database(path)))
            elif found := database_name(path.name):
                yield Finding(name, tuple(self._object(path, ids, found)))
            elif is_index(path.name):
                yield Finding(name, tuple(self._index(path)))

    def _index(self, path: Path) -> Iterator[str]:
        try:
            FacetIndex(Folder(path.parent), path.stem)
        except StorageError as error:
            yield str(error)

    def _object(self, path: Path, ids: IdFactory, name: str) -> Iterator[str]:
        object_id, _, facet = name.partition(".")
        try:
            ids.jurisdiction_of(object_id)
        except InvalidId:
            yield "its name is no id of the namespace that it lies in"
        try:
            if facet and int(facet) > len(FacetIndex(Folder(path.parent), object_id)):
                yield "the index of its object's facets has no such facet"
        except StorageError as error:
            yield str(error)
        yield from self.database(path, portable.problems)
