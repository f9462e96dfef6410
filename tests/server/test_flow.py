"""How long a client is heard that is answered no more."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from holdfast.server.connection import Connection
from holdfast.server.flow import MAX_PART_BYTES, MAX_PART_SECONDS, PART_SECONDS
from holdfast.server.http_server import HttpServer


class Clock:
    """A loop that does what is due when it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0
        self._calls: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[..., None], *args: Any) -> asyncio.Handle:
        self._calls.append((self.now + delay, call, args))
        return cast("asyncio.Handle", self)

    def cancel(self) -> None:
        """A handle's; what is cancelled here is due after the test."""

    def go_on(self) -> None:
        """To the next call."""
        due = min(self._calls, key=lambda call: call[0])
        self._calls.remove(due)
        self.now = due[0]
        due[1](*due[2])


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.told = b""
        self.has_closed = False

    def write(self, data: Any) -> None:
        self.told += data

    def write_eof(self) -> None:
        self.told += b"EOF"

    def is_closing(self) -> bool:
        return self.has_closed

    def close(self) -> None:
        self.has_closed = True


class Doors:
    """What a connection asks of its server."""

    def __init__(self, loop: Clock) -> None:
        self.loop = loop
        self.connections: set[Connection] = set()

    def has_room(self) -> bool:
        return True


@pytest.fixture
def refused() -> tuple[Clock, Connection, Transport]:
    """A connection whose client was just told that its request makes no sense."""
    clock, transport = Clock(), Transport()
    connection = Connection(cast("HttpServer", Doors(clock)))
    connection.connection_made(transport)
    connection.data_received(b"no HTTP\r\n\r\n")
    assert transport.told.startswith(b"HTTP/1.1 400 ") and transport.told.endswith(b"EOF")
    return clock, connection, transport


def test_a_client_that_is_silent_is_not_heard_for_long(
    refused: tuple[Clock, Connection, Transport],
) -> None:
    clock, connection, transport = refused
    connection.data_received(b"more")
    clock.go_on()
    assert not transport.has_closed
    clock.go_on()
    assert transport.has_closed and clock.now == 2 * PART_SECONDS


def test_a_client_that_goes_on_is_heard_within_a_bound_of_time(
    refused: tuple[Clock, Connection, Transport],
) -> None:
    clock, connection, transport = refused
    while not transport.has_closed:
        connection.data_received(b"more")
        clock.go_on()
    assert clock.now == MAX_PART_SECONDS


def test_a_client_that_goes_on_is_heard_within_a_bound_of_bytes(
    refused: tuple[Clock, Connection, Transport],
) -> None:
    clock, connection, transport = refused
    piece = bytes(2**20)
    for _ in range(MAX_PART_BYTES // len(piece) + 1):
        connection.data_received(piece)
    clock.go_on()
    assert transport.has_closed


def test_a_stop_waits_for_no_client_that_has_its_answer(
    refused: tuple[Clock, Connection, Transport],
) -> None:
    _, connection, transport = refused
    connection.finish()
    assert transport.has_closed
