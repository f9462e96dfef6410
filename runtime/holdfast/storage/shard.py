"""What all databases of a shard share: the loop, the barrier, threads, open connections."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from holdfast.storage.alarms import Alarms
from holdfast.storage.barrier import Barrier
from holdfast.storage.bookmarks import Bookmarking
from holdfast.storage.catching_up import catch_up
from holdfast.storage.database import Database
from holdfast.storage.disk import Folder
from holdfast.storage.errors import StorageError
from holdfast.storage.leftovers import Leftovers
from holdfast.storage.lifecycle import Lifecycle
from holdfast.storage.lru import LeastRecentlyUsed
from holdfast.storage.nursery import Nursery
from holdfast.storage.recent import Unsettled
from holdfast.storage.session import Session
from holdfast.storage.template import PAGE_BYTES, UNBOUNDED
from holdfast.storage.untold import Untold
from holdfast.storage.workers import Workers

_FILE_THREADS = 8  # for checkpoints and closing
_REMEMBERED_LOGS = 10_000  # logs to be opened again as they are; others are rewritten first


class Shard:
    """The surroundings of a `Database`. On the loop's thread only."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        barrier: Barrier,
        max_open: int,
        databases: dict[tuple[str, str], Database],
        *,
        max_object_bytes: int,
    ) -> None:
        self.loop = loop
        self.barrier = barrier
        self.max_open = max_open
        self._databases = databases
        self.alarms = Alarms()
        self.bookmarking = Bookmarking()
        self.connections: LeastRecentlyUsed[Database] = LeastRecentlyUsed()
        self._max_bytes = max_object_bytes
        self.nursery = Nursery(max_object_bytes // PAGE_BYTES)
        self.workers = Workers(loop, "holdfast-files", max_threads=_FILE_THREADS)
        self.lifecycle = Lifecycle(self)
        self.leftovers = Leftovers(self)
        self.before_commit: Callable[[str, str], None] | None = None
        self._newest_round_s = loop.time()
        self._written: list[Database] = []
        self.unsettled: dict[tuple[str, str], Unsettled] = {}  # see Database.break_down
        self.untold = Untold()
        self.keeps_journal = False  # which may be given puts instead of frames
        self._durable_logs: OrderedDict[tuple[str, str], None] = OrderedDict()

    def bound(self, database: Database) -> None:
        """Have an open database of a class with SQL grow no further than it may."""
        session = database.session
        assert session, "it is open"
        if isinstance(session, Session):
            pages = self._max_bytes // session.page_bytes
            session.bound(pages if database.use_sqlite else UNBOUNDED)
        elif not database.use_sqlite:  # what the nursery lends is bounded already
            session.unbound()

    def forget(self, database: Database) -> None:
        """Nobody uses the database any more."""
        key = (database.unique_key, database.object_id)
        if self._databases.get(key) is database:
            del self._databases[key]
            if database.log_is_durable and database.has_log:
                self._durable_logs[key] = None
                if len(self._durable_logs) > _REMEMBERED_LOGS:
                    self._durable_logs.popitem(last=False)

    def find_closed(self, folder: Folder, object_id: str) -> Database | None:
        """The database of an object that has no owner and a log known to be durable."""
        key = (folder.name, object_id)
        if key in self._databases or not self.take_durable_log(key):
            return None
        database = Database(self, folder, object_id)
        database.log_is_durable = True
        self._databases[key] = database
        return database

    def take_durable_log(self, key: tuple[str, str]) -> bool:
        """True if this process knows that an object's log, if there is one, is durable.

        To be asked by a new owner, once: afterwards the log may be written to.
        """
        return self._durable_logs.pop(key, True) is None

    def revive(self, broken: Database) -> None:
        """Have somebody go on with the file of a database that broke. Never raises."""
        key = (broken.unique_key, broken.object_id)
        database = self._databases.get(key)
        if database is None or database.broken:
            database = self._databases[key] = Database(self, broken.folder, broken.object_id)
            database.use_sqlite = broken.use_sqlite
        with contextlib.suppress(StorageError):  # which is logged
            if database.look():
                catch_up(database, self)
        if database.store is None:
            self.lifecycle.close(database)

    def inherited(self, key: tuple[str, str]) -> None:
        """Another connection has told SQLite what a broken one had, and goes on.

        Whoever comes next, if that breaks, may find that something newer has followed.
        """
        if unsettled := self.unsettled.get(key):
            unsettled.recent.settled()
            unsettled.settled += 1

    def forget_unsettled(self, key: tuple[str, str]) -> None:
        """What a broken connection had is durable by another, or not wanted any more."""
        if unsettled := self.unsettled.pop(key, None):
            unsettled.forget_recent()

    def schedule(self, database: Database) -> None:
        """Start a round of the database once the turns that are due now have run."""
        if not self._written:
            self.loop.call_soon(self._start_rounds)
        self._written.append(database)

    def _start_rounds(self) -> None:
        written, self._written = self._written, []
        self._newest_round_s = self.loop.time()
        for database in written:
            database.start_round()

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Have a thread for files do this; what it raises."""
        done: asyncio.Future[None] = self.loop.create_future()

        def ended(error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        self.workers.submit(work, ended)
        await done

    @property
    def quiet_s(self) -> float:
        """For how long nothing has been written."""
        return self.loop.time() - self._newest_round_s

    def look(self, database: Database) -> None:
        """A commit is about to be made. Raises OSError where a test says so."""
        if self.before_commit is not None:
            self.before_commit(database.unique_key, database.object_id)

    def tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        """Call an owner back; what it raises is reported, and stops nobody else."""
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - reported to the loop's handler
            self.loop.call_exception_handler(
                {"message": "a callback of an object's store failed", "exception": error}
            )

    def tell_soon(self, callback: Callable[..., None], *arguments: Any) -> None:
        """The same, but not from within the call that caused it."""
        self.loop.call_soon(self.tell, callback, *arguments)
