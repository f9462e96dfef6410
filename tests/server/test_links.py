"""What another shard says over a link, where more comes than is dealt with."""

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast

import pytest

from holdfast.catalog import Namespace
from holdfast.host.rpc import Message
from holdfast.host.sockets_end import SocketEnd, join
from holdfast.objects.calls import CONNECTION_LOST
from holdfast.objects.local import LocalObjects
from holdfast.objects.placement import ObjectAddress
from holdfast.objects.rpc import Callee
from holdfast.server.overload import Overload
from holdfast.server.settings import Bounds
from holdfast.server.shards.bodies import CHUNK_BYTES, Bodies
from holdfast.server.shards.exports import packed_address
from holdfast.server.shards.link import Link
from holdfast.server.shards.sockets import Sockets
from holdfast.server.shards.wire import Wire
from tests.patience import PATIENCE_S


class Heard:
    """Stands for the shard's objects, and notes what they are told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fetch(self, *_request: object) -> None:
        self.told.append("fetch")

    def abandon(self, *_call: object) -> None:
        self.told.append("abandon")


async def clerk(verb: str, *arguments: object) -> Any:
    raise AssertionError((verb, arguments))


async def test_who_waits_no_more_for_a_call_is_told_of_after_the_call() -> None:
    loop = asyncio.get_running_loop()
    overload, heard = Overload(Bounds(), loop), Heard()
    link = Link(
        loop,
        cast("LocalObjects", heard),
        clerk,
        overload,
        on_news=lambda: None,
        on_lost=lambda _: None,
    )
    overload.backlog.postpone(lambda *, is_late: None)  # what comes now has to wait
    address = packed_address(ObjectAddress(Namespace("i", "n", "s", "C", "s-C"), "1" * 64, None))
    request = ("GET", "http://x/", "", None, None)
    link._hear([("fetch", (1, address, *request)), ("abandon", (1,))])
    assert heard.told == []
    async with asyncio.timeout(PATIENCE_S):
        while len(heard.told) < 2:
            await asyncio.sleep(0)
    assert heard.told == ["fetch", "abandon"]


class Told(Callee):
    """Stands for what an isolate lets others call."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def call(self, *_call: object) -> None:
        self._told.append("call")

    def released(self) -> None:
        """Nobody minds."""


async def test_a_shard_is_seen_to_get_on_with_each_call_of_what_it_has_lent() -> None:
    loop = asyncio.get_running_loop()
    told: list[str] = []
    link = Link(
        loop,
        cast("LocalObjects", Heard()),
        clerk,
        Overload(Bounds(), loop),
        on_news=lambda: told.append("news"),
        on_lost=lambda _: None,
    )
    link._exports.packed(Message(b"", (Told(told),)))
    link._hear([("call", (number, ("mine", 1), "route", None)) for number in range(3)])
    assert "".join(told).count("newscall") == 3


class Gone(Told):
    """What an isolate has lent that has ended since."""

    def call(self, *_call: object) -> None:
        raise ConnectionError(CONNECTION_LOST)


async def test_a_call_of_what_was_lent_by_an_isolate_that_has_ended_may_be_tried_again() -> None:
    loop = asyncio.get_running_loop()
    link = Link(
        loop,
        cast("LocalObjects", Heard()),
        clerk,
        Overload(Bounds(), loop),
        on_news=lambda: None,
        on_lost=lambda _: None,
    )
    said: list[Any] = []
    link.say = lambda *message: said.append(message)
    link._exports.packed(Message(b"", (Gone([]),)))
    link._hear([("call", (7, ("mine", 1), "route", None))])
    assert said == [("failed", 7, "Error", CONNECTION_LOST, "remote,retryable", None)]


