"""Tails of several shards: the one that has the API hears what the others' scripts do."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable

from holdfast.server.shards.link import Refused
from holdfast.server.shards.neighbours import Neighbours
from holdfast.server.tails import Tails
from holdfast.workers.trace import Frame

FIRST = 0  # the place of the shard that has the API
MAX_UNDER_WAY = 1_000


async def ask_who_listens(neighbours: Neighbours) -> None:
    """In the place of a shard that has died: have the first one say who listens, if it lives."""
    with contextlib.suppress(ConnectionError, Refused):
        await neighbours.link(FIRST).ask("say_who_listens", neighbours.index)


class Forwarding:
    """Tells the first shard of this one's events."""

    def __init__(self, tails: Tails, neighbours: Neighbours) -> None:
        self._tails = tails
        self._neighbours = neighbours
        self._stops: dict[str, Callable[[], None]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def listen_to(self, scripts: Iterable[str]) -> None:
        """Tell of the events of these scripts, and of no others."""
        wanted = set(scripts)
        for script in [*self._stops]:
            if script not in wanted:
                self._stops.pop(script)()
        for script in wanted - self._stops.keys():
            self._stops[script] = self._tails.listen(script, self._forward)

    def _forward(self, frame: Frame) -> None:
        if len(self._under_way) < MAX_UNDER_WAY:
            task = asyncio.ensure_future(self._send(frame))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, frame: Frame) -> None:
        # Where the first shard is gone, its listeners are, too.
        with contextlib.suppress(ConnectionError, Refused):
            await self._neighbours.link(FIRST).ask("heard", json.dumps(frame))
