"""`Lingering`: versions whose objects are another version's, and have not come to rest yet.

A version that was replaced takes no events any more. Its isolate has the calls of those objects
that were live in it then, and brings up no other: what ends there is brought up in the version that
is deployed. It is superseded when its last object has left memory, or has had its time. Of two
versions that are deployed together, one goes on, but for the objects that the other one has from
now on, which leave it in the same way.

https://developers.cloudflare.com/durable-objects/deployments/durable-objects-code-updates/
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from holdfast.objects import ObjectDirectory
from holdfast.objects.directory import CODE_UPDATED
from holdfast.server.resident import Resident

MOST = 8  # at a time; the oldest is not waited for then, since each holds an isolate's memory


class Lingering:
    """The isolates of one shard that wait for their objects; one iterates over those replaced."""

    def __init__(
        self,
        directory: ObjectDirectory,
        loop: asyncio.AbstractEventLoop,
        supersede: Callable[[Resident], None],
    ) -> None:
        """`supersede` ends a version that was replaced, and waits no more."""
        self._directory = directory
        self._loop = loop
        self._supersede = supersede
        self._timers: dict[Resident, asyncio.TimerHandle] = {}
        self._replaced: dict[Resident, None] = {}  # in their order

    def __iter__(self) -> Iterator[Resident]:
        return iter([*self._replaced])

    def replace(self, resident: Resident, seconds: float) -> None:
        """Supersede a version within so many seconds, as soon as its objects have left memory."""
        home = resident.home
        home.keeps = partial(self._directory.is_in, home)
        resident.objects.serve_itself(resident.worker)
        while len(self._replaced) >= MOST:
            self._end(next(iter(self._replaced)))
        self._replaced[resident] = None
        self.divide(resident, seconds)
        self._look_at(resident)

    def divide(self, resident: Resident, seconds: float) -> None:
        """Have the objects that a version keeps no more leave it within so many seconds.

        Those that sleep already, with their sockets, are not waited for.
        """
        home, keeps = resident.home, resident.home.keeps
        assert keeps is not None, "a version that keeps all of its objects waits for none"

        def has_left(object_id: str) -> bool:
            return not (keeps(object_id) or self._directory.is_in(home, object_id))

        home.end_sockets_of((), has_left, CODE_UPDATED)
        self._bound(resident, seconds)

    def hasten(self, script: str, seconds: float) -> None:
        """The script is deployed anew: what waits of it has so many seconds left at most."""
        for resident in [*self._timers]:
            if resident.worker.script.name != script:
                continue
            if seconds:
                self._bound(resident, seconds)
            else:
                self._end(resident)

    def look(self) -> None:
        """Supersede those whose last object has left memory."""
        for resident in self:
            self._look_at(resident)

    def close(self) -> None:
        """Wait for nobody any more; whoever calls ends them."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._replaced.clear()

    def _bound(self, resident: Resident, seconds: float) -> None:
        """The first time that was said holds, unless this one is over before."""
        deadline = self._loop.time() + seconds
        timer = self._timers.get(resident)
        if timer is not None:
            if timer.when() <= deadline:
                return
            timer.cancel()
        self._timers[resident] = self._loop.call_at(deadline, self._end, resident)

    def _look_at(self, resident: Resident) -> None:
        if resident.worker.is_dead or not self._directory.has_any_in(resident.home):
            self._end(resident)

    def _end(self, resident: Resident) -> None:
        if (timer := self._timers.pop(resident, None)) is not None:
            timer.cancel()
        was_replaced = resident in self._replaced
        self._replaced.pop(resident, None)
        if resident.worker.is_dead:
            return
        if was_replaced:
            resident.objects.serve_itself(None)
            self._supersede(resident)
        elif resident.home.keeps is not None:
            self._directory.move_out(resident.home, resident.home.keeps)
