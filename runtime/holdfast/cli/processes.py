"""Runs a serving command in as many processes as its options say."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from functools import partial
from socket import socket
from typing import TYPE_CHECKING, Any

from holdfast.cli.console import complain, open_terminal
from holdfast.cli.listening import listening_failure
from holdfast.cli.post import Alone, Post
from holdfast.cli.process import (
    ENDING,
    raise_descriptor_limit,
    run_until_stopped,
    run_with,
    unusable_folder,
)
from holdfast.server.data_folder import DataFolder
from holdfast.server.listening import Address, CannotListen, open_address

if TYPE_CHECKING:
    from holdfast.server.shards.seat import Seat

# A process that does not get on for so much longer than its turns may take is stuck.
STUCK_TURNS = 5
STUCK_SECONDS = 5.0

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
            return run_until_stopped(
                lambda stop: serve(Alone(opened), stop), patience_s=_patience_s(options)
            )
    return _supervise(options, addresses, serve)


def _patience_s(options: argparse.Namespace) -> float:
    """How long a process may not get on."""
    seconds: float = STUCK_SECONDS + STUCK_TURNS * options.cpu_ms / 1000
    return seconds


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
            stuck_seconds=_patience_s(options),
            on_stop=on_stop,
        )
        return supervisor.run()


async def _serve_shard(seat: "Seat", make_post: Callable[["Seat"], Post], serve: Serve) -> int:
    stop = asyncio.Event()
    seat.attend(stop)
    return await serve(make_post(seat), stop)
