"""Calls that wait for each other across isolates and shards: found, and ended.

An object whose input gate has been holding back events for a while is *suspected*: perhaps its
critical section waits, by way of others, for a call that the gate holds back. So is an object
that nobody has called for long (`hung_sweeps`), and that waits for calls of its own. Then the calls
that it waits for are followed, through isolates (polyfills/objects/deadlock.js) and
links, until something is found that may go on by itself, which acquits, or nothing is left.
What is found twice in the same way did not move in between, so nothing in it ever will; then
calls to one of the objects fail, those at its gate where there is one, and their callers are told.

Invariants:
- A call under way has one number at its caller and one at its callee; neither is used again.
  One that is not found at its callee, because it or its answer is on its way, acquits.
- Of several objects that could let calls of one circle fail, that of the least id does: all
  who look find the same circle, and agree without asking each other.
- Nothing is followed unless a gate holds something back, or all is quiet: what goes well costs
  nothing. What does not is looked at so often in a second, and no more.
"""

import asyncio
import json
import logging
from dataclasses import field
from typing import TYPE_CHECKING

from holdfast.dataclass import dataclass
from holdfast.objects.calls import Caller, Calls

if TYPE_CHECKING:
    from holdfast.objects.home import ObjectHome
    from holdfast.objects.placement import Placement
    from holdfast.objects.record import ObjectRecord

log = logging.getLogger("holdfast.objects")

SEARCH_SECONDS = 5.0  # for a look that has to ask other shards
MAX_PER_SECOND = 40


@dataclass(slots=True)
class Circle:
    """What is reached from a suspect: all of it waits for nothing but calls among itself."""

    hung_sweeps: int  # for how long all of it has been quiet; 0: as long as gates hold calls back
    keys: set[str] = field(default_factory=set)  # lives and calls; see ObjectHome.key_of
    held: set[str] = field(default_factory=set)  # ids of objects that could let some of them fail


# A life where the search goes on: the isolate, and how polyfills/objects/deadlock.js names it.
Place = tuple["ObjectHome", str, int]


class WaitGraph:
    """Who waits for whom, in one shard and, by its links, beyond."""

    def __init__(
        self, calls: Calls, placement: "Placement", loop: asyncio.AbstractEventLoop
    ) -> None:
        self._calls = calls
        self._placement = placement
        self._loop = loop
        self._searches: dict[int, asyncio.Task[None]] = {}  # by the suspect's slot
        self._second = 0  # the running one, and what was looked at in it
        self._looks = 0

    def suspect(self, record: "ObjectRecord", hung_sweeps: int = 0) -> None:
        """Look whether what the object waits for can ever come; where not, calls fail."""
        if record.slot in self._searches or not self._may_look():
            return
        task = self._loop.create_task(self._search(record, hung_sweeps))
        self._searches[record.slot] = task
        task.add_done_callback(lambda _: self._searches.pop(record.slot))

    def _may_look(self) -> bool:
        second = int(self._loop.time())
        if second != self._second:
            self._second, self._looks = second, 0
        self._looks += 1
        return self._looks <= MAX_PER_SECOND

    def close(self) -> None:
        """Look for nothing any more."""
        for task in self._searches.values():
            task.cancel()

    async def _search(self, record: "ObjectRecord", hung_sweeps: int) -> None:
        found = Circle(hung_sweeps)
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                is_circle = await self._follow([(record.home, "slot", record.slot)], found)
        except TimeoutError:
            is_circle = False
        before, record.waits = record.waits, found.keys if is_circle else None
        if is_circle and before == found.keys and record.id == min(found.held, default=None):
            text = "object %s waits for calls that wait for it"
            log.info(text, record.id, extra=record.about)
            only_held = not hung_sweeps
            record.home.fail_deadlocked(record.slot, found.keys, only_held=only_held)

    async def follow_call(self, caller: Caller, number: int, known: Circle) -> Circle | None:
        """What is reached from a call; None where something may go on by itself.

        What is `known` has been followed already.
        """
        found = Circle(known.hung_sweeps, {*known.keys})
        place = self._callee_of(caller, number, found)
        return found if place is not None and await self._follow([place], found) else None

    async def _follow(self, places: list[Place], found: Circle) -> bool:
        """Follow all that is waited for; False where something may go on by itself."""
        while places:
            home, kind, number = places.pop()
            waits = home.waits_of(kind, number, found.hung_sweeps)
            if not waits:
                return False
            reached = json.loads(waits)
            found.keys.update(home.key_of(key) for key in reached["keys"])
            found.held.update(reached["held"])
            for op in reached["ops"]:
                key = home.key_of(f"op {op}")
                if key in found.keys:
                    continue
                found.keys.add(key)
                place = self._callee_of(home.caller, op, found) or home.event_of(op)
                if place is not None:
                    places.append(place)
                elif not await self._follow_elsewhere(home.caller, op, found):
                    return False
        return True

    def _callee_of(self, caller: Caller, number: int, found: Circle) -> Place | None:
        """Where in this shard a call has gone to."""
        call = self._calls.find(caller, number)
        if call is None:
            return None
        callee_number, home = call
        found.keys.add(home.key_of(f"call {callee_number}"))
        return home, "call", callee_number

    async def _follow_elsewhere(self, caller: Caller, number: int, found: Circle) -> bool:
        more = await self._placement.follow_call(caller, number, found)
        if more is None:
            return False
        found.keys |= more.keys
        found.held |= more.held
        return True
