"""Whole objects as files: an object's database, and beside it those of its facets.

Files outside of the data folder lie as they do in it: what belongs to `x.sqlite` is called
`x.facets` and `x.<number>.sqlite`. bundle.py makes one file of them.
"""

import asyncio
import contextlib
import errno
import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.disk import Folder, sync_path
from holdfast.storage.errors import CutOff, StoreClosed
from holdfast.storage.facets import FacetIndex
from holdfast.storage.going_back import request_path
from holdfast.storage.history import forget_past
from holdfast.storage.names import (
    DATABASE_SUFFIX,
    FACETS_SUFFIX,
    check_object_id,
    database_name,
    facet_id,
)
from holdfast.storage.newborn import Newborn
from holdfast.storage.opening import is_empty, leave_no_log, remove

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.shard import Shard

_ATTEMPTS = 10  # to copy an object that others put others in the place of
_COPIED_TOGETHER = 32  # each keeps a connection open meanwhile


def facet_path(path: Path, number: int) -> Path:
    """Where the database of a facet lies, beside the object's; for 0 that one."""
    return path.with_name(facet_id(path.stem, number) + DATABASE_SUFFIX)


def index_path(path: Path) -> Path:
    """Where the names of the facets lie."""
    return path.with_name(path.stem + FACETS_SUFFIX)


