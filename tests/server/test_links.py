"""What another shard says over a link, where more comes than is dealt with."""

import asyncio
from typing import Any, cast

from holdfast.catalog import Namespace
from holdfast.host.rpc import Message
from holdfast.objects.local import LocalObjects
from holdfast.objects.placement import ObjectAddress
from holdfast.objects.rpc import Callee
from holdfast.server.overload import Overload
from holdfast.server.settings import Bounds
from holdfast.server.shards.exports import packed_address
from holdfast.server.shards.link import Link
from holdfast.server.shards.wire import Wire


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
    async with asyncio.timeout(20):
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
