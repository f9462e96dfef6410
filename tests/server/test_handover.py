"""What one shard sends and another takes: two of them in one process, with real sockets."""

import asyncio
import itertools
import socket
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from holdfast.server.shards.balance import LOOKS, NOBODY, Balance, Meter
from holdfast.server.shards.listening import Mailbox, open_mailboxes
from holdfast.server.shards.seat import Seat
from tests.server.test_movable import GET, POST, Client, Place, places, until

COUNT = 8


def seats(mailboxes: Sequence[Mailbox], loads: list[float]) -> list[Seat]:
    """Shards' places; all of them were seen just now, and have these loads."""
    beats, shared = memoryview(array("d", loads)), memoryview(array("d", loads))
    listener = control = socket.socket()  # which nobody uses
    listener.close()
    outboxes = [mailbox.outbox for mailbox in mailboxes]
    found = []
    for index, mailbox in enumerate(mailboxes):
        seat = Seat(
            *(index, [], {}, (), listener, control, mailbox.inbox, outboxes),
            *(beats, shared, memoryview(array("d", [0.0] * len(loads)))),
            *(memoryview(array("d", [0.0])), False),
        )
        seat.beat()
        found.append(seat)
    return found


def steady(load: float) -> Meter:
    """A meter that reads this load, always."""
    clock = itertools.count()
    worked = (number * load for number in itertools.count())
    return Meter(lambda: float(next(clock)), lambda: next(worked))


def look(seat: Seat) -> None:
    """Beat until the load is known, once."""
    assert seat.on_beat is not None
    for _ in range(LOOKS + 1):
        seat.on_beat()


async def asked(clients: Sequence[Client], first: Place) -> None:
    """Have every client answered once by the first server."""
    for client in clients:
        client.send(GET)
        assert await client.answers(1) == ["first /get"]
    await until(lambda: all(connection.is_idle for connection in first.server.connections))


async def answered(clients: Sequence[Client]) -> list[str]:
    for client in clients:
        client.send(POST)
    return [answer for client in clients for answer in await client.answers(1)]


async def test_what_was_handed_over_waits_for_who_takes_it() -> None:
    with open_mailboxes(2) as mailboxes:
        busy, idle = seats(mailboxes, [NOBODY, 0.0])
        async with places(COUNT) as (first, second, *clients):
            giver, taker = Balance(busy, steady(1.0)), Balance(idle, steady(0.0))
            giver.begin(first.server)
            await asked(clients, first)
            look(busy)
            assert busy.loads[0] == 1.0
            assert len(first.server.connections) == COUNT // 2
            waiting = asyncio.ensure_future(answered(clients))
            taker.begin(second.server)
            assert sorted(await waiting) == ["first /post"] * 4 + ["second /post"] * 4
            assert len(second.server.connections) == COUNT // 2
            look(idle)
            assert idle.loads[1] == 0.0
            taker.end()
            assert idle.loads[1] == NOBODY
            look(busy)
            assert len(first.server.connections) == COUNT // 2
            giver.end()


async def test_a_shard_that_has_taken_keeps_it_for_a_while() -> None:
    with open_mailboxes(2) as mailboxes:
        one, other = seats(mailboxes, [NOBODY, 0.0])
        async with places(COUNT) as (first, second, *clients):
            giver, taker = Balance(one, steady(1.0)), Balance(other, steady(1.0))
            giver.begin(first.server)
            taker.begin(second.server)
            await asked(clients, first)
            look(one)
            await answered(clients)
            one.loads[0] = 0.0
            look(other)
            assert len(second.server.connections) == COUNT // 2
            giver.end()
            taker.end()


@pytest.mark.parametrize("closed", [False, True], ids=["full", "closed"])
async def test_where_there_is_no_room_connections_stay(closed: bool) -> None:
    with open_mailboxes(2) as mailboxes:
        busy, _ = seats(mailboxes, [NOBODY, 0.0])
        async with places(COUNT) as (first, _, *clients):
            giver = Balance(busy, steady(1.0))
            giver.begin(first.server)
            await asked(clients, first)
            if closed:
                mailboxes[1].inbox.close()
            else:
                fill(mailboxes[1].outbox)
            look(busy)
            assert len(first.server.connections) == COUNT
            assert set(await answered(clients)) == {"first /post"}
            giver.end()


def fill(outbox: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            outbox.send(b"c")


async def test_nothing_goes_to_a_shard_that_is_silent_or_full() -> None:
    with open_mailboxes(2) as mailboxes:
        busy, idle = seats(mailboxes, [NOBODY, 0.0])
        async with places(COUNT) as (first, second, *clients):
            giver = Balance(busy, steady(1.0))
            giver.begin(first.server)
            await asked(clients, first)
            idle.beats[1] = 0.0
            look(busy)
            assert len(first.server.connections) == COUNT
            idle.beat()
            taker = Balance(idle, steady(0.0))
            taker.begin(second.server)
            second.server._max_connections = 0
            look(idle)
            look(busy)
            assert len(first.server.connections) == COUNT
            giver.end()
            taker.end()


async def test_connections_that_sleep_are_nobody_s_load(monkeypatch: Any) -> None:
    monkeypatch.setattr("holdfast.server.shards.balance.ACTIVE_SECONDS", 0.0)
    with open_mailboxes(2) as mailboxes:
        busy, _ = seats(mailboxes, [NOBODY, 0.0])
        async with places(COUNT) as (first, _, *clients):
            giver = Balance(busy, steady(1.0))
            giver.begin(first.server)
            await asked(clients, first)
            await asyncio.sleep(0)
            look(busy)
            assert len(first.server.connections) == COUNT
            giver.end()
