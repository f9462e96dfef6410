"""Connections that go on in another server, between two requests; with either loop."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvloop
from aiohttp.http_parser import RawRequestMessage

from holdfast.server.http_server import HttpServer
from holdfast.server.movable import MovableConnection
from holdfast.server.overload import Overload, Reason
from holdfast.server.response import OVERLOADED, plain_response
from holdfast.server.settings import Bounds
from holdfast.workers import WorkerResponse
from tests.inprocess import start
from tests.patience import PATIENCE_S

GET = b"GET /get HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


class Handler:
    """Answers at once, with its name and the request's path; `/wait` never."""

    def __init__(self, name: str) -> None:
        self._name = name

    def handle(self, message: RawRequestMessage, _client: str, _body: object) -> Any:
        if message.path == "/wait":
            return asyncio.get_running_loop().create_future()
        return plain_response(200, f"{self._name} {message.path}")

    def refuse(self, _message: RawRequestMessage, _reason: Reason) -> WorkerResponse:
        return OVERLOADED

    def told_of_leaving(self, _message: RawRequestMessage, _answer: object) -> bool:
        return True

    def result_of(self, answer: "asyncio.Future[WorkerResponse]", _message: object) -> Any:
        return answer.result()


class Place:
    """A server, and what a client has sent there and got."""

    def __init__(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        self.server = HttpServer(Handler(name), loop, Overload(Bounds(), loop), MovableConnection)

    @property
    def connection(self) -> MovableConnection:
        (connection,) = self.server.connections
        assert isinstance(connection, MovableConnection)
        return connection


class Client:
    """A connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answers(self, count: int) -> list[str]:
        """What the next responses say."""
        found = []
        for _ in range(count):
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            found.append((await self._reader.readexactly(length)).decode().strip())
        return found

    async def rest(self) -> bytes:
        return await self._reader.read()


@asynccontextmanager
async def places(clients: int = 1) -> AsyncIterator[tuple[Any, ...]]:
    """Two servers, and clients that are connected to the first."""
    first, second = Place("first"), Place("second")
    port = await start(first.server)
    await start(second.server)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(second.server.stop, 0.0)
        stack.push_async_callback(first.server.stop, 0.0)
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
        for _, writer in streams:
            stack.callback(writer.close)
        await stack.enter_async_context(asyncio.timeout(PATIENCE_S))
        yield first, second, *(Client(*each) for each in streams)


async def move(first: Place, second: Place) -> None:
    """As one process does with another."""
    connection = first.connection
    await until(lambda: connection.descriptor() is not None)
    descriptor = connection.descriptor()
    assert descriptor is not None
    second.server.welcome(socket.socket(fileno=os.dup(descriptor)))
    connection.leave()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest) -> Any:
    """A function that runs a coroutine on one of the loops."""

    def run_on(coroutine: Any) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(coroutine)

    return run_on


@pytest.mark.parametrize(
    ("writes", "answers"),
    [
        ([GET], 1),
        ([POST], 1),
        ([CHUNKED], 1),
        ([GET + GET], 2),
        ([POST + GET], 2),
        ([GET + CHUNKED], 2),
        ([POST[:-5], POST[-5:]], 1),
        ([POST[:-5], POST[-5:-2], POST[-2:]], 1),
        ([POST[:-2], POST[-2:]], 1),
        ([POST[:10], POST[10:-5], POST[-5:]], 1),
        ([CHUNKED[:-10], CHUNKED[-10:]], 1),
        ([CHUNKED[:-4], CHUNKED[-4:]], 1),
        ([GET[:-4], GET[-4:]], 1),
        ([POST[:10], POST[10:], GET], 2),
    ],
)
def test_between_requests_a_connection_moves(run: Any, writes: list[bytes], answers: int) -> None:
    async def check() -> None:
        async with places() as (first, second, client):
            await send_apart(first, client, writes)
            assert all(text.startswith("first") for text in await client.answers(answers))
            await move(first, second)
            assert not first.server.connections
            for request, answer in ((GET, "second /get"), (POST, "second /post")):
                client.send(request)
                assert await client.answers(1) == [answer]
            await move(second, first)  # and back
            client.send(CHUNKED)
            assert await client.answers(1) == ["first /chunked"]
            await second.server.stop(60.0)  # which has nothing to wait for

    run(check())


async def send_apart(place: Place, client: Client, writes: list[bytes]) -> None:
    """Send each piece when the one before was read."""
    await until(lambda: bool(place.server.connections))
    connection = place.connection
    seen: list[bytes] = []
    feed = connection.data_received
    transport = connection.transport
    assert transport is not None

    class Ear(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            feed(data)
            seen.append(data)

        def connection_lost(self, exc: BaseException | None) -> None:
            connection.connection_lost(exc)

    transport.set_protocol(Ear())
    for number, piece in enumerate(writes, 1):
        client.send(piece)
        await until(partial(_has, seen, sum(map(len, writes[:number]))))
    transport.set_protocol(connection)


def _has(seen: list[bytes], size: int) -> bool:
    return sum(map(len, seen)) == size


@pytest.mark.parametrize(
    ("writes", "rest"),
    [
        ([GET[:-1]], GET[-1:]),
        ([GET + GET[:7]], GET[7:]),
        ([GET + GET[:-2]], GET[-2:]),
        ([GET, GET[:7]], GET[7:]),
        ([POST + GET[:7]], GET[7:]),
        ([POST[:-5], POST[-5:] + GET[:7]], GET[7:]),
        ([POST[:-2], POST[-2:] + GET[:7]], GET[7:]),
        ([POST + GET[:5], GET[5:9]], GET[9:]),
        ([POST[:-1]], POST[-1:]),
        ([CHUNKED[:-2]], CHUNKED[-2:]),
        ([b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"], b""),
    ],
)
def test_within_a_request_it_stays(run: Any, writes: list[bytes], rest: bytes) -> None:
    async def check() -> None:
        async with places() as (first, _, client):
            await send_apart(first, client, writes)
            for _ in range(20):  # rounds of the loop, in which whole requests are answered
                assert first.connection.descriptor() is None
                await asyncio.sleep(0)
            if rest:
                client.send(rest)
                whole = b"".join(writes) + rest
                count = whole.count(b" HTTP/1.1")
                assert all(text.startswith("first") for text in await client.answers(count))
                await until(lambda: first.connection.is_idle)

    run(check())


def test_what_the_client_has_sent_moves_along(run: Any) -> None:
    async def check() -> None:
        async with places() as (first, second, client):
            await until(lambda: bool(first.server.connections))
            client.send(GET)  # which lies in the kernel: the loop had no turn since
            await move(first, second)
            client.send(POST)
            assert await client.answers(2) == ["second /get", "second /post"]

    run(check())


def test_one_that_is_closing_stays(run: Any) -> None:
    async def check() -> None:
        async with places() as (first, _, client):
            client.send(b"no HTTP\r\n\r\n")
            assert b"400" in (await client.rest()).splitlines()[0]
            assert all(
                isinstance(connection, MovableConnection) and connection.descriptor() is None
                for connection in first.server.connections
            )

    run(check())


def test_one_with_a_response_that_the_client_does_not_read_stays(run: Any) -> None:
    async def check() -> None:
        async with places() as (first, _, _client):
            await until(lambda: bool(first.server.connections))
            transport = first.connection.transport
            assert transport is not None
            filler = bytes(1_000_000)
            while not transport.get_write_buffer_size():
                transport.write(filler)
            assert first.connection.descriptor() is None

    run(check())
