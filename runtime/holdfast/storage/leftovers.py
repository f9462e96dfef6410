"""Logs that a busy time has left beside their files, and their end in a quiet one.

Evicting an object costs two syncs and the removal of its log. When many objects are evicted
at once, small logs stay (see lifecycle.py): they are durable, and the next opening reads them,
but an object that nobody calls again would keep two files for ever. So once nothing has been
written for a while and no thread is busy, the logs are copied and removed, one at a time; the
first write ends that for another while.

What is remembered is bounded and dies with the process. A log that is forgotten stays until
its object is opened and closed again.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.storage.database import Database
    from holdfast.storage.disk import Folder
    from holdfast.storage.shard import Shard

QUIET_S = 1.0  # without a round, before a log is looked after
_REMEMBERED = 10_000


class Leftovers:
    """The logs that were left. On the loop's thread only."""

    def __init__(self, shard: "Shard") -> None:
        self._shard = shard
        self._left: OrderedDict[tuple[Folder, str], None] = OrderedDict()
        self._is_waiting = False

    def __len__(self) -> int:
        return len(self._left)

    def add(self, database: "Database") -> None:
        """The database is closed, but its log was left."""
        self._left[database.folder, database.object_id] = None
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        self._wait()

    def clear(self) -> None:
        """Leave them all to the next process."""
        self._left.clear()

    def _wait(self) -> None:
        if self._left and not self._is_waiting:
            self._is_waiting = True
            self._shard.loop.call_later(QUIET_S, self._look)

    def _look(self) -> None:
        self._is_waiting = False
        shard = self._shard
        if shard.quiet_s < QUIET_S or shard.workers.outstanding:
            self._wait()
            return
        while self._left:
            (folder, object_id), _ = self._left.popitem(last=False)
            database = shard.find_closed(folder, object_id)
            if database:
                # As if an owner had come and gone; one that comes meanwhile waits or takes over.
                closed = shard.lifecycle.close(database)
                closed.add_done_callback(lambda _: self._look())
                return
