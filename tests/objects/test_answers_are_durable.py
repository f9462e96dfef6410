"""The output gate when the disk is slow or fails."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.storage import Storage
from tests.inprocess import Server
from tests.patience import PATIENCE_S
from tests.sockets.clients import Clients, close_of, text

CATCHING = """
import { DurableObject } from "cloudflare:workers";
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const stub = env.Thing.get(env.Thing.idFromName(url.searchParams.get("name") ?? "A"));
    const [, method] = url.pathname.split("/rpc/");
    try {
      if (method === undefined) return await stub.fetch(request);
      return new Response(await stub[method](() => console.log("called back")));
    }
    catch (e) { return new Response(`caught ${e.message} ${e.durableObjectReset}`); }
  }
}
"""

STORE = """
export class Thing extends DurableObject {
  n = 0;
  constructor(state, env) { super(state, env); this.state = state; }
  #store() { return this.state.storage.put("k", ++this.n); }
  async put() { await this.#store(); return "put"; }
  async throw() { await this.#store(); throw new Error("thrown"); }
  async callBack(f) { await this.#store(); await f(); return "called back"; }
  async call() {
    await this.#store();
    return await this.env.Thing.get(this.env.Thing.idFromName("other")).hear();
  }
  hear() { console.log("heard"); return "heard"; }
  putInFacet() { return this.state.facets.get("f", () => ({ class: this.state.exports.Thing })).put(); }
  eraseFacet() { this.state.facets.delete("f"); return "erased"; }
  leave() { this.state.abort("enough"); }
  writeAndLeave() { this.#store(); this.state.abort("enough"); }
  async readInTransaction() { return await this.state.storage.transaction(async (txn) => `${await txn.get("k")}`); }
  async deleteNoAlarm() { await this.state.storage.deleteAlarm(); return "deleted"; }
  async stored() { return `${await this.state.storage.get("k")}`; }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const { storage } = this.state;
    this.n++;
    switch (pathname) {
      case "/put": await storage.put("k", this.n); return new Response("put");
      case "/unconfirmed": await storage.put("k", this.n, { allowUnconfirmed: true }); return new Response("put");
      case "/get": return new Response(await storage.get("k"));
      case "/sync": await storage.put("k", this.n); await storage.sync(); console.log("synced"); return new Response("synced");
      case "/throw": await storage.put("k", this.n); throw new Error("thrown");
      case "/call": {
        await storage.put("k", this.n);
        const answer = await this.env.Thing.get(this.env.Thing.idFromName("other")).fetch("http://x/hear");
        return new Response(await answer.text());
      }
      case "/hear": console.log("heard"); return new Response("heard");
      case "/stream": {
        await storage.put("k", this.n);
        return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array([97])); c.close(); } }));
      }
      case "/transaction": await storage.transaction(async (txn) => { await txn.put("k", 7); }); return new Response("put");
      case "/abort": storage.put("k", 99); await scheduler.wait(1); this.state.abort("enough");
    }
    return new Response(String(this.n));
  }
}
"""


class Disk:
    """Syncs when it is told to, or fails."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.error: OSError | None = None

    def fsync(self, descriptor: int) -> None:
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        os.fsync(descriptor)


@pytest.fixture
async def disk() -> Disk:
    return Disk()


