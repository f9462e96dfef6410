"""The durability barrier: between "committed" and "durable".

A commit writes to the end of the write-ahead log, in the kernel's memory, and takes
microseconds. It survives `kill -9` at once, but a power loss only after the log has been
synced, which takes a fraction of a millisecond on a good disk and several on others. The
loop never waits for it: the barrier does, and answers when it is done. What an object says
to others leaves only then.

The barrier is one method, so that something else than the local disk can answer for a
round: a replicated log would ship what was committed and answer with its quorum.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from holdfast.storage.disk import Fsync, fsync
from holdfast.storage.workers import Workers

MAX_THREADS = 32


class CommittedLog(Protocol):
    """One object's log, as the barrier sees it: all its commits so far are to be durable."""

    unique_key: str
    object_id: str

    def sync(self, fsync: Fsync) -> None:
        """Return once all commits made before the call are on the disk. Blocks.

        May run on any thread, for one round of the object at a time. Raises OSError.
        """


class Barrier(Protocol):
    """Answers for what was committed."""

    def make_durable(self, log: CommittedLog, done: Callable[[BaseException | None], None]) -> None:
        """Make the log's commits durable, then call `done`, on the loop and exactly once.

        `done` gets None if they are, or what went wrong; then nobody may count on them.
        Returns at once. The log stays as it is until then, but for commits of later rounds.
        """

    async def aclose(self) -> None:
        """Answer all that was asked, then let go of threads and connections."""


class LocalBarrier:
    """Durable means: synced to the local disk.

    `fsync` is what syncs a file descriptor; tests inject slow and failing ones.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        fsync: Fsync = fsync,
        max_threads: int = MAX_THREADS,
    ) -> None:
        self._fsync = fsync
        self.workers = Workers(loop, "holdfast-sync", max_threads=max_threads)

    def make_durable(self, log: CommittedLog, done: Callable[[BaseException | None], None]) -> None:
        """See Barrier."""
        self.workers.submit(partial(log.sync, self._fsync), done)

    async def aclose(self) -> None:
        """See Barrier."""
        await self.workers.aclose()
