"""The durability barrier: between "committed" and "durable".

A commit writes to the end of the write-ahead log, in the kernel's memory, and takes
microseconds. It survives `kill -9` at once, but a power loss only after the log has been
synced, which takes a fraction of a millisecond on a good disk and several on others. The
loop never waits for it: the barrier does, and answers when it is done. What an object says
to others leaves only then.

The barrier is one method, so that something else than the local disk can answer for a
round: a replicated log would ship what was committed and answer with its quorum.

How `LocalBarrier` syncs. What comes together is gathered (gathering.py). Few logs are synced one by
one, side by side on threads. Many are synced by one call for the whole file system, where that is
as good as one for each file (see `disk.shared_sync`): what costs is the commit of the file system
and the flush of the drive, and one of each then serves all.

- A shared sync that fails proves nothing about any one file, since the failure may be
  another program's: each log is then synced by itself, and told its own outcome. One that succeeds
  proves nothing about a companion that is in doubt: that is synced by itself before.
- Files in the making get their names after a shared sync. These are synced, too, unless the next
  process is sure to look for files that may have lost them: see newborn.py.
- A shared sync also writes what other programs have left unwritten. If one was slow, logs
  are synced one by one for a while.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from holdfast.storage.disk import Companion, Fsync, fsync
from holdfast.storage.gathering import Gathering
from holdfast.storage.journaling import JournaledLog, Journaling
from holdfast.storage.workers import Workers

MAX_THREADS = 32
MIN_SHARED = 4  # logs that make a shared sync cheaper than one for each
SLOW_S = 0.05  # a shared sync that took longer did others' work
BACK_OFF_S = 1.0

Done = Callable[[BaseException | None], None]


class CommittedLog(JournaledLog, Protocol):
    """One object's log, as the barrier sees it: all its commits so far are to be durable."""

    unique_key: str
    object_id: str

    @property
    def is_new(self) -> bool:
        """True if the log is a file in the making: then it is a `NewLog`."""

    @property
    def companion(self) -> Companion | None:
        """What has to be durable before the log is, if there is something."""

    def sync(self, fsync: Fsync) -> None:
        """Return once all commits made before the call are on the disk. Blocks.

        May run on any thread, for one round of the object at a time. Raises OSError.
        """

    def synced(self) -> None:
        """All commits made until now are on the disk, by other means than `sync`."""


