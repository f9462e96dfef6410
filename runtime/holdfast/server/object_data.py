"""Objects as data: what they hold, read, copied out and put back, while the server runs.

An object that is read or exported goes on meanwhile: the copy shows one moment of it. One that
is replaced or deleted is reset: calls under way fail, and the next call finds what is there.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from holdfast.catalog import Namespace
from holdfast.dataclass import dataclass
from holdfast.engine.v8format import V8FormatError, decode
from holdfast.objects.ids import IdFactory, InvalidId
from holdfast.server.backup import archive
from holdfast.server.data_folder import OBJECTS
from holdfast.server.rendering import rendered
from holdfast.server.runtime import Runtime
from holdfast.storage import portable
from holdfast.storage.bundle import bundle
from holdfast.storage.errors import BookmarkInvalid
from holdfast.storage.names import DATABASE_SUFFIX, SCRATCH
from holdfast.storage.portable import Contents
from holdfast.storage.whole import files_of

REPLACED = "Durable Object reset because its data was replaced."
DELETED = "Durable Object reset because its data was deleted."


class NoSuchObject(LookupError):
    """The object holds nothing."""


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """One object in a listing; `name` where it was reached by one."""

    id: str
    name: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A key and its value: as JSON text where that says all of it, else as people read it."""

    key: str
    size_bytes: int
    value: object
    is_exact: bool


class ObjectData:
    """Reads and changes what the objects of a server hold."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._storage = runtime.storage
        self._scratch = runtime.settings.data / SCRATCH

    def id_of(self, namespace: Namespace, text: str) -> str:
        """The id that `text` means: an id of the namespace, or `name:` and a name.

        Raises InvalidId.
        """
        ids = IdFactory(namespace.unique_key)
        if text.startswith("name:"):
            return ids.from_name(text.removeprefix("name:"))
        ids.jurisdiction_of(text)
        return text.lower()

    async def summaries(
        self, namespace: Namespace, after: str | None, limit: int
    ) -> Sequence[ObjectSummary]:
        """Objects that hold something, by id, above `after`."""
        key = namespace.unique_key
        found = await self._runtime.files.list(key, after, limit)
        names = await self._runtime.files.names(key, found)
        sizes = await asyncio.to_thread(self._sizes, key, found)
        return [ObjectSummary(i, names.get(i), sizes[i]) for i in found]

    def _sizes(self, unique_key: str, object_ids: Sequence[str]) -> dict[str, int]:
        """What the files take, logs and facets included; 0 for one that is in the making."""
        folder = self._runtime.settings.data / OBJECTS / unique_key
        return {
            object_id: sum(
                path.stat().st_size
                for suffix in ("", "-wal")
                for path in files_of(folder / f"{object_id}{DATABASE_SUFFIX}", suffix)
                if path.exists()
            )
            for object_id in object_ids
        }

    async def describe(
        self, namespace: Namespace, object_id: str
    ) -> tuple[ObjectSummary, Contents]:
        """What an object holds. Raises NoSuchObject."""
        async with self.exported(namespace, object_id) as file:
            contents = await asyncio.to_thread(portable.describe, file)
        names = await self._runtime.files.names(namespace.unique_key, [object_id])
        summary = ObjectSummary(object_id, names.get(object_id), contents.size_bytes)
        return summary, contents

    async def entries(
        self, namespace: Namespace, object_id: str, *, prefix: str, after: str, limit: int
    ) -> tuple[Sequence[StoredEntry], bool]:
        """Keys and values in the order of keys, and whether more follow. Raises NoSuchObject."""
        async with self.exported(namespace, object_id) as file:

            def read() -> tuple[list[StoredEntry], bool]:
                found, more = portable.entries(file, prefix=prefix, after=after, limit=limit)
                return [_stored(key, value) for key, value in found], more

            return await asyncio.to_thread(read)

    @asynccontextmanager
    async def exported(self, namespace: Namespace, object_id: str) -> AsyncIterator[Path]:
        """A file with all that the object holds now, for the length of the block.

        Raises NoSuchObject.
        """
        folder = await asyncio.to_thread(self._make_scratch)
        try:
            file = folder / f"{object_id}{DATABASE_SUFFIX}"
            try:
                await self._runtime.files.copy(namespace.unique_key, object_id, file)
                await asyncio.to_thread(bundle, file)
            except FileNotFoundError as error:
                raise NoSuchObject(f"The object {object_id} holds nothing.") from error
            yield file
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    @asynccontextmanager
    async def incoming(self) -> AsyncIterator[Path]:
        """A file to write what is to be imported to, for the length of the block."""
        folder = await asyncio.to_thread(self._make_scratch)
        try:
            yield folder / "The file"  # as errors call it
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _make_scratch(self) -> Path:
        self._scratch.mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(dir=self._scratch))

    async def replace(self, namespace: Namespace, object_id: str, file: Path) -> Contents:
        """Put what a portable file holds in the place of what the object held, durably.

        Raises NotAnObject, leaving the object as it is, and OSError.
        """
        ready = file.with_name("ready.sqlite")
        contents = await asyncio.to_thread(portable.make_ready, file, ready)
        await self._runtime.files.replace(
            namespace.unique_key,
            object_id,
            ready,
            contents.alarm_ms,
            REPLACED,
            use_sqlite=namespace.use_sqlite,
        )
        return contents

    def archive(self) -> AsyncIterator[bytes]:
        """A tar archive of the whole data folder, in pieces; see backup.py."""
        return archive(self._runtime)

    async def go_back(
        self, namespace: Namespace, object_id: str, *, bookmark: str | None, time_ms: float
    ) -> tuple[str, str]:
        """Take an object back to a bookmark, or else to a time; see `Storage.go_back`."""
        if not namespace.use_sqlite:
            raise BookmarkInvalid("Only objects of classes with SQLite storage have a past.")
        return await self._runtime.files.go_back(namespace.unique_key, object_id, bookmark, time_ms)

    async def delete(self, namespace: Namespace, object_id: str) -> None:
        """Remove all that an object holds, its alarm and its past included, durably."""
        key, use_sqlite = namespace.unique_key, namespace.use_sqlite
        await self._runtime.files.replace(
            key, object_id, None, None, DELETED, use_sqlite=use_sqlite
        )


def _stored(key: str, value: bytes) -> StoredEntry:
    try:
        shown, is_exact = rendered(decode(value))
        json.dumps(shown)
    except (V8FormatError, TypeError, ValueError, RecursionError) as error:
        shown, is_exact = f"[cannot be shown: {error}]", False
    return StoredEntry(key, len(value), shown, is_exact)


__all__ = ["InvalidId", "NoSuchObject", "ObjectData", "ObjectSummary", "StoredEntry"]
