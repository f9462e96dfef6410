"""Keeping commits in a journal: one sync for many logs, of one file that is written in order.

    commit ──► waiting ──► batch (a thread: write, sync) ──► told
                             │ full, or quiet for a while
                             ▼
                           retired ── all logs are synced ──► free

There are two files; one is written to. When it is full, or nobody has written for a while, it is
retired: objects whose logs have less than it was given commit the rest (recent.py), in rounds that
go to the other file. Then a thread syncs the logs themselves, by which time the file system has
written most of them, and what they depended on may be written over. So a log is synced once for
hundreds of commits, and the window in which a folder needs its journal is small.

Some batches are under way side by side; what comes together is gathered (gathering.py).

Whatever goes wrong, logs can always be synced as if there were no journal: that is `alone`, which
also finds out what is wrong with which log. A log that could not be synced when a file was
retired is written again from it, since syncing it as it is would prove nothing (see
`disk.rewrite_durably`).
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from holdfast.storage.disk import Fsync, sync_path, write_at
from holdfast.storage.gathering import Gathering
from holdfast.storage.journal import (
    PUTS,
    Entry,
    journal_path,
    length_of,
    packed,
    sync_logs,
    unpacked,
    write_to_logs,
)
from holdfast.storage.workers import Done, Workers

log = logging.getLogger("holdfast.storage")

FULL_BYTES = 32 << 20
_ROOM_BYTES = 512 << 10  # by which a file grows
ENOUGH = 16  # entries for a batch
_MANY = 2000  # logs with puts in a file, until it is seen which need it no more
QUIET_S = 5.0  # without a batch, before the logs are synced
PAUSE_S = 1.0  # after a failure
CATCHING_UP = 32  # logs that are asked to at once
_LOOK_S = 0.1  # until it is seen whether they have, where no batch has ended; longer each time


class JournaledLog(Protocol):
    """An object's log, as the journal sees it."""

    def unkept(self) -> Entry | None:
        """What was committed since the last round that has ended; None if that cannot be kept."""

    def settle_in_round(self) -> None:
        """Have all in the log that was committed, and is to be synced now.

        Raises apsw.Error and OSError.
        """

    @property
    def settled(self) -> int:
        """How often the log was told of what it had not."""

    @property
    def settled_durably(self) -> int:
        """How often, up to the last round that has ended."""

    def catch_up(self) -> None:
        """See to it, by a round of its own, that this is as many soon. Never raises."""


Log = TypeVar("Log", bound=JournaledLog)


class _Waiting(NamedTuple, Generic[Log]):
    """What is to be kept for a log, and who is told then."""

    entry: Entry
    log: Log
    done: Done
    settled: int  # the log, so often before


