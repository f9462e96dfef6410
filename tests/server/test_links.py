"""What another shard says over a link, where more comes than is dealt with."""

import asyncio
from typing import Any, cast

from holdfast.catalog import Namespace
from holdfast.objects.local import LocalObjects
from holdfast.objects.placement import ObjectAddress
from holdfast.server.overload import Overload
from holdfast.server.settings import Bounds
from holdfast.server.shards.exports import packed_address
from holdfast.server.shards.link import Link


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
        on_message=lambda: None,
        on_lost=lambda _: None,
    )
    overload.backlog.postpone(lambda *, is_late: None)  # what comes now has to wait
    address = packed_address(ObjectAddress(Namespace("i", "n", "s", "C", "s-C"), "1" * 64, None))
    link._hear("fetch", 1, address, "GET", "http://x/", "", None, None)
    link._hear("abandon", 1)
    assert heard.told == []
    async with asyncio.timeout(20):
        while len(heard.told) < 2:
            await asyncio.sleep(0)
    assert heard.told == ["fetch", "abandon"]
