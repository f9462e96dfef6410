"""Where a serving process stands: alone, or as one of several shards (`--workers N`).

`run_workers` runs a command either way. What differs between the two is asked of its `Post`.
"""

import argparse
import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any, Protocol

from holdfast.cli.console import Terminal, complain, open_terminal
from holdfast.cli.listening import listening_failure
from holdfast.cli.process import (
    ENDING,
    raise_descriptor_limit,
    run_until_stopped,
    run_with,
    unusable_folder,
)
from holdfast.objects import Placement
from holdfast.server import Runtime
from holdfast.server.data_folder import DataFolder
from holdfast.server.listening import Address, CannotListen, open_address, port_of

if TYPE_CHECKING:
    from holdfast.server.shards.balance import Balance
    from holdfast.server.shards.seat import Seat

# A shard that does not get on for so much longer than its turns may take is stuck.
STUCK_TURNS = 5
STUCK_SECONDS = 5.0


class Server(Protocol):
    """What listens: for clients, or for the API's."""

    async def start_on(
        self,
        listeners: Sequence[socket],
        on_request: Callable[[], None] | None = None,
        balance: "Balance | None" = None,
    ) -> None:
        """Take what connects to sockets, here or in other shards."""


class Post(ABC):
    """One process among those that serve."""

    placement: Placement | None = None
    is_first = True  # it does what is to be done once
    is_new = True  # and not in the place of one that has died
    restarts: Sequence[float] = ()  # how often each process had to be started again

    @abstractmethod
    def claim(self, data: Path) -> AbstractContextManager[object]:
        """Have the data folder while the context lasts. Raises OSError."""

    @abstractmethod
    async def join(self, runtime: Runtime) -> None:
        """Take part in what the other processes do; before the first event."""

    @abstractmethod
    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """Have the other processes do something (server/shards/errands.py)."""

    @abstractmethod
    async def ask_others(self, verb: str) -> dict[int, Any]:
        """What the other processes say to this, by place; without those that do not answer."""

    @abstractmethod
    async def listen(self, server: Server, address: Address) -> int:
        """Have a server listen at an address; the port, if there is one. Raises CannotListen."""

    @abstractmethod
    def ready(self) -> None:
        """Events are taken."""

    @abstractmethod
    def ending(self, terminal: Terminal) -> None:
        """We were asked to stop."""

    @abstractmethod
    async def drained(self) -> None:
        """No client is left here; return when none is left anywhere."""


class Alone(Post):
    """The only process."""

    def __init__(self, opened: ExitStack) -> None:
        """What is opened to listen is closed with `opened`; servers keep theirs as they need it."""
        self._opened = opened

    def claim(self, data: Path) -> AbstractContextManager[object]:
        """See Post."""
        return DataFolder(data)

    async def join(self, runtime: Runtime) -> None:
        """See Post."""

    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """See Post. There are none."""

    async def ask_others(self, _verb: str) -> dict[int, Any]:
        """See Post. There are none."""
        return {}

    async def listen(self, server: Server, address: Address) -> int:
        """See Post."""
        [listeners] = self._opened.enter_context(open_address(address, 1))
        await server.start_on(listeners)
        return port_of(listeners)

    def ready(self) -> None:
        """See Post."""

    def ending(self, terminal: Terminal) -> None:
        """See Post. Who connects from now on is not left to wait for nobody."""
        self._opened.close()
        terminal.line(ENDING)

    async def drained(self) -> None:
        """See Post."""


Serve = Callable[[Post, asyncio.Event], Coroutine[Any, Any, int]]


def run_workers(options: argparse.Namespace, addresses: Sequence[Address], serve: Serve) -> int:
    """Serve until stopped, with as many processes as the options say; the exit status.

    Only the first process listens at addresses other than the first.
    """
    try:
        raise_descriptor_limit()
    except ValueError as error:
        return complain(error)
    if options.workers == 1:
        with ExitStack() as opened:
            return run_until_stopped(lambda stop: serve(Alone(opened), stop))
    return _supervise(options, addresses, serve)


def _supervise(options: argparse.Namespace, addresses: Sequence[Address], serve: Serve) -> int:
    # Loaded here, once, and not in every shard; and not at all by a process that is alone.
    import uvloop  # noqa: F401

    from holdfast.cli.shard import Shard
    from holdfast.server.shards.listening import open_links, open_mailboxes
    from holdfast.server.shards.supervisor import Supervisor

    count = options.workers
    with ExitStack() as stack:
        try:
            stack.enter_context(DataFolder(options.data))
            links = stack.enter_context(open_links(options.data, count))
        except OSError as error:
            return complain(unusable_folder(options.data, error))
        listening = stack.enter_context(ExitStack())
        listeners: list[dict[str, list[socket]]] = [{} for _ in range(count)]
        for place, address in enumerate(addresses):
            try:
                opened = listening.enter_context(open_address(address, 1 if place else count))
            except CannotListen as error:
                return complain(listening_failure(error))
            for mine, sockets in zip(listeners, opened, strict=False):
                mine[address.option] = sockets
        terminal = open_terminal()

        def on_stop() -> None:
            listening.close()
            terminal.line(ENDING)

        supervisor = Supervisor(
            lambda seat: run_with(partial(_serve_shard, seat, Shard, serve)),
            links=links,
            mailboxes=stack.enter_context(open_mailboxes(count)),
            listeners=listeners,
            stuck_seconds=STUCK_SECONDS + STUCK_TURNS * options.cpu_ms / 1000,
            on_stop=on_stop,
        )
        return supervisor.run()


async def _serve_shard(seat: "Seat", make_post: Callable[["Seat"], Post], serve: Serve) -> int:
    stop = asyncio.Event()
    seat.attend(stop)
    return await serve(make_post(seat), stop)