class _File:
    """One file of the journal. On the loop's thread only, but for what blocks."""

    def __init__(self, root: Path, path: Path, fsync: Fsync) -> None:
        self.path = path
        self.end = 0
        self.under_way = 0  # batches
        self.is_retired = self.is_settling = False
        self.many = _MANY
        self.look: asyncio.TimerHandle | None = None
        self.behind: dict[JournaledLog, int] = {}  # by logs with puts: how often they had settled
        self._root = root
        self._fsync = fsync
        self._logs: set[bytes] = set()
        self._making = threading.Lock()
        self._is_made = False
        self._room = 0  # the length of the file
        # Batches that are under way together need a descriptor each, lest one is told of the
        # failure of another one.
        self._descriptors: list[int] = []

    def begin(self, entries: Collection[Entry], length: int) -> int:
        """Have a place for a batch of so many bytes: its offset."""
        self._logs.update([entry.name for entry in entries])
        self.under_way += 1
        offset, self.end = self.end, self.end + length
        return offset

    def write(self, entries: Collection[Entry], number: int, offset: int) -> None:
        """Write a batch and sync it. Blocks, on any thread. Raises OSError."""
        batch = packed(entries, number)
        fd = self._borrow()
        try:
            self._make_room(fd, offset + len(batch))
            write_at(fd, batch, offset)
            self._fsync(fd)
        finally:
            self._descriptors.append(fd)

    def _make_room(self, fd: int, end: int) -> None:
        # A sync of what is written over, not appended, has no new length to tell the file system
        # of. Nobody writes past the room before it is there.
        if end <= self._room:
            return
        with self._making:
            if end > self._room:
                room = max(end, min(self._room + _ROOM_BYTES, FULL_BYTES))
                write_at(fd, bytes(room - self._room), self._room)
                self._room = room

    def _borrow(self) -> int:
        with contextlib.suppress(IndexError):
            return self._descriptors.pop()
        self.make()
        return os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)

    def make(self) -> None:
        """Have the file there, and its entry durable. Blocks, on any thread. Raises OSError."""
        with self._making:
            if not self._is_made:
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
                sync_path(self._root)
                self._is_made = True

    def settle(self, sync_all: Callable[[], None] | None) -> None:
        """Sync the logs whose entries are here. Blocks, on any thread. Raises OSError."""
        try:
            self._sync_logs(sync_all)
        except OSError as error:
            log.warning("the logs of objects could not be synced, and are written again: %s", error)
            kept = unpacked(self.path.read_bytes()[: self.end])
            write_to_logs(self._root, (entry for _, entry in kept))
            self._sync_logs(sync_all)

    def _sync_logs(self, sync_all: Callable[[], None] | None) -> None:
        if sync_all:
            sync_all()
        else:
            sync_logs((self._root / os.fsdecode(name) for name in self._logs), self._fsync)

    def find_behind(self) -> list[JournaledLog]:
        """The logs that do not have, durably, puts that are here."""
        self.behind = {
            log: settled for log, settled in self.behind.items() if log.settled_durably <= settled
        }
        return [*self.behind]

    def free(self) -> None:
        """Begin anew: no log depends on what is here."""
        self._logs.clear()
        self.behind.clear()
        self.end = 0
        self.is_retired = False

    def close(self) -> None:
        """Let go of the file, and remove it if no log depends on it."""
        for fd in self._descriptors:
            os.close(fd)
        self._descriptors.clear()
        if self._is_made and not self.end:
            self.path.unlink(missing_ok=True)