async def test_what_is_said_arrives_whole_and_in_order_however_it_is_cut() -> None:
    loop = asyncio.get_running_loop()
    speaker, listener = Wire(loop), Wire(loop)
    heard: list[tuple[str, tuple[Any, ...]]] = []
    listener.on_messages = heard.extend
    listener.on_lost = speaker.on_lost = lambda: None
    said = [("early", (1, "é")), *(("number", (i, b"x" * i, None)) for i in range(200))]
    for word, values in said[:1]:
        speaker.say(word, *values)
    await asyncio.sleep(0)  # so that it is packed before there is a transport
    written = Written()
    speaker.connection_made(written)
    for word, values in said[1:]:
        speaker.say(word, *values)
    await asyncio.sleep(0)
    for start in range(0, len(written.data), 7):
        listener.data_received(bytes(written.data[start : start + 7]))
    assert heard == said


class Written(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def write(self, data: Any) -> None:
        self.data += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no limit."""


MEGABYTE = 1_000_000


class Speaker(SocketEnd):
    """One that goes on sending until it is told to wait, or longer."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def on_message(self, message: object) -> None:
        raise AssertionError("nobody speaks to it")

    def on_close(self, code: int, reason: str) -> None:
        raise AssertionError("nobody closes it")

    def hold(self) -> None:
        self.told.append("hold")

    def go_on(self) -> None:
        self.told.append("go on")

    def on_loss(self) -> None:
        self.told.append("lost")


class Full(NamedTuple):
    """A socket over a wire that is full, since the other side has read nothing so far."""

    speaker: Speaker
    sockets: Sockets
    other: socket.socket

    async def read(self) -> None:
        """Have the other side read some."""
        await asyncio.get_running_loop().sock_recv(self.other, MEGABYTE)


@pytest.fixture
async def full() -> AsyncIterator[Full]:
    loop = asyncio.get_running_loop()
    wire = Wire(loop)
    lost = loop.create_future()
    wire.on_lost = lambda: lost.set_result(None)
    sockets = Sockets(wire, loop, 20 * MEGABYTE)
    ours, other = socket.socketpair()
    other.setblocking(False)
    transport, _ = await loop.create_unix_connection(lambda: wire, sock=ours)
    speaker = Speaker()
    join(sockets.received(1), speaker)
    async with asyncio.timeout(PATIENCE_S):
        while not speaker.told:
            speaker.send(b"x" * MEGABYTE)
            await asyncio.sleep(0)
    assert speaker.told == ["hold"]
    yield Full(speaker, sockets, other)
    transport.abort()
    other.close()
    await lost


async def test_who_sends_to_a_shard_that_is_behind_waits_until_it_has_read(full: Full) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while full.speaker.told == ["hold"]:
            await full.read()
    assert full.speaker.told == ["hold", "go on"]


async def test_nobody_goes_on_whom_the_other_side_holds_as_well(full: Full) -> None:
    full.sockets.handlers["hold"](1)
    async with asyncio.timeout(PATIENCE_S):
        while full.sockets.wire.is_full:
            await full.read()
    assert full.speaker.told == ["hold", "hold"]
    full.sockets.handlers["go_on"](1)
    assert full.speaker.told[2:] == ["go on"]


async def test_who_does_not_wait_is_parted_when_more_waits_than_may(full: Full) -> None:
    speaker, sockets, _ = full
    for _ in range(60):
        speaker.send(b"x" * MEGABYTE)
        assert "lost" not in speaker.told, "it is at work now"
        await asyncio.sleep(0)
        if "lost" in speaker.told:
            break
    assert speaker.told == ["hold", "lost"]
    assert not sockets.ends and sockets.wire.unsent_bytes < 25 * MEGABYTE


@pytest.mark.parametrize("ticks", [0, 3])
async def test_a_body_that_nobody_wants_is_let_go_at_once(ticks: int) -> None:
    loop = asyncio.get_running_loop()
    bodies = Bodies(Wire(loop), loop)
    number, _ = cast("tuple[int, int]", bodies.sent(bytes(10 * CHUNK_BYTES)))
    outgoing = weakref.ref(bodies.outgoing[number])
    gc.disable()  # which would find it some day
    try:
        for _ in range(ticks):
            await asyncio.sleep(0)
        bodies.handlers["unwanted"](number)
        for _ in range(3):
            await asyncio.sleep(0)
        assert outgoing() is None
    finally:
        gc.enable()
