"""`Lingering`: versions that take no events any more, but whose objects have not come to rest yet.

Such an isolate has the calls of those objects that were live in it when it was replaced, and brings
up no other: what ends there is brought up in the version that is deployed then. It is superseded
when its last object has left memory, or has had its time.

https://developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates/
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from holdfast.objects import ObjectDirectory
from holdfast.server.resident import Resident

MOST = 8  # at a time; the oldest is not waited for then, since each holds an isolate's memory


class Lingering:
    """The isolates of one shard that wait for their objects."""

    def __init__(
        self,
        directory: ObjectDirectory,
        loop: asyncio.AbstractEventLoop,
        supersede: Callable[[Resident], None],
    ) -> None:
        """`supersede` ends what lingers no more."""
        self._directory = directory
        self._loop = loop
        self._supersede = supersede
        self._timers: dict[Resident, asyncio.TimerHandle] = {}

    def __iter__(self) -> Iterator[Resident]:
        return iter([*self._timers])

    def add(self, resident: Resident, seconds: float) -> None:
        """Supersede a version within so many seconds, as soon as its objects have left memory.

        Objects that sleep already, with their sockets, are not waited for.
        """
        home, directory = resident.home, self._directory
        home.keeps = partial(directory.is_in, home)
        directory.move_out(home, home.keeps)
        resident.objects.serve_itself(resident.worker)
        while len(self._timers) >= MOST:
            self._end(next(iter(self._timers)))
        self._timers[resident] = self._loop.call_later(seconds, self._end, resident)
        self._look_at(resident)

    def hasten(self, script: str, seconds: float) -> None:
        """The script is deployed anew: what lingers of it has so many seconds left at most."""
        deadline = self._loop.time() + seconds
        for resident, timer in [*self._timers.items()]:
            if resident.worker.script.name != script:
                continue
            if not seconds:
                self._end(resident)
            elif timer.when() > deadline:
                timer.cancel()
                self._timers[resident] = self._loop.call_at(deadline, self._end, resident)

    def look(self) -> None:
        """Supersede those whose last object has left memory."""
        for resident in self:
            self._look_at(resident)

    def close(self) -> None:
        """Wait for nobody any more; whoever calls ends them."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _look_at(self, resident: Resident) -> None:
        if resident.worker.is_dead or not self._directory.has_any_in(resident.home):
            self._end(resident)

    def _end(self, resident: Resident) -> None:
        timer = self._timers.pop(resident, None)
        if timer is not None:
            timer.cancel()
            resident.objects.serve_itself(None)
            if not resident.worker.is_dead:
                self._supersede(resident)