class Journaling(Generic[Log]):
    """The journal of one process. On the loop's thread only, but for `begin`.

    `alone` syncs a log by itself and answers; `tell` answers for one that was synced. `sync_all`,
    if there is one, syncs every file, and nobody else is told of its failures.
    """

    def __init__(
        self,
        root: Path,
        place: str,
        *,
        loop: asyncio.AbstractEventLoop,
        workers: Workers,
        fsync: Fsync,
        sync_all: Callable[[], None] | None,
        alone: Callable[[Log, Done], None],
        tell: Callable[[Log, Done], None],
    ) -> None:
        self._loop = loop
        self._workers = workers
        self._sync_all = sync_all
        self._alone = alone
        self._tell = tell
        self._file, self._other = (
            _File(root, journal_path(root, place, number), fsync) for number in (0, 1)
        )
        self._first = self._file
        self._gathering: Gathering[_Waiting[Log]] = Gathering(loop, self._write, enough=ENOUGH)
        self._paused_until = 0.0
        self._newest_s = 0.0
        self._batches = 0
        self._quiet: asyncio.TimerHandle | None = None
        self._closing = False

    def keep(self, kept: Log, done: Done) -> bool:
        """Make a log's commits durable, then call `done`; False if that takes other means."""
        try:
            entry = kept.unkept()
        except OSError as error:  # no reason not to sync it, of which its owner hears how it ends
            log.warning("the journal cannot have what a log holds: %s", error)
            return False
        if entry is None or (self._paused_until and self._is_paused()):
            return False
        self._gathering.add(_Waiting(entry, kept, done, kept.settled))
        return True

    def _is_paused(self) -> bool:
        if self._paused_until > self._loop.time():
            return True
        self._paused_until = 0.0
        return False

    def begin(self) -> None:
        """Have a journal: from now on, the next process knows of ours unless it ends orderly.

        Blocks, on any thread. Raises OSError.
        """
        self._first.make()

    def _write(self, waiting: "list[_Waiting[Log]]") -> bool:
        entries = [each.entry for each in waiting]
        length = length_of(entries)
        if self._file.end and self._file.end + length > FULL_BYTES and not self._retire():
            self._sync_alone(waiting)
            return False
        file = self._file
        offset = file.begin(entries, length)
        for each in waiting:
            if each.entry.kind == PUTS:
                file.behind[each.log] = each.settled
        if len(file.behind) > file.many:
            file.many = 2 * len(file.find_behind()) + _MANY
        self._batches += 1
        self._workers.submit(
            partial(file.write, entries, self._batches, offset),
            partial(self._written, file, waiting),
        )
        self._newest_s = self._loop.time()
        if self._quiet is None:
            self._quiet = self._loop.call_later(QUIET_S, self._look)
        return True

    def _written(
        self,
        file: _File,
        kept: "list[_Waiting[Log]]",
        error: BaseException | None,
    ) -> None:
        file.under_way -= 1
        if error is None:
            for each in kept:
                self._tell(each.log, each.done)
        else:
            log.warning("the journal %s could not be written: %s", file.path, error)
            self._paused_until = self._loop.time() + PAUSE_S
            self._sync_alone(kept)
        self._gathering.ended()
        if self._other.is_retired and not self._other.is_settling:
            self._settle(self._other)  # the logs that it waits for may have caught up

    def _sync_alone(self, kept: "list[_Waiting[Log]]") -> None:
        for each in kept:
            self._alone(each.log, each.done)

    # ---- the end of a file -----------------------------------------------------------

    def _look(self) -> None:
        """Sync the logs once nobody has written for a while."""
        self._quiet = None
        quiet_s = self._loop.time() - self._newest_s
        if quiet_s < QUIET_S or (self._file.end and not self._retire()):
            self._quiet = self._loop.call_later(max(QUIET_S - quiet_s, PAUSE_S), self._look)

    def _retire(self) -> bool:
        """Go on in the other file; False while that one is not free."""
        if self._other.is_retired:
            return False
        self._file, self._other = self._other, self._file
        self._other.is_retired = True
        self._settle(self._other)
        return True

    def _settle(self, file: _File, look_s: float = _LOOK_S) -> None:
        if file.look:
            file.look.cancel()
            file.look = None
        if file.under_way or self._closing:
            return
        if behind := file.find_behind():
            for each in behind[:CATCHING_UP]:
                each.catch_up()
            # Those of a disk that is full take until it is not.
            later_s = min(look_s * 1.5, PAUSE_S)
            file.look = self._loop.call_later(look_s, self._settle, file, later_s)
        else:
            self._start_settling(file)

    def _start_settling(self, file: _File) -> None:
        file.is_settling = True
        self._workers.submit(partial(file.settle, self._sync_all), partial(self._settled, file))

    def _settled(self, file: _File, error: BaseException | None) -> None:
        file.is_settling = False
        if error is None:
            file.free()
        elif not self._closing:
            log.error("logs of objects cannot be synced; trying again: %s", error)
            file.look = self._loop.call_later(PAUSE_S, self._settle, file)

    async def aclose(self) -> None:
        """Sync the logs, and remove the journal. Nothing may be asked for any more."""
        while self._gathering:
            await self._workers.idle()
            await asyncio.sleep(0)
        self._closing = True
        if self._quiet:
            self._quiet.cancel()
        await self._workers.idle()
        for file in (self._file, self._other):
            if file.end and not file.find_behind():
                self._start_settling(file)
        await self._workers.idle()
        for file in (self._file, self._other):
            file.close()
