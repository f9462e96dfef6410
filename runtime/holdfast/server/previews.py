"""`UnusedPreviews`: versions that were loaded for their URLs, for which nobody asks any more."""

from weakref import WeakKeyDictionary

from holdfast.server.resident import Resident
from holdfast.workers import Worker


class UnusedPreviews:
    """Those of one shard. What is deployed stays loaded; these are many, and nobody calls most."""

    def __init__(self, idle_sweeps: int) -> None:
        self._idle_sweeps = idle_sweeps
        # How many events each had begun, and for how many sweeps these were all.
        self._quiet: WeakKeyDictionary[Worker, tuple[int, int]] = WeakKeyDictionary()

    def has(self, resident: Resident) -> bool:
        """Whether a preview has done nothing for so many sweeps; asked in each of them."""
        worker = resident.worker
        before, sweeps = self._quiet.get(worker, (-1, 0))
        begun = worker.events_begun
        sweeps = sweeps + 1 if resident.is_idle and begun == before else 0
        self._quiet[worker] = begun, sweeps
        return sweeps > self._idle_sweeps
