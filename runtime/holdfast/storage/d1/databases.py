"""All D1 databases of a data folder, for one process; others may have them open as well.

Their files are `d1/<id>.sqlite`, and are made as they are used.

Requests wait for their turn: those of a database that write run one after the other, as at
Cloudflare, and one that only reads runs when what came before it has written. So who sends a
write and then a query, without waiting in between, finds what was written. Nothing here runs on
the loop's thread, and threads are this module's own, so that slow queries hold up nobody else.
"""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from holdfast.storage.d1.connection import QUEUED_TOO_LONG, D1Error, D1Limits
from holdfast.storage.d1.database import MAX_READERS, Answers, D1Database, Query
from holdfast.storage.d1.files import d1_files, file_of
from holdfast.storage.d1.pasts import Pasts
from holdfast.storage.d1.registry import FILE_NAME, D1Registry
from holdfast.storage.names import D1_FOLDER
from holdfast.storage.session import SHARED_VFS

MAX_QUEUED = 1_000
MAX_OPEN = 64
TOO_MANY_QUEUED = "D1 DB is overloaded. Too many requests queued."

_MAX_THREADS = 32

T = TypeVar("T")


class D1Databases:
    """The databases of a data folder. On the loop's thread."""

    def __init__(
        self,
        data: Path,
        limits: D1Limits | None = None,
        *,
        pasts: Pasts | None = None,
        max_queued: int = MAX_QUEUED,
        max_open: int = MAX_OPEN,
    ) -> None:
        """At most `max_queued` requests wait for a database; about `max_open` keep connections.

        Without `pasts` none is kept.
        """
        self._pasts = pasts or Pasts(0)
        self.data = data
        self.registry = D1Registry(data / FILE_NAME)
        self._max_queued = max_queued
        self._max_open = max_open
        self._limits = limits or D1Limits()
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        # How many there were, by the database and whether they only read.
        self.requests: Counter[tuple[str, bool]] = Counter()
        self._threads: ThreadPoolExecutor | None = None

    async def run(
        self, database_id: str, queries: Sequence[Query], encode: Callable[[Answers], T]
    ) -> T:
        """Run a request as one transaction; what `encode` makes of the answers, on the thread.

        Raises D1Error for what is its author's fault, StorageError where the disk fails.
        """
        reads = all(query.reads for query in queries)

        def work(database: D1Database) -> T:
            return encode(database.read(queries) if reads else database.write(queries))

        return await self.work(database_id, work, reads=reads)

    async def work(
        self, database_id: str, work: Callable[[D1Database], T], *, reads: bool = False
    ) -> T:
        """Have something done with a database, in its turn. Raises what `run` does, and `work`."""
        line = self._lines.get(database_id) or self._begin(database_id)
        self.requests[database_id, reads] += 1
        if line.waiting >= self._max_queued:
            raise D1Error(TOO_MANY_QUEUED)
        self._lines.move_to_end(database_id)
        return await line.run(self._pool(), work, reads=reads)

    async def bookmark(self, database_id: str, time_ms: float | None = None) -> str:
        """A bookmark of what there is now, or of the last mark up to a time. Raises as `run`.

        Raises BookmarkInvalid where there is none.
        """
        return await self.work(database_id, lambda one: one.bookmark(time_ms), reads=True)

    async def restore(self, database_id: str, bookmark: str) -> str:
        """Go back to a mark, in the database's turn; a bookmark to undo that with.

        Raises as `bookmark`.
        """
        return await self.work(database_id, lambda one: one.restore(bookmark))

    async def delete(self, database_id: str) -> None:
        """Remove a database that was created, durably; whoever uses it finds it gone.

        Raises StorageError where the disk fails.
        """

        def remove(database: D1Database) -> None:
            self.registry.delete(database_id)
            database.remove()

        await self.work(database_id, remove)

    def waiting(self) -> dict[str, int]:
        """How many requests of each database wait or are under way, where there are any."""
        return {name: line.waiting for name, line in self._lines.items() if line.waiting}

    def _begin(self, database_id: str) -> "_Line":
        """A line for a database, and none any more for those that were not asked lately."""
        for other, line in [*self._lines.items()]:
            if len(self._lines) < self._max_open:
                break
            if not line.waiting:
                del self._lines[other]
                self._pool().submit(line.database.close)
        database = _database(self.data, database_id, self.registry, self._pasts, self._limits)
        begun = self._lines[database_id] = _Line(database, self._limits)
        return begun

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_MAX_THREADS, thread_name_prefix="holdfast-d1")
        return self._threads

    def close(self) -> None:
        """Interrupt what is under way, and close all files; later calls open them again. Blocks."""
        for line in self._lines.values():
            line.database.stop()
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        self._pasts.close()
        for line in self._lines.values():
            line.database.close()
        self._lines.clear()
        self.registry.close()


class _Line:
    """Those who wait for one database."""

    def __init__(self, database: D1Database, limits: D1Limits) -> None:
        self.database = database
        self._limits = limits
        self.waiting = 0  # those who are served included
        self._writing = asyncio.Lock()  # which is given in the order in which it is asked for
        self._reading = asyncio.Semaphore(MAX_READERS)

    async def run(
        self, threads: ThreadPoolExecutor, work: Callable[[D1Database], T], *, reads: bool
    ) -> T:
        self.waiting += 1
        # A thread is not stopped where its caller has gone: the next has to wait for it still.
        task = asyncio.ensure_future(self._run(threads, work, reads=reads))
        task.add_done_callback(self._note_done)
        return await asyncio.shield(task)

    def _note_done(self, task: "asyncio.Task[Any]") -> None:
        self.waiting -= 1
        if not task.cancelled():
            task.exception()  # perhaps nobody else looks at it

    async def _run(
        self, threads: ThreadPoolExecutor, work: Callable[[D1Database], T], *, reads: bool
    ) -> T:
        deadline = time.monotonic() + self._limits.request_s
        if reads:
            async with self._writing:
                pass  # what came before has written
        async with self._reading if reads else self._writing:
            if time.monotonic() > deadline:
                raise D1Error(QUEUED_TOO_LONG)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(threads, work, self.database)


def copy_d1(data: Path, target: Path) -> None:
    """Copy all databases as they are on the disk now, each at one moment. Blocks."""
    from holdfast.storage.portable import copy_database

    for name in d1_files(data):
        (target / name).parent.mkdir(exist_ok=True)
        copy_database(data / name, target / name, vfs=SHARED_VFS)


def database_in(data: Path, database_id: str) -> D1Database:
    """A database of a data folder. How far back its past is to go, servers say."""
    return _database(data, database_id, D1Registry(data / FILE_NAME), Pasts(math.inf))


def _database(
    data: Path,
    database_id: str,
    registry: D1Registry,
    pasts: Pasts,
    limits: D1Limits | None = None,
) -> D1Database:
    return D1Database(
        file_of(data / D1_FOLDER, database_id),
        limits,
        pasts=pasts,
        is_deleted=lambda: registry.is_deleted(database_id),
    )
