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
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from holdfast.cli.console import Terminal, complain
from holdfast.cli.process import (
    ENDING,
    listening_failure,
    raise_descriptor_limit,
    run_until_stopped,
    run_with,
    unusable_folder,
)
from holdfast.objects import Placement
from holdfast.server import Runtime
from holdfast.server.data_folder import DataFolder

if TYPE_CHECKING:
    from holdfast.server.shards.balance import Balance
    from holdfast.server.shards.seat import Seat

# A shard that does not get on for so much longer than its turns may take is stuck.
STUCK_TURNS = 5
STUCK_SECONDS = 5.0


class Address(NamedTuple):
    """Where to listen, and the option that says so."""

    host: str
    port: int
    option: str


class Server(Protocol):
    """What listens: for clients, or for the API's."""

    async def start(self, host: str, port: int) -> int:
        """Listen at an address; the port. Raises OSError."""

    async def start_on(
        self,
        listeners: Sequence[socket],
        on_request: Callable[[], None],
        balance: "Balance | None" = None,
    ) -> None:
        """Take what connects to sockets that listen already, here or in other shards."""


class Post(ABC):
    """One process among those that serve."""

    placement: Placement | None = None
    is_first = True  # it does what is to be done once
    is_new = True  # and not in the place of one that has died

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
    async def listen(self, server: Server, address: Address) -> int:
        """Have a server listen at an address; the port. Raises OSError."""

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

    def claim(self, data: Path) -> AbstractContextManager[object]:
        """See Post."""
        return DataFolder(data)

    async def join(self, runtime: Runtime) -> None:
        """See Post."""

    async def tell_others(self, verb: str, *arguments: Any) -> None:
        """See Post. There are none."""

    async def listen(self, server: Server, address: Address) -> int:
        """See Post."""
        return await server.start(address.host, address.port)

    def ready(self) -> None:
        """See Post."""

    def ending(self, terminal: Terminal) -> None:
        """See Post."""
        terminal.line(ENDING)

    async def drained(self) -> None:
        """See Post."""


Serve = Callable[[Post, asyncio.Event], Coroutine[Any, Any, int]]


def run_workers(options: argparse.Namespace, addresses: Sequence[Address], serve: Serve) -> int:
    """Serve until stopped, with as many processes as the options say; the exit status.

    Only the first process listens at addresses other than the first.
    """
    if options.workers == 1:
        return run_until_stopped(lambda stop: serve(Alone(), stop))
    return _supervise(options, addresses, serve)


def _supervise(options: argparse.Namespace, addresses: Sequence[Address], serve: Serve) -> int:
    # Loaded here, once, and not in every shard; and not at all by a process that is alone.
    import uvloop  # noqa: F401

    from holdfast.cli.shard import Shard
    from holdfast.server.shards.listening import open_links, open_mailboxes, open_ports
    from holdfast.server.shards.supervisor import Supervisor

    count = options.workers
    raise_descriptor_limit()
    with ExitStack() as stack:
        try:
            stack.enter_context(DataFolder(options.data))
            links = stack.enter_context(open_links(options.data, count))
        except OSError as error:
            return complain(unusable_folder(options.data, error))
        listeners: list[dict[str, list[socket]]] = [{} for _ in range(count)]
        for place, address in enumerate(addresses):
            try:
                opened = open_ports(address.host, address.port, 1 if place else count)
            except OSError as error:
                failure = listening_failure(error, *address)
                return complain(failure)
            for mine, sockets in zip(listeners, opened, strict=False):
                mine[address.option] = sockets
        terminal = Terminal()
        supervisor = Supervisor(
            lambda seat: run_with(partial(_serve_shard, seat, Shard, serve)),
            links=links,
            mailboxes=stack.enter_context(open_mailboxes(count)),
            listeners=listeners,
            stuck_seconds=STUCK_SECONDS + STUCK_TURNS * options.cpu_ms / 1000,
            on_stop=lambda: terminal.line(ENDING),
        )
        return supervisor.run()


async def _serve_shard(seat: "Seat", make_post: Callable[["Seat"], Post], serve: Serve) -> int:
    stop = asyncio.Event()
    seat.attend(stop)
    return await serve(make_post(seat), stop)
