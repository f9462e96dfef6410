"""A serving process as one of several shards."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from holdfast.cli.post import Post, Server
from holdfast.cli.terminal import Terminal
from holdfast.server import Runtime
from holdfast.server.listening import Address, port_of
from holdfast.server.object_files import LocalFiles
from holdfast.server.shards.balance import Balance
from holdfast.server.shards.errands import Clerk, QueueNews, SpreadFiles, ask_others, tell_others
from holdfast.server.shards.neighbours import Neighbours
from holdfast.server.shards.seat import Seat
from holdfast.server.shards.tails import ask_who_listens

ASK_SECONDS = 2.0  # for so long an answer of another shard is waited for


class Shard(Post):
    """See Post."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._balance = Balance(seat)
        self._asking: asyncio.Future[None] | None = None
        self.is_first = seat.index == 0
        self.is_new = not seat.is_replacement
        self.restarts = seat.restarts
        self.placement: Neighbours = Neighbours(
            seat.index, seat.paths, seat.loads, asyncio.get_running_loop(), on_news=seat.beat
        )

    def claim(self, data: Path) -> AbstractContextManager[object]:
        """See Post. The supervisor has it."""
        return nullcontext(data)

    async def join(self, runtime: Runtime) -> None:
        """See Post."""
        neighbours = self.placement
        neighbours.local = runtime.local
        neighbours.overload = runtime.overload
        clerk = neighbours.clerk = Clerk(runtime, neighbours)
        if not runtime.source.implies_stores:  # it is a catalog, which the first shard writes
            runtime.namespaces.catch_up = clerk.refresh
        runtime.files = SpreadFiles(LocalFiles(runtime.storage, runtime.directory), neighbours)
        runtime.resources.on_queue_news = QueueNews(neighbours)
        runtime.crons.seen = self._seat.ticks
        await self.placement.listen(self._seat.link_listener)
        if not (self.is_first or self.is_new):
            self._asking = asyncio.ensure_future(ask_who_listens(neighbours))

    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """See Post."""
        await tell_others(self.placement, verb, *arguments)

    async def ask_others(self, verb: str) -> dict[int, Any]:
        """See Post."""
        return await ask_others(self.placement, verb, ASK_SECONDS)

    async def listen(self, server: Server, address: Address) -> int:
        """See Post."""
        seat, option = self._seat, address.option
        listeners = seat.listeners[option]
        await server.start_on(
            listeners, seat.beat, self._balance if option in seat.everywhere else None
        )
        return port_of(listeners)

    def ready(self) -> None:
        """See Post."""
        self._seat.say_ready()

    def ending(self, terminal: Terminal) -> None:
        """See Post. The supervisor has said so."""
        self._balance.end()

    async def drained(self) -> None:
        """See Post. Until then, others may still call objects of this shard."""
        await self._seat.drained()
        await self.placement.aclose()