def names_in(folder: Path) -> Iterator[str]:
    """The names of what is in a folder, if it is there. Blocks."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


class WholeObjects:
    """The objects of a shard, each with its facets. On the loop's thread only."""

    def __init__(
        self,
        shard: "Shard",
        databases: "dict[tuple[str, str], Database]",
        database_of: "Callable[[tuple[str, str]], Database]",
        is_here: Callable[[str], bool] | None,
    ) -> None:
        """`databases` are those in use, by unique key and id; `database_of` makes others."""
        self._shard = shard
        self._databases = databases
        self._database_of = database_of
        self._is_here = is_here

    def index(self, folder: Folder, object_id: str) -> FacetIndex:
        """Which facets an object has; once a thread has them that puts others in place. May block.

        Raises StorageError.
        """
        database = self._databases.get((folder.name, check_object_id(object_id)))
        if database is not None:
            self._shard.lifecycle.await_duty(database)
        return FacetIndex(folder, object_id)

    def ids(self, folder: Folder, after: str | None, limit: int) -> list[str]:
        """See Storage.list_objects."""
        stored = self._stored(folder, after, limit + len(self._databases))
        return self._listed(folder, stored | self._in_memory(folder.name), after, limit)

    async def ids_in_time(self, folder: Folder, after: str | None, limit: int) -> list[str]:
        """As `ids`; a thread reads the folder, which may have a million files."""
        born = self._in_memory(folder.name)  # whose files may be made meanwhile
        most = limit + len(self._databases)
        stored = await asyncio.to_thread(self._stored, folder, after, most)
        names = stored | born | self._in_memory(folder.name)
        return self._listed(folder, names, after, limit)

    def _stored(self, folder: Folder, after: str | None, most: int) -> set[str]:
        """The databases of so many objects from above `after`, in a folder. For any thread."""
        names: dict[str, list[str]] = {}
        for file_name in names_in(folder.path):
            name = database_name(file_name)
            object_id = name.partition(".")[0] if name else ""
            if name and self._is_wanted(object_id, after):
                names.setdefault(object_id, []).append(name)
        return {name for object_id in heapq.nsmallest(most, names) for name in names[object_id]}

    def _listed(
        self, folder: Folder, names: Iterable[str], after: str | None, limit: int
    ) -> list[str]:
        holding = {
            name.partition(".")[0] for name in names if not self._is_empty(folder.name, name)
        }
        wanted = [object_id for object_id in holding if self._is_wanted(object_id, after)]
        return heapq.nsmallest(limit, wanted)

    def _is_wanted(self, object_id: str, after: str | None) -> bool:
        is_above = after is None or object_id > after
        return is_above and (self._is_here is None or self._is_here(object_id))

    def _in_memory(self, unique_key: str) -> set[str]:
        """Names of databases whose file may still be in the making."""
        return {
            database.object_id
            for database in self._databases.values()
            if isinstance(database.session, Newborn) and database.unique_key == unique_key
        }

    def _is_empty(self, unique_key: str, name: str) -> bool:
        """True for a database that has nothing in it any more, while its file is still open."""
        database = self._databases.get((unique_key, name))
        session = database and database.session
        return bool(session and not session.recent and is_empty(session.cursor))

    async def copy(self, folder: Folder, object_id: str, target: Path) -> None:
        """See Storage.copy. Begins anew where the object is replaced, or closed, meanwhile."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(CutOff):
                await self._copy(folder, object_id, target)
                return
            for path in [*target.parent.glob(f"{target.stem}.*")]:
                path.unlink()
        await self._copy(folder, object_id, target)

    async def _copy(self, folder: Folder, object_id: str, target: Path) -> None:
        index = self.index(folder, object_id)
        copied = 0
        for first in range(0, len(index) + 1, _COPIED_TOGETHER):
            numbers = range(first, min(first + _COPIED_TOGETHER, len(index) + 1))
            copied += await self._copy_some(index, numbers, target)
        if not copied:
            raise FileNotFoundError("The object holds nothing.")
        if len(index):
            await asyncio.to_thread(index_path(target).write_bytes, index.content())

    async def _copy_some(self, index: FacetIndex, numbers: range, target: Path) -> int:
        """Copy facets as they are at one moment; how many hold something."""
        databases, copies = set(), []
        keys = {n: (index.unique_key, facet_id(index.object_id, n)) for n in numbers}
        try:
            for key in keys.values():
                databases.add(await self._reachable(key))
            for number, key in keys.items():
                databases.add(database := self._database_of(key))
                with contextlib.suppress(FileNotFoundError):
                    copies.append(database.keep_past().copy_to(facet_path(target, number)))
            # Together, since a file that is still written cannot be begun anew.
            for outcome in await asyncio.gather(*copies, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
            return len(copies)
        finally:
            unused = [database for database in databases if database.store is None]
            await asyncio.gather(*map(self._shard.lifecycle.close, unused))

    async def put_in_place(
        self,
        folder: Folder,
        object_id: str,
        ready: Path | None,
        reason: str,
        displace: Callable[[], None],
        *,
        is_marked: bool,
    ) -> None:
        """See Storage.put_in_place."""
        key = (folder.name, check_object_id(object_id))
        folder.ensure()
        come = [] if ready is None else [*files_of(ready)]
        if ready is not None and index_path(ready).exists():
            come.append(index_path(ready))
        for path in come:
            await self._shard.in_thread(partial(sync_path, path))
        if is_marked:
            await self._mark(key)
        # Whoever has been called meanwhile may have made facets, too.
        displace()
        index = self.index(folder, object_id)
        for number in range(len(index) + 1):
            self._let_go((folder.name, facet_id(object_id, number)), reason)
        # Whoever opens the object from now on, or asks for its facets, finds what has come.
        database = self._database_of(key)
        lifecycle = self._shard.lifecycle
        try:
            await lifecycle.run_duty(database, partial(_swap, index, folder, ready, come))
        finally:
            if database.store is None:
                await lifecycle.close(database)

    async def _reachable(self, key: tuple[str, str]) -> "Database":
        """A database that has gone back, if it was to, and so can be reached at once.

        Whoever goes on after a further wait has to find it anew.
        """
        database = self._database_of(key)
        self._shard.lifecycle.look_back(database)
        await self._shard.lifecycle.duty_ended(database)
        return database

    async def _mark(self, key: tuple[str, str]) -> None:
        bookmarks = (await self._reachable(key)).keep_past()
        if self._shard.bookmarking.retention_days and bookmarks.has_past:
            await bookmarks.before_replacing()

    def _let_go(self, key: tuple[str, str], reason: str) -> None:
        database = self._databases.get(key)
        if database is not None:
            database.give_up(StoreClosed(reason))
        self._shard.take_durable_log(key)
        self._shard.forget_unsettled(key)


def _swap(index: FacetIndex, folder: Folder, ready: Path | None, come: list[Path]) -> None:
    """Blocks. Nobody has any of the files open.

    After a crash in the middle an object may be left with some facets of the one or the
    other. Its own database comes last.
    """
    path = folder.path / (index.object_id + DATABASE_SUFFIX)
    if ready is not None:
        # Until the new file has the name, the old one is to be whole: no log goes with it.
        try:
            leave_no_log(path, folder)
        except apsw.Error as error:
            raise OSError(errno.EIO, f"the log of {path} cannot be copied: {error}") from error
    for number in range(len(index) + 1):
        if number or ready is None:
            forget_past(facet_path(path, number))
        request_path(facet_path(path, number)).unlink(missing_ok=True)
        if number and facet_path(path, number).exists():
            remove(facet_path(path, number), folder)
    index.path.unlink(missing_ok=True)
    for other in come:
        if other != ready:
            assert ready, "facets come with their object"
            other.rename(path.with_name(path.stem + other.name.removeprefix(ready.stem)))
    if ready is None:
        remove(path, folder)
    else:
        ready.rename(path)
    folder.sync(folder.changed())


def files_of(path: Path, suffix: str = "") -> Iterator[Path]:
    """An object's file and those of its facets beside it; with a suffix, what is called so."""
    yield path.with_name(path.name + suffix)
    if index_path(path).exists():
        yield from sorted(path.parent.glob(f"{path.stem}.[0-9]*{DATABASE_SUFFIX}{suffix}"))