class NewLog(CommittedLog, Protocol):
    """A file in the making, whose `sync` can be taken in steps. Both block, and raise."""

    def stage(self) -> bool:
        """Write what is to be synced; true if it is to be published after that."""

    def publish(self) -> bool:
        """Give what was synced its name; true if another file has taken its place, to be synced."""


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
    database at once, MAX_AT_ONCE times side by side, and is told by its caller's choice to be
    equivalent: `Storage` offers the file system's own by `share`. Tests inject slow and
    failing ones.
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
        self._sync_all = self._sync_apart = sync_all
        self._gathering: Gathering[tuple[CommittedLog, Done]] = Gathering(loop, self._dispatch)
        self._journaling: Journaling[CommittedLog] | None = None
        self._share_from = 0.0
        self.workers = Workers(loop, "holdfast-sync", max_threads=max_threads)
        self.shared_syncs = 0

    def share(self, sync_all: Callable[[], None], apart: Callable[[], None]) -> None:
        """Use this to sync many files at once, unless syncing was chosen by the caller.

        `apart` does the same for the journal. It is another one, since a failure is reported once
        to each: what the journal is told of must not be missed by a round.
        """
        if self._sync_all is None and self._fsync is fsync:
            self._sync_all, self._sync_apart = sync_all, apart

    def keep_journal(self, root: Path, place: str) -> None:
        """Have a journal for the objects below `root`, after `share`. See Journaling."""
        self._journaling = Journaling(
            root,
            place,
            loop=self._loop,
            workers=self.workers,
            fsync=self._fsync,
            sync_all=self._sync_apart,
            alone=self._settle_and_sync,
            tell=self._tell,
        )

    def begin_journal(self) -> None:
        """Have a journal, if one is kept, that tells the next process to look for what we leave.

        Blocks the first time. Raises OSError.
        """
        if self._journaling:
            self._journaling.begin()

    def make_durable(self, log: CommittedLog, done: Done) -> None:
        """See Barrier."""
        if self._journaling is None:
            self._sync(log, done)
        elif not self._journaling.keep(log, done):
            self._settle_and_sync(log, done)

    def _settle_and_sync(self, log: CommittedLog, done: Done) -> None:
        """Make a log durable that may lack what the journal was to be given."""
        try:
            log.settle_in_round()
        except Exception as error:  # noqa: BLE001 - it is told to whoever asked
            self._loop.call_soon(done, error)
        else:
            self._sync(log, done)

    def _sync(self, log: CommittedLog, done: Done) -> None:
        """Make a log durable by itself, or together with others."""
        if self._sync_all is None:
            self.workers.submit(partial(log.sync, self._fsync), done)
            return
        self._gathering.add((log, done))

    def _dispatch(self, asked: list[tuple[CommittedLog, Done]]) -> bool:
        if len(asked) >= MIN_SHARED and self._loop.time() >= self._share_from:
            self._sync_together(asked)
            return True
        self._sync_each(asked)
        return False

    def _sync_each(self, asked: list[tuple[CommittedLog, Done]]) -> None:
        for log, done in asked:
            self.workers.submit(partial(log.sync, self._fsync), done)

    def _sync_together(self, asked: list[tuple[CommittedLog, Done]]) -> None:
        assert self._sync_all, "without it, each log is synced by itself"
        self.shared_syncs += 1
        begin = self._journaling.begin if self._journaling else None
        shared = _SharedSync(self._sync_all, self._fsync, asked, begin)
        self.workers.submit(shared.run, partial(self._synced_together, shared))

    def _synced_together(self, shared: "_SharedSync", error: BaseException | None) -> None:
        if error is not None or shared.slowest_s > SLOW_S:
            self._share_from = self._loop.time() + BACK_OFF_S
        if error is not None:
            self._sync_each(shared.asked)
        else:
            for log, done in shared.asked:
                self._tell(log, done, shared.failed.get(log))
        self._gathering.ended()

    def _tell(self, log: CommittedLog, done: Done, error: BaseException | None = None) -> None:
        try:
            if error is None:
                log.synced()
            done(error)
        except Exception as raised:  # noqa: BLE001 - one callback must not stop the others
            self._loop.call_exception_handler(
                {"message": "a callback after a sync of many logs failed", "exception": raised}
            )

    async def aclose(self) -> None:
        """See Barrier."""
        if self._journaling:
            await self._journaling.aclose()
        await self.workers.aclose()


class _SharedSync:
    """One sync of many logs, with the steps of those in the making; `run` is for a thread."""

    def __init__(
        self,
        sync_all: Callable[[], None],
        fsync: Fsync,
        asked: list[tuple[CommittedLog, Done]],
        begin_journal: Callable[[], None] | None,
    ) -> None:
        self.asked = asked
        self._begin_journal = begin_journal
        self._fsync = fsync
        self.failed: dict[CommittedLog, Exception] = {}
        self.slowest_s = 0.0  # of the calls for the whole file system
        self._sync_all = sync_all
        self._new = [cast("NewLog", log) for log, _ in asked if log.is_new]

    def run(self) -> None:
        """Sync all logs. Raises OSError if nothing is known of any of them."""
        for log, _ in self.asked:
            if log.companion and log.companion.in_doubt:
                self._succeeds(log, partial(self._sync_companion, log.companion))
        if self._new and self._begin_journal:
            self._begin_journal()
        new = [log for log in self._new if log not in self.failed]
        staged = [log for log in new if self._succeeds(log, log.stage)]
        self._sync()
        replaced = [log for log in staged if self._succeeds(log, log.publish)]
        if replaced or (staged and not self._begin_journal):
            self._sync()

    def _sync_companion(self, companion: Companion) -> bool:
        companion.sync(self._fsync)
        return True

    def _sync(self) -> None:
        started = time.monotonic()
        try:
            self._sync_all()
        except OSError:
            for log, _ in self.asked:
                if log.companion:
                    log.companion.doubt()
            raise
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)

    def _succeeds(self, log: CommittedLog, step: Callable[[], bool]) -> bool:
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - it is told to whoever asked for this log
            self.failed[log] = error
            return False
