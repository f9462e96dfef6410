"""`GradualDeployment`: the two versions that take a script's events in one shard.

Both are loaded as they are needed, and each has its own objects: an object lives in the version
that has the point of its id, and in no other. What makes that true is not here: the directory has
one record for each object, whichever isolate that is in, and an object that changes its version is
fenced off before anybody brings it up again (`ObjectDirectory.move_out`).

https://developers.cloudflare.com/workers/versions-and-deployments/gradual-deployments/with-durable-objects/
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from holdfast.catalog.traffic import WHOLE, Traffic, point_of
from holdfast.server.version_headers import wanted_version
from holdfast.workers import ScriptCounts, ScriptInvalid, Worker, WorkerTerminated
from holdfast.workers.gradual import GradualWorker

if TYPE_CHECKING:
    from holdfast.server.resident import Resident


class GradualDeployment:
    """Finds, or loads, the version that takes what comes for a script."""

    def __init__(
        self,
        name: str,
        traffic: Traffic,
        residents: dict[str, "Resident"],
        *,
        load: Callable[[str], "Resident"],
        counts: ScriptCounts,
        loop: asyncio.AbstractEventLoop,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`residents` are those that are loaded, by version; `load` raises as `Runtime.home`."""
        self.name = name
        self.traffic = traffic
        self._residents = residents
        self._load = load
        self._failed: set[str] = set()  # versions that did not load
        self._chance = chance
        self.worker = GradualWorker(counts, loop, self._choose, self._workers)
        for version in residents:
            self._settle(version)

    @property
    def residents(self) -> "dict[str, Resident]":
        """The versions that are loaded."""
        return self._residents

    def load(self) -> None:
        """Load both, but for one that has failed to load: those events try again that it is given.

        Raises NotCompiled.
        """
        for version in self.traffic.versions:
            if version not in self._failed and not self._is_live(version):
                with contextlib.suppress(ScriptInvalid):
                    self._resident(version)

    def main(self) -> "Resident":
        """The version that takes the most."""
        return self._resident(self.traffic.main)

    def of_object(self, object_id: str) -> "Resident":
        """The version that an object lives in."""
        return self._resident(self.version_of(object_id))

    def version_of(self, object_id: str) -> str:
        """Which one that is; a facet lives with its object."""
        return self.traffic.version_at(point_of(object_id.partition(".")[0]))

    def leave(self) -> None:
        """The script is deployed otherwise: what goes on of it is told so by whoever takes over."""
        self._load = _gone
        for resident in self._residents.values():
            resident.home.keeps = None
            resident.objects.serve_itself(None)

    def _choose(self, headers: str) -> Worker:
        override, key = wanted_version(headers, self.name)
        if override is not None and override in self.traffic.versions:
            return self._resident(override).worker
        point = self._chance() * WHOLE if key is None else point_of(key)
        return self._resident(self.traffic.version_at(point)).worker

    def _workers(self) -> list[Worker]:
        return [resident.worker for resident in self._residents.values()]

    def _is_live(self, version: str) -> bool:
        resident = self._residents.get(version)
        return resident is not None and not resident.worker.is_dead

    def _resident(self, version: str) -> "Resident":
        if not self._is_live(version):
            try:
                self._residents[version] = self._load(version)
            except ScriptInvalid:
                self._failed.add(version)
                raise
            self._failed.discard(version)
            self._settle(version)
        return self._residents[version]

    def _settle(self, version: str) -> None:
        """Have a version that is loaded know which objects are its own, and be its own service."""
        resident = self._residents[version]
        resident.home.keeps = partial(self._keeps, version)
        resident.objects.serve_itself(resident.worker)

    def _keeps(self, version: str, object_id: str) -> bool:
        return self.version_of(object_id) == version


def _gone(version: str) -> "Resident":
    raise WorkerTerminated(f"The version {version} is deployed no more.")
