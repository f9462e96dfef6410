"""The durability barrier of a harness: no disk is waited for, and what is durable is known.

What is synced is noted by file and length instead. A log is only ever appended to between two
syncs, so a crash is played by cutting each log back to the length that was synced.
"""

import errno
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from holdfast.storage.barrier import CommittedLog, Done
from holdfast.testing.faults import Faults
from holdfast.testing.loop import LoopView

LOG_SUFFIX = "-wal"


class NotedBarrier:
    """Makes everything durable in the loop's next round (storage.barrier.Barrier)."""

    def __init__(self, view: LoopView, faults: Faults) -> None:
        self._view = view
        self._faults = faults
        self._durable: dict[tuple[int, int], int] = {}  # length by device and inode
        self.latency_s: Callable[[], float] = lambda: 0.0
        self.closing = False
        self.syncs = 0

    def make_durable(self, log: CommittedLog, done: Done) -> None:
        """See Barrier."""
        fails = self._faults.fails("fsync", log.object_id)
        delay_s = self._faults.delay("fsync", log.object_id) + self.latency_s()
        finish = partial(self._finish, log, done, fails=fails)
        if delay_s and not self.closing:
            self._view.call_later(delay_s, finish)
        else:
            self._view.call_soon(finish)

    def _finish(self, log: CommittedLog, done: Done, *, fails: bool) -> None:
        error: BaseException | None = None
        try:
            if fails:
                raise OSError(errno.EIO, "The test asked for this sync to fail.")
            log.sync(self._note)
        except Exception as raised:  # noqa: BLE001 - it is handed to whoever asked
            error = raised
        done(error)

    def _note(self, fd: int) -> None:
        self.syncs += 1
        status = os.fstat(fd)
        self._durable[status.st_dev, status.st_ino] = status.st_size

    async def aclose(self) -> None:
        """See Barrier."""

    def copy_durable(self, source: Path, target: Path) -> None:
        """Copy a folder of databases as a power loss would leave it."""
        for path in source.rglob("*"):
            copy = target / path.relative_to(source)
            if path.is_dir():
                copy.mkdir(parents=True, exist_ok=True)
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.name.endswith("-shm"):
                continue
            shutil.copyfile(path, copy)
            if path.name.endswith(LOG_SUFFIX):
                status = path.stat()
                length = self._durable.get((status.st_dev, status.st_ino), 0)
                os.truncate(copy, min(length, status.st_size))
