"""The other shards, as one shard reaches them, and who of them owns what."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from holdfast.objects.calls import Caller
from holdfast.objects.local import LocalObjects
from holdfast.objects.placement import Owner, shard_of
from holdfast.objects.wait_graph import Circle
from holdfast.server.overload import Overload
from holdfast.server.shards.balance import is_level
from holdfast.server.shards.link import Clerk, Link

log = logging.getLogger("holdfast.shards")


class Neighbours:
    """The shards of one server (placement.Placement).

    Calls to another shard go over a link that is opened with the first of them. Its listening
    socket outlives it: calls to a shard that has died wait there for its successor.
    """

    def __init__(
        self,
        index: int,
        paths: Sequence[str],
        loads: Sequence[float],
        loop: asyncio.AbstractEventLoop,
        *,
        on_news: Callable[[], None],
    ) -> None:
        """`paths` are the shards' sockets, `loads` what they have to do, each in its place.

        Ours is `index`.
        """
        self.index = index
        self._paths = paths
        self._loads = loads
        self._loop = loop
        self._on_news = on_news
        self._links: dict[int, Link] = {}  # that we have opened
        self._guests: set[Link] = set()  # that others have opened
        self._dialling: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.local: LocalObjects  # set with the runtime, as are the next two
        self.overload: Overload
        self.clerk: Clerk = _idle_clerk

    def is_here(self, object_id: str) -> bool:
        """See Placement."""
        return self.place_of(object_id) == self.index

    def owner(self, object_id: str) -> Owner | None:
        """See Placement."""
        place = self.place_of(object_id)
        return None if place == self.index else self.link(place)

    def takes_new(self) -> bool:
        """See Placement."""
        return is_level(self._loads, self.index)

    async def follow_call(self, caller: Caller, number: int, known: Circle) -> Circle | None:
        """See Placement."""
        for link, its_number in self._ways_of(caller, number):
            return await link.follow_call(its_number, known)
        return None

    def abandon(self, caller: Caller, number: int) -> None:
        """See Placement."""
        for link, its_number in self._ways_of(caller, number):
            link.say("abandon", its_number)

    def _ways_of(self, caller: Caller, number: int) -> Iterator[tuple[Link, int]]:
        """The link that a call has gone over, and its number there, where it is not answered."""
        for link in (*self._links.values(), *self._guests):
            its_number = link.number_of(caller, number)
            if its_number is not None:
                yield link, its_number

    def place_of(self, object_id: str) -> int:
        """The place of an object's owner."""
        return shard_of(object_id, len(self._paths))

    @property
    def others(self) -> list[int]:
        """The places of the other shards."""
        return [index for index in range(len(self._paths)) if index != self.index]

    def link(self, index: int) -> Link:
        """The link to another shard, opened if need be."""
        link = self._links.get(index)
        if link is None:
            link = self._links[index] = self._new_link()
            task = self._loop.create_task(self._dial(link, self._paths[index]))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)
        return link

    def _new_link(self) -> Link:
        return Link(
            self._loop,
            self.local,
            lambda verb, *arguments: self.clerk(verb, *arguments),
            self.overload,
            on_news=self._on_news,
            on_lost=self._on_lost,
        )

    async def _dial(self, link: Link, path: str) -> None:
        try:
            await self._loop.create_unix_connection(lambda: link.wire, path)
        except OSError as error:
            log.warning("another shard cannot be reached: %s", error)
            link.wire.lose()

    def _on_lost(self, link: Link) -> None:
        self._guests.discard(link)
        for index, known in [*self._links.items()]:
            if known is link:
                del self._links[index]

    async def listen(self, listener: socket.socket) -> None:
        """Take the links that other shards open."""

        def welcome() -> asyncio.Protocol:
            link = self._new_link()
            self._guests.add(link)
            return link.wire

        self._server = await self._loop.create_unix_server(welcome, sock=listener)

    async def aclose(self) -> None:
        """Let go of every link."""
        for task in [*self._dialling]:
            task.cancel()
        for link in (*self._links.values(), *self._guests):
            link.close()
        if self._server is not None:
            self._server.close()


async def _idle_clerk(verb: str, *_arguments: Any) -> Any:
    raise AssertionError(f"nobody here does this: {verb}")
