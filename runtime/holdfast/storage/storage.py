"""All object databases of one shard, below one folder."""

import asyncio
import contextlib
import itertools
import logging
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from holdfast.dataclass import dataclass
from holdfast.storage.alarms import AlarmList, Alarms
from holdfast.storage.barrier import Barrier, LocalBarrier
from holdfast.storage.bookmarks import NO_PAST, Bookmarking, snapshot_of
from holdfast.storage.database import Database
from holdfast.storage.disk import Folder, SharedSync, make_folder, shared_sync
from holdfast.storage.errors import BookmarkInvalid, StoreClosed
from holdfast.storage.expiry import Expiry
from holdfast.storage.facets import FacetIndex, Facets
from holdfast.storage.gathering import MAX_AT_ONCE
from holdfast.storage.lru import LeastRecentlyUsed
from holdfast.storage.names import (
    TRASH_PREFIX,
    check_object_id,
    check_unique_key,
    facet_id,
)
from holdfast.storage.object_names import NameBook
from holdfast.storage.recovery import recover
from holdfast.storage.shard import Shard
from holdfast.storage.snapshot import Snapshot
from holdfast.storage.store import ObjectStore
from holdfast.storage.whole import WholeObjects

log = logging.getLogger("holdfast.storage")

# https://developers.cloudflare.com/durable-objects/platform/limits/
MAX_OBJECT_BYTES = 10 << 30

# The database, its log, the log again for syncing, and a fresh database again.
_FDS_PER_DATABASE = 4
_FDS_FOR_OTHERS = 256
_MIN_OPEN = 16
_MAX_UNUSED = 1000  # ids that were made, and are remembered to be new


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is going on in a shard's storage."""

    stores: int  # objects whose storage is in use, or settling
    open_connections: int
    outstanding: int  # objects with writes that are not durable yet


