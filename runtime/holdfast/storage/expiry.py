"""Pasts that nobody can go back to any more, removed once a day.

An object thins its past out itself, as long as it is written to. What is left behind is that of
one that is not, for so long that all times which can be asked for come after its last mark: its
database alone tells what it is. So the whole file goes.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from holdfast.storage.going_back import requested
from holdfast.storage.history import SUFFIX, History, history_path, newest_ms
from holdfast.storage.names import DATABASE_SUFFIX

if TYPE_CHECKING:
    from holdfast.storage.shard import Shard

log = logging.getLogger("holdfast.storage")

FIRST_S = 600.0  # when a server that has started has other things to do
EVERY_S = 86_400.0


class Expiry:
    """Looks through the folders of a shard. On the loop's thread only."""

    def __init__(
        self,
        shard: "Shard",
        root: Path,
        is_in_use: Callable[[tuple[str, str]], bool],
        is_here: Callable[[str], bool] | None,
    ) -> None:
        """`is_in_use` tells of which objects, by namespace and id, the files are to be left.

        With `is_here` other processes see to those of other objects.
        """
        self._shard = shard
        self._root = root
        self._is_in_use = is_in_use
        self._is_here = is_here
        self._timer: asyncio.TimerHandle | None = None
        self._also: Callable[[float], None] = _nothing

    def start(self, also: Callable[[float], None]) -> None:
        """Look once a day from now on, and soon for the first time.

        A thread then calls `also`, too, with the time before which pasts have ended.
        """
        self._also = also
        self._timer = self._shard.loop.call_later(FIRST_S, self._look)

    def _look(self) -> None:
        self._timer = self._shard.loop.call_later(EVERY_S, self._look)
        self.remove_ended()

    def remove_ended(self) -> "asyncio.Future[None]":
        """Have a thread look for them, and remove what it has found."""
        removed = self._shard.loop.create_future()
        found: list[Path] = []
        bookmarking = self._shard.bookmarking
        oldest_ms = bookmarking.now_ms() - bookmarking.retention_days * 86_400_000

        def work() -> None:
            _find(self._root, self._is_here, oldest_ms, found)
            self._also(oldest_ms)

        self._shard.workers.submit(work, partial(self._found, found, removed))
        return removed

    def _found(
        self, found: list[Path], removed: "asyncio.Future[None]", error: BaseException | None
    ) -> None:
        if error is not None:
            log.warning("pasts that have ended could not be looked for: %s", error)
        for path in found:
            # Here, and not on the thread, since nobody opens the object meanwhile.
            if not self._is_in_use((path.parent.name, path.stem)):
                history_path(path).unlink(missing_ok=True)
        removed.set_result(None)

    def stop(self) -> None:
        """Look no more."""
        if self._timer:
            self._timer.cancel()


def _nothing(_oldest_ms: float) -> None:
    """There are no other pasts."""


def _find(
    root: Path, is_here: Callable[[str], bool] | None, oldest_ms: float, found: list[Path]
) -> None:
    for path in root.glob(f"*/*{SUFFIX}"):
        if is_here is not None and not is_here(path.name.partition(".")[0]):
            continue
        database = path.with_suffix(DATABASE_SUFFIX)
        history = History(database, lambda: 0.0, 0)
        try:
            # The time of change is quick to see, but a copy's may be any.
            changed_ms = newest_ms(str(path))
            if changed_ms is None or requested(database):
                continue
            if changed_ms < oldest_ms > history.ended_ms:
                found.append(database)
        except (apsw.Error, OSError) as error:
            log.warning("%s cannot be read: %s", path, error)
