"""Objects that keep their code for a while when their script is deployed anew."""

import asyncio
from typing import Any, cast

import aiohttp
import pytest

from holdfast.catalog.traffic import Traffic
from holdfast.server.shards.errands import Clerk
from holdfast.server.shards.neighbours import Neighbours
from tests.patience import PATIENCE_S
from tests.server.deployment import Deployment

THING = {"bindings": [{"type": "durable_object_namespace", "name": "THING", "class_name": "Thing"}]}
SOURCE = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Thing extends DurableObject {
  who() { return "%s"; }
  own() { return this.ctx.exports.Named.name(); }
  hold() {
    console.log("held");
    this.timer = setTimeout(() => {}, 1e6);
    return new Promise((resolve) => { this.resolve = resolve; });
  }
  async release() {
    await this.ctx.storage.put("kept", "%s");
    clearTimeout(this.timer);
    this.resolve("%s");
    return "released";
  }
  kept() { return this.ctx.storage.get("kept"); }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket) { socket.send("%s"); }
}
export class Named extends WorkerEntrypoint { name() { return "%s"; } }
export default {
  async fetch(request, { THING }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/") return new Response("%s");
    const stub = THING.getByName(searchParams.get("name"));
    if (pathname === "/socket") return stub.fetch(request);
    return new Response(await stub[pathname.slice(1)]().catch((error) => error.message));
  },
};
"""


class Updated:
    """A script of which versions are deployed that are called by a letter."""

    def __init__(self, deployment: Deployment) -> None:
        self.it = deployment
        self.lingering = deployment.runtime.lingering

    async def deploy(self, letter: str, **strategy: Any) -> None:
        given = {"code_update_strategy": strategy} if strategy else {}
        answer = await self.it.upload("main", SOURCE.replace("%s", letter), **THING, **given)
        assert answer["success"], answer

    async def ask(self, path: str = "/") -> str:
        status, _, text = (await self.it.text("main", path)).partition(" ")
        assert status == "200", text
        return text

    async def socket(self, name: str) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket to an object, which has spoken."""
        url = f"http://127.0.0.1:{self.it.port}/socket?name={name}"
        socket = await self.it.session.ws_connect(url, headers={"Host": "main.localhost"})
        await socket.send_str("hello")
        assert await socket.receive_str() == "A"
        return socket


@pytest.fixture
async def updated(deployment: Deployment) -> Updated:
    updated = Updated(deployment)
    await updated.deploy("A")
    return updated


async def test_an_object_that_is_live_keeps_its_code_until_it_leaves_memory(
    updated: Updated,
) -> None:
    call = asyncio.ensure_future(updated.ask("/hold?name=busy"))
    async with asyncio.timeout(PATIENCE_S):
        while not any("held" in line for line in updated.it.lines):
            await asyncio.sleep(0)
    await updated.deploy("B", mode="deferred", max_delay=60)
    assert await updated.ask() == "B"
    assert await updated.ask("/who?name=busy") == "A"
    assert await updated.ask("/who?name=fresh") == "B"
    assert [await updated.ask(f"/own?name={name}") for name in ("busy", "fresh")] == ["A", "B"]
    assert await updated.ask("/release?name=busy") == "released"
    assert await call == "A"
    [old] = updated.lingering
    old.home.evict_idle(-1, 100)
    updated.lingering.look()
    assert not [*updated.lingering]
    assert await updated.ask("/who?name=busy") == "B"
    assert await updated.ask("/kept?name=busy") == "A"


async def test_an_object_has_new_code_when_its_time_is_over(updated: Updated) -> None:
    assert await updated.ask("/who?name=busy") == "A"
    await updated.deploy("B", mode="deferred", max_delay=0.01)
    async with asyncio.timeout(PATIENCE_S):
        while [*updated.lingering]:
            await asyncio.sleep(0)
    assert await updated.ask("/who?name=busy") == "B"


async def test_a_later_deployment_shortens_the_time_and_never_lengthens_it(
    updated: Updated,
) -> None:
    assert await updated.ask("/who?name=busy") == "A"
    await updated.deploy("B", mode="deferred", max_delay=60)
    await updated.ask("/who?name=fresh")
    await updated.deploy("C", mode="deferred")
    assert await updated.ask("/who?name=busy") == "A"
    assert await updated.ask("/who?name=fresh") == "B"
    assert len([*updated.lingering]) == 2
    await updated.deploy("D")
    assert not [*updated.lingering]
    for name in ("busy", "fresh"):
        assert await updated.ask(f"/who?name={name}") == "D"


async def test_other_shards_hear_of_the_same_version_with_less_time(updated: Updated) -> None:
    runtime, catalog = updated.it.runtime, updated.it.catalog
    clerk = Clerk(runtime, cast("Neighbours", None))
    assert await updated.ask("/who?name=busy") == "A"
    await updated.deploy("B", mode="deferred", max_delay=60)
    await clerk("refresh")
    assert await updated.ask("/who?name=busy") == "A"
    catalog.deploy("main", Traffic.whole(catalog.record("main").version))
    await clerk("refresh")
    assert await updated.ask("/who?name=busy") == "B"


async def test_nothing_lingers_without_objects_in_memory_and_their_sockets_are_closed(
    updated: Updated,
) -> None:
    asleep = await updated.socket("asleep")
    updated.it.runtime.resident("main").home.evict_idle(-1, 100)
    awake = await updated.socket("awake")
    await updated.deploy("B", mode="deferred")
    assert (await asleep.receive()).data == 1012
    await awake.send_str("hello")
    assert await awake.receive_str() == "A"
    [old] = updated.lingering
    old.home.evict_idle(-1, 100)
    assert (await awake.receive()).data == 1012
    updated.lingering.look()
    await updated.deploy("C", mode="deferred")
    assert not [*updated.lingering]


async def test_a_script_that_is_deleted_waits_for_nobody(updated: Updated) -> None:
    assert await updated.ask("/who?name=busy") == "A"
    await updated.deploy("B", mode="deferred")
    await updated.it.api("DELETE", "scripts/main?force=true")
    assert not [*updated.lingering]