class Storage:
    """The databases of a shard: `<folder>/<unique key>/<id>.sqlite`, as workerd names them.

    `max_open` connections are kept open at most, fewer if the limit on open files is low; a
    store whose connection was closed opens it again by itself. The storage takes the
    barrier over and closes it at its end. Raises OSError if the folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        barrier: Barrier,
        max_open: int = 512,
        loop: asyncio.AbstractEventLoop | None = None,
        bookmarking: Bookmarking | None = None,
        max_object_bytes: int = MAX_OBJECT_BYTES,
        is_here: Callable[[str], bool] | None = None,
        journal: str | None = None,
    ) -> None:
        """`max_object_bytes` is how much an object may store whose class has SQL.

        `is_here` tells which objects are ours, where other processes have others. `journal` is the
        name of ours, if a LocalBarrier is to keep one; see recovery.py for what it has left.
        """
        self._is_here = is_here
        self._root = Folder(folder)
        make_folder(folder)
        self._folders: dict[str, Folder] = {}
        self._databases: dict[tuple[str, str], Database] = {}
        self._unused: LeastRecentlyUsed[tuple[str, str]] = LeastRecentlyUsed()
        self._names: dict[str, NameBook] = {}
        self._closed = False
        max_open = _affordable(max_open)
        self.descriptors = max_open * _FDS_PER_DATABASE  # of files, that it may use up
        self._shard = Shard(
            loop or asyncio.get_running_loop(),
            barrier,
            max_open,
            self._databases,
            max_object_bytes=max_object_bytes,
        )
        if bookmarking:
            self._shard.bookmarking = bookmarking
        if is_here is not None:
            self._shard.alarms.share(is_here)
        self._whole = WholeObjects(self._shard, self._databases, self._database, is_here)
        self._shared_syncs: list[SharedSync] = []
        if isinstance(barrier, LocalBarrier):
            sync_all, apart = shared_sync(folder, at_once=MAX_AT_ONCE), shared_sync(folder)
            if sync_all and apart:
                self._shared_syncs = [sync_all, apart]
                barrier.share(sync_all, apart)
            if journal is not None:
                recover(folder, journal, is_here)
                self._shard.untold.find(folder, is_here)
                barrier.keep_journal(folder, journal)
                self._shard.keeps_journal = True
                self._shard.alarms.before_arming = barrier.begin_journal
        self._expiry = Expiry(self._shard, folder, self._databases.__contains__, is_here)
        self._trash = itertools.count(1)
        for left in folder.glob(f"{TRASH_PREFIX}*"):
            self._discard(left)

    def open(
        self,
        unique_key: str,
        object_id: str,
        *,
        name: str | None = None,
        use_sqlite: bool = True,
        on_durable: Callable[[int], None],
        on_broken: Callable[[BaseException], None],
    ) -> ObjectStore:
        """The storage of an object, for its owner alone. Opens no file.

        `name` is what its id was made from; it is stored with its alarm. With `use_sqlite`, its
        class is one that has SQL, and so keeps its past.

        If the object's storage is open already, its present owner loses it: what it wrote is
        committed, and its next access raises StoreClosed. The new store continues its
        rounds, so `written` may be above `durable` from the start.

        `on_durable(round)` is called when that round and all before it are durable;
        `on_broken(error)` once, if the storage fails. Both on the loop, never from within a
        call on the store. Raises InvalidName.
        """
        assert not self._closed, "the storage is open"
        key = (check_unique_key(unique_key), check_object_id(object_id))
        self._take_from_owner(key)
        if name is not None and self.names(unique_key).note(object_id, name):
            self.write_names()
        database = self._database(key)
        database.use_sqlite = use_sqlite
        self._shard.lifecycle.look_back(database)
        return ObjectStore(database, self._shard, on_durable, on_broken, name)

    def expect(self, unique_key: str, object_id: str) -> None:
        """An id was made just now: nothing is stored under it until somebody opens it here.

        So nobody has to look for its files then, in a folder that threads are changing.
        """
        self._unused.add((unique_key, object_id))
        if len(self._unused) > _MAX_UNUSED:
            self._unused.drop_oldest()

    def _take_from_owner(self, key: tuple[str, str]) -> None:
        database = self._databases.get(key)
        if database and database.bookmarks and database.bookmarks.restores:
            database.give_up(StoreClosed("The object goes back to an earlier point in time."))
        if database and database.store:
            database.store.lose_file("The object was opened anew by another owner.")

    def facets(self, unique_key: str, object_id: str, *, use_sqlite: bool = True) -> Facets:
        """The facets of an object, for its owner alone; `use_sqlite` as for `open`.

        Reads their index. Raises StorageError.
        """
        index = self._whole.index(self._folder(check_unique_key(unique_key)), object_id)
        return Facets(self, index, use_sqlite=use_sqlite)

    def open_facet(
        self,
        index: FacetIndex,
        number: int,
        *,
        use_sqlite: bool,
        on_durable: Callable[[int], None],
        on_broken: Callable[[BaseException], None],
    ) -> ObjectStore:
        """The storage of a facet, as `open` gives an object's; for `Facets`."""
        key = (index.unique_key, facet_id(index.object_id, number))
        self._take_from_owner(key)
        database = self._database(key)
        database.use_sqlite = use_sqlite
        database.companion = index
        self._shard.lifecycle.look_back(database)
        return ObjectStore(database, self._shard, on_durable, on_broken)

    @contextlib.contextmanager
    def facet_snapshot(self, index: FacetIndex, number: int) -> Iterator[Snapshot | None]:
        """What a facet has committed, for a block; None where that is nothing. For `Facets`."""
        database = self._database((index.unique_key, facet_id(index.object_id, number)))
        if database.store:
            database.store.flush()
        snapshot = snapshot_of(database, self._shard)
        try:
            yield snapshot
        finally:
            if snapshot:
                snapshot.close()
            if database.store is None:
                self._shard.lifecycle.close(database)

    def _database(self, key: tuple[str, str]) -> Database:
        """The database of an object, which nobody may have open yet."""
        database = self._databases.get(key)
        if database is None or database.broken:
            database = Database(self._shard, self._folder(key[0]), key[1])
            database.log_is_durable = self._shard.take_durable_log(key)
            self._databases[key] = database
            if key in self._unused:
                self._unused.discard(key)
                database.is_missing, database.mark_due_ms = True, NO_PAST
        return database

    # ---- objects as data -----------------------------------------------------------

    @property
    def syncs(self) -> int:
        """How often the disk was asked to make something durable, of one object or of many."""
        barrier = self._shard.barrier
        return barrier.workers.submitted if isinstance(barrier, LocalBarrier) else 0

    async def copy(self, unique_key: str, object_id: str, target: Path) -> None:
        """Write what an object and its facets have committed to files that are not there yet.

        `target` is the object's own, which is not made where it holds nothing; whole.py tells
        of the others. The object goes on meanwhile. Raises FileNotFoundError if nothing is held,
        InvalidName and StorageError.
        """
        folder = self._folder(check_unique_key(unique_key))
        await self._whole.copy(folder, object_id, target)

    async def put_in_place(
        self,
        unique_key: str,
        object_id: str,
        ready: Path | None,
        reason: str,
        *,
        use_sqlite: bool = True,
        displace: Callable[[], None] = lambda: None,
    ) -> None:
        """Put a database in the place of an object's, or nothing; durably, and with the facets.

        Its owner loses it, with `reason`, and is told so by `displace` right before. What the
        object had in its own database is marked before, so that it can be gone back to, if its
        class has SQL (`use_sqlite`); with nothing in its place, its past is forgotten, too.
        `ready` is a file of `portable.make_ready` on the same file system. Raises InvalidName,
        StorageError and OSError.
        """
        folder = self._folder(check_unique_key(unique_key))
        self._unused.discard((unique_key, object_id))
        is_marked = use_sqlite and ready is not None
        await self._whole.put_in_place(
            folder, object_id, ready, reason, displace, is_marked=is_marked
        )

    async def go_back(
        self, unique_key: str, object_id: str, *, bookmark: str | None, time_ms: float
    ) -> tuple[str, str]:
        """Have an object's next owner find it as it was at a bookmark, or else at a time.

        The bookmark gone back to, and one to undo that with. Raises BookmarkInvalid where the
        past is not kept, or not that far, InvalidName and StorageError.
        """
        database = self._database((check_unique_key(unique_key), check_object_id(object_id)))
        self._shard.lifecycle.look_back(database)
        try:
            await self._shard.lifecycle.duty_ended(database)
            bookmarks = database.keep_past()
            if not bookmarks.has_past:
                raise BookmarkInvalid("This object holds nothing, and has no past.")
            bookmark = bookmark or await bookmarks.at(time_ms)
            return bookmark, await bookmarks.restore_at_next_opening(bookmark)
        finally:
            if database.store is None:
                await self._shard.lifecycle.close(database)

    def names(self, unique_key: str) -> NameBook:
        """The names of a namespace's objects. Raises InvalidName."""
        book = self._names.get(unique_key)
        if book is None:
            folder = self._folder(check_unique_key(unique_key)).path
            book = self._names[unique_key] = NameBook(folder)
        return book

    def write_names(self) -> None:
        """Have a thread write the names that are waiting."""
        for book in self._names.values():
            if book.is_waiting:
                self._shard.workers.submit(book.write, _warn_of_names)

    @property
    def is_shared(self) -> bool:
        """True where other processes have objects in the same folders."""
        return self._is_here is not None

    @property
    def alarms(self) -> Alarms:
        """The lists of alarms; whoever schedules them sets `changed`."""
        return self._shard.alarms

    def alarm_list(self, unique_key: str) -> AlarmList:
        """The alarms of a namespace. Raises InvalidName."""
        return self._shard.alarms.of(self._folder(check_unique_key(unique_key)))

    def list_objects(
        self, unique_key: str, *, after: str | None = None, limit: int = 1000
    ) -> list[str]:
        """Ids of our objects that store something, ascending, from above `after`. Reads the folder.

        Raises InvalidName and OSError.
        """
        return self._whole.ids(self._folder(check_unique_key(unique_key)), after, limit)

    async def list_objects_in_time(
        self, unique_key: str, *, after: str | None = None, limit: int = 1000
    ) -> list[str]:
        """As `list_objects`; the loop goes on meanwhile."""
        folder = self._folder(check_unique_key(unique_key))
        return await self._whole.ids_in_time(folder, after, limit)

    def delete_namespace(self, unique_key: str) -> None:
        """Remove all objects of a namespace. Stores of it raise StoreClosed from now on.

        They vanish at once; their disk space is freed by a thread. Raises InvalidName and
        OSError.
        """
        self.release_namespace(unique_key)
        folder = self._folder(unique_key)
        trash = self._root.path / f"{TRASH_PREFIX}{os.getpid()}-{next(self._trash)}"
        try:
            folder.path.rename(trash)
        except FileNotFoundError:
            return
        self._root.changed()
        self._discard(trash)

    def release_namespace(self, unique_key: str) -> None:
        """Let go of all objects of a namespace, which somebody is about to remove.

        Stores of it raise StoreClosed from now on. Raises InvalidName.
        """
        folder = self._folder(check_unique_key(unique_key))
        for database in [d for d in self._databases.values() if d.folder is folder]:
            database.give_up(StoreClosed("The namespace of this object was deleted."))
        for key in [key for key in self._shard.unsettled if key[0] == unique_key]:
            self._shard.forget_unsettled(key)
        self._shard.alarms.forget(folder)
        self._names.pop(unique_key, None)
        folder.forget()

    def _discard(self, folder: Path) -> None:
        self._shard.workers.submit(lambda: shutil.rmtree(folder, onerror=_unless_gone), _warn)

    def abandon(self) -> None:
        """Let go of every file as it is, as if the process ended now; then call `aclose`.

        What is not committed is lost, and names that nobody has written. Stores raise
        StoreClosed from now on.
        """
        self._names.clear()
        for database in [*self._databases.values()]:
            database.give_up(StoreClosed("The storage was abandoned."))

    async def idle(self) -> None:
        """Wait until no thread is at work on a file, so that all of them can be copied together."""
        await self._shard.workers.idle()

    def before_commit(self, look: Callable[[str, str], None] | None) -> None:
        """Call `look(unique_key, object_id)` before each commit, which it fails by raising OSError.

        For tests.
        """
        self._shard.before_commit = look

    async def aclose(self) -> None:
        """Commit, wait for the barrier, checkpoint and close every file, end the threads.

        Open explicit transactions are undone. Stores raise StoreClosed from now on.
        """
        if self._closed:
            return
        self._closed = True
        self._expiry.stop()
        self._shard.lifecycle.at_leisure = True
        self._shard.leftovers.clear()
        closing = []
        for database in [*self._databases.values()]:
            self._shard.lifecycle.stop_duty(database)
            if database.store:
                closing.append(database.store.close())
            elif not database.broken:
                closing.append(self._shard.lifecycle.close(database))
        await asyncio.gather(*closing)
        await self._shard.barrier.aclose()
        self._shard.alarms.close()
        self._shard.nursery.close()
        self.write_names()
        await self._shard.workers.aclose()
        for folder in (*self._folders.values(), self._root):
            folder.close()
        for shared in self._shared_syncs:
            shared.close()

    async def remove_ended_pasts(self) -> None:
        """Remove the pasts of objects that nobody can go back to."""
        await self._expiry.remove_ended()

    def remove_ended_pasts_daily(self, also: Callable[[float], None]) -> None:
        """Do so once a day from now on; `also` is called on a thread, with when they end."""
        self._expiry.start(also)

    def statistics(self) -> Statistics:
        """Numbers for tests and operators."""
        databases = self._databases.values()
        return Statistics(
            stores=len(databases),
            open_connections=len(self._shard.connections),
            outstanding=sum(not database.rounds.settled for database in databases),
        )

    def _folder(self, unique_key: str) -> Folder:
        folder = self._folders.get(unique_key)
        if folder is None:
            folder = Folder(self._root.path / unique_key, self._root, is_here=self._is_here)
            self._folders[unique_key] = folder
        return folder


def _affordable(max_open: int) -> int:
    """How many databases may be open without using up the process's file descriptors."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return max_open
    affordable = max((limit - _FDS_FOR_OTHERS) // _FDS_PER_DATABASE, _MIN_OPEN)
    if affordable < max_open:
        log.warning(
            "The limit of %d open files allows for %d open databases instead of %d; "
            "raise it with `ulimit -n`.",
            limit,
            affordable,
            max_open,
        )
    return min(max_open, affordable)


def _unless_gone(_remove: object, _path: str, reason: tuple[Any, Any, Any]) -> None:
    if not isinstance(reason[1], FileNotFoundError):  # by another shard
        raise reason[1]


def _warn(error: BaseException | None) -> None:
    if error is not None:
        log.warning("a deleted namespace could not be removed: %s", error)


def _warn_of_names(error: BaseException | None) -> None:
    if error is not None:
        log.warning("the names of objects could not be noted: %s", error)
