"""The durability barrier: between "committed" and "durable".

A commit writes to the end of the write-ahead log, in the kernel's memory, and takes
microseconds. It survives `kill -9` at once, but a power loss only after the log has been
synced, which takes a fraction of a millisecond on a good disk and several on others. The
loop never waits for it: the barrier does, and answers when it is done. What an object says
to others leaves only then.

The barrier is one method, so that something else than the local disk can answer for a
round: a replicated log would ship what was committed and answer with its quorum.

How `LocalBarrier` syncs. Few logs at a time are synced one by one, side by side on threads.
Many at a time are synced by one call for the whole file system, where that is as good as
one for each file (see `disk.shared_sync`): what costs is the journal's commit and the
drive's flush, and one of each then serves all. While such a call is under way, what comes
meanwhile is gathered for the next.

- A shared sync that fails proves nothing about any one file, since the failure may be
  another program's: each log is then synced by itself, and told its own outcome.
- A shared sync also writes what other programs have left unwritten. If one was slow, logs
  are synced one by one for a while.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from holdfast.storage.disk import Fsync, fsync
from holdfast.storage.workers import Workers

MAX_THREADS = 32
MIN_SHARED = 4  # logs that make a shared sync cheaper than one for each
SLOW_S = 0.05  # a shared sync that took longer did others' work
BACK_OFF_S = 1.0

Done = Callable[[BaseException | None], None]


class CommittedLog(Protocol):
    """One object's log, as the barrier sees it: all its commits so far are to be durable."""

    unique_key: str
    object_id: str

    def sync(self, fsync: Fsync) -> None:
        """Return once all commits made before the call are on the disk. Blocks.

        May run on any thread, for one round of the object at a time. Raises OSError.
        """

    def synced(self) -> None:
        """All commits made until now are on the disk, by other means than `sync`."""


class Barrier(Protocol):
    """Answers for what was committed."""

    def make_durable(self, log: CommittedLog, done: Done) -> None:
        """Make the log's commits durable, then call `done`, on the loop and exactly once.

        `done` gets None if they are, or what went wrong; then nobody may count on them.
        Returns at once. The log stays as it is until then, but for commits of later rounds.
        """

    async def aclose(self) -> None:
        """Answer all that was asked, then let go of threads and connections."""


class LocalBarrier:
    """Durable means: synced to the local disk.

    `fsync` syncs one file descriptor; `sync_all`, if there is one, all files of every
    database at once, and is told by its caller's choice to be equivalent: `Storage` offers
    the file system's own by `share`. Tests inject slow and failing ones.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        fsync: Fsync = fsync,
        sync_all: Callable[[], None] | None = None,
        max_threads: int = MAX_THREADS,
    ) -> None:
        self._loop = loop
        self._fsync = fsync
        self._sync_all = sync_all
        self._asked: list[tuple[CommittedLog, Done]] = []
        self._dispatching = False
        self._sharing = False
        self._share_from = 0.0
        self.workers = Workers(loop, "holdfast-sync", max_threads=max_threads)
        self.shared_syncs = 0

    def share(self, sync_all: Callable[[], None]) -> None:
        """Use this to sync many files at once, unless syncing was chosen by the caller."""
        if self._sync_all is None and self._fsync is fsync:
            self._sync_all = sync_all

    def make_durable(self, log: CommittedLog, done: Done) -> None:
        """See Barrier."""
        if self._sync_all is None:
            self.workers.submit(partial(log.sync, self._fsync), done)
            return
        self._asked.append((log, done))
        if not self._dispatching and not self._sharing:
            # Rounds start together; decide when all of them have.
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = False
        asked, self._asked = self._asked, []
        if len(asked) >= MIN_SHARED and self._loop.time() >= self._share_from:
            self._sync_together(asked)
        else:
            self._sync_each(asked)

    def _sync_each(self, asked: list[tuple[CommittedLog, Done]]) -> None:
        for log, done in asked:
            self.workers.submit(partial(log.sync, self._fsync), done)

    def _sync_together(self, asked: list[tuple[CommittedLog, Done]]) -> None:
        assert self._sync_all, "without it, each log is synced by itself"
        self._sharing = True
        self.shared_syncs += 1
        ended = partial(self._synced_together, asked, self._loop.time())
        self.workers.submit(self._sync_all, ended)

    def _synced_together(
        self,
        asked: list[tuple[CommittedLog, Done]],
        started: float,
        error: BaseException | None,
    ) -> None:
        now = self._loop.time()
        self._sharing = False
        if error is not None or now - started > SLOW_S:
            self._share_from = now + BACK_OFF_S
        if error is not None:
            self._sync_each(asked)
        else:
            for log, done in asked:
                log.synced()
                done(None)
        if self._asked and not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    async def aclose(self) -> None:
        """See Barrier."""
        await self.workers.aclose()