@pytest.fixture
async def server(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    from holdfast.storage import LocalBarrier

    def open_storage(settings: Any, loop: asyncio.AbstractEventLoop) -> Storage:
        folder = settings.data / "objects"
        folder.mkdir(parents=True, exist_ok=True)
        return Storage(folder, barrier=LocalBarrier(loop, fsync=disk.fsync), loop=loop)

    monkeypatch.setattr("tests.inprocess.open_storage", open_storage)
    async with Server(tmp_path) as server:
        server.add("main", CATCHING + STORE)
        await server.text("/warm")
        yield server
        disk.gate.set()


WRITING = [
    *("/put", "/throw", "/stream", "/transaction", "/sync", "/call"),
    *("/rpc/put", "/rpc/throw", "/rpc/callBack", "/rpc/call"),
]


async def settle(rounds: int = 50) -> None:
    for _ in range(rounds):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("path", WRITING)
async def test_nothing_leaves_before_the_writes_are_on_the_disk(
    server: Server, disk: Disk, path: str
) -> None:
    disk.gate.clear()
    answer = asyncio.create_task(server.fetch(path))
    await settle()
    assert not answer.done() and not server.lines
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        assert (await answer).status == 200


@pytest.mark.parametrize("path", WRITING)
async def test_a_disk_that_fails_fails_the_caller_and_the_next_call_sees_what_is_durable(
    server: Server, disk: Disk, path: str
) -> None:
    assert await server.text("/put") == "put"
    before = await server.text("/get")
    disk.error = OSError(5, "the disk is gone")
    async with asyncio.timeout(PATIENCE_S):
        assert (await server.text(path)).startswith("caught The storage")
    assert not server.lines
    disk.error = None
    async with asyncio.timeout(PATIENCE_S):
        assert await server.text("/n") == "1"
        assert await server.text("/put") == "put"
        assert before != ""


async def test_unconfirmed_writes_hold_nothing_back(server: Server, disk: Disk) -> None:
    disk.gate.clear()
    async with asyncio.timeout(PATIENCE_S):
        assert await server.text("/unconfirmed") == "put"


async def test_a_new_instance_says_nothing_of_what_the_one_before_it_wrote_too_late(
    server: Server, disk: Disk
) -> None:
    disk.gate.clear()
    assert await server.text("/unconfirmed") == "put"
    await settle()
    server.add("main", CATCHING + STORE)
    answer = asyncio.create_task(server.text("/get"))
    await settle()
    assert not answer.done(), "what was read is not on the disk yet"
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        assert await answer == "2"


async def test_a_reset_and_a_new_instance_at_once_share_the_file_and_let_it_go(
    server: Server, disk: Disk
) -> None:
    for _ in range(5):
        assert (await server.text("/abort")).startswith("caught enough")
        assert await server.text("/put") == "put"
    async with asyncio.timeout(PATIENCE_S):
        await server.runtime.aclose()


@pytest.mark.parametrize("path", ["/put", "/rpc/put", "/throw", "/rpc/throw"])
async def test_an_answer_that_only_waits_for_the_disk_outlives_an_abort(
    server: Server, disk: Disk, path: str
) -> None:
    disk.gate.clear()
    answer = asyncio.create_task(server.text(path))
    await settle()
    assert await server.text("/rpc/leave") == "caught enough true"
    assert not answer.done(), "its write is not on the disk yet"
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        assert await answer in ("put", "caught thrown undefined")
        assert await server.text("/rpc/stored") == "2"


@pytest.mark.parametrize(
    ("method", "told"), [("readInTransaction", "2"), ("deleteNoAlarm", "deleted")]
)
async def test_an_answer_that_has_written_nothing_waits_for_nothing_after_a_reset(
    server: Server, method: str, told: str
) -> None:
    assert await server.text("/rpc/put") == "put"
    assert await server.text("/rpc/leave") == "caught enough true"
    async with asyncio.timeout(PATIENCE_S):
        assert await server.text(f"/rpc/{method}") == told


async def test_such_an_answer_fails_with_the_disk(server: Server, disk: Disk) -> None:
    disk.gate.clear()
    answer = asyncio.create_task(server.text("/put"))
    await settle()
    assert await server.text("/rpc/leave") == "caught enough true"
    disk.error = OSError(5, "the disk is gone")
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        assert (await answer).startswith("caught The storage")


async def test_an_answer_that_waits_for_the_end_of_a_facet_outlives_an_abort_but_no_failing_disk(
    server: Server, disk: Disk
) -> None:
    for error, answered in (
        (None, "erased"),
        (OSError(5, "the disk is gone"), "caught The storage"),
    ):
        assert await server.text("/rpc/putInFacet") == "put"
        disk.gate.clear()
        answer = asyncio.create_task(server.text("/rpc/eraseFacet"))
        await settle()
        assert await server.text("/rpc/leave") == "caught enough true"
        assert not answer.done(), "the facet's files are not off the disk yet"
        disk.error = error
        disk.gate.set()
        async with asyncio.timeout(PATIENCE_S):
            assert (await answer).startswith(answered)


async def test_what_waits_for_the_next_round_outlives_an_abort_unless_the_same_turn_wrote_too(
    server: Server, disk: Disk
) -> None:
    for way, second, stored in (
        ("leave", "put", "2"),
        ("writeAndLeave", "caught enough true", "1"),
    ):
        disk.gate.clear()
        on_its_way = asyncio.create_task(server.text(f"/put?name={way}"))
        await settle()
        waiting = asyncio.create_task(server.text(f"/put?name={way}"))
        await settle()
        assert await server.text(f"/rpc/{way}?name={way}") == "caught enough true"
        disk.gate.set()
        async with asyncio.timeout(PATIENCE_S):
            assert await on_its_way == "put"
            assert await waiting == second
            assert await server.text(f"/rpc/stored?name={way}") == stored


SOCKETS = """
export default { fetch(request, env) {
  return env.Thing.get(env.Thing.idFromName("one")).fetch(request);
} };
export class Thing {
  constructor({ storage }) { this.storage = storage; }
  fetch() {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", ({ data }) => {
      for (const part of data) {
        this.storage.put(part, 1);
        server.send(part);
      }
    });
    return new Response(null, { status: 101, webSocket: client });
  }
}
"""


async def test_no_message_leaves_over_a_socket_before_the_writes_are_on_the_disk(
    server: Server, disk: Disk
) -> None:
    server.add("sockets", SOCKETS)
    async with Clients(server) as clients:
        socket = await clients.open(script="sockets")
        disk.gate.clear()
        await socket.send_str("abc")
        answer = asyncio.create_task(text(socket))
        await settle()
        assert not answer.done()
        disk.gate.set()
        assert [await answer, await text(socket), await text(socket)] == ["a", "b", "c"]


async def test_a_socket_breaks_off_where_the_writes_before_a_message_failed(
    server: Server, disk: Disk
) -> None:
    server.add("sockets", SOCKETS)
    async with Clients(server) as clients:
        socket = await clients.open(script="sockets")
        disk.error = OSError("the disk is gone")
        await socket.send_str("abc")
        assert await close_of(socket) == (1006, None)
    assert not [line for line in server.lines if "in promise" in line]
