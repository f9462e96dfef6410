"""Facets: objects inside of an object, and how long they live."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.storage import LocalBarrier, Storage
from tests.inprocess import Server
from tests.objects.test_answers_are_durable import Disk, settle
from tests.objects.test_lifetime import evicted
from tests.patience import PATIENCE_S
from tests.sockets.clients import Clients, text

FACETS = """
import { DurableObject } from "cloudflare:workers";
export default {
  async fetch(request, env) {
    const stub = env.Parent.getByName("one");
    if (request.headers.has("upgrade")) return stub.fetch(request);
    const [, method, ...args] = decodeURIComponent(new URL(request.url).pathname).split("/");
    try { return Response.json(await stub[method](...args)); }
    catch (e) { return new Response(`caught ${e.message} ${e.durableObjectReset}`); }
  }
}
export class Parent extends DurableObject {
  started = 0;
  facet(name = "c") {
    return this.ctx.facets.get(name, () => { this.started++; return { class: this.ctx.exports.Counter }; });
  }
  async count(name) { return [...(await this.facet(name).count()), this.started]; }
  nested(name) { return this.facet(name).nested(); }
  delete(name) { this.ctx.facets.delete(name); }
  async deleteAll() { await this.ctx.storage.deleteAll(); return "gone"; }
  clone(from, to) { this.ctx.facets.clone(from, to); return "cloned"; }
  async cloneAndAsk() {
    this.ctx.facets.clone("c", "d");
    return this.ctx.blockConcurrencyWhile(() => this.facet("d").count());
  }
  abort() { this.ctx.abort("enough"); }
  hang(name) { return this.facet(name).hang(); }
  later(name) { return this.facet(name).later(); }
  put() { return this.ctx.storage.put("own", 1); }
  fetch(request) { return this.facet("socket").fetch(request); }
}
export class Counter extends DurableObject {
  memory = 0;
  async count() {
    const stored = ((await this.ctx.storage.get("n")) ?? 0) + 1;
    await this.ctx.storage.put("n", stored);
    return [++this.memory, stored];
  }
  nested() {
    return this.ctx.facets.get("inner", () => ({ class: this.ctx.exports.Counter })).count();
  }
  hang() { console.log("hangs"); return new Promise(() => {}); }
  later() { this.ctx.waitUntil(scheduler.wait(300).then(() => console.log("done"))); }
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
  webSocketMessage(socket, message) { socket.send(`${message} ${++this.memory}`); }
}
"""


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Server]:
    """Evicts idle objects within a fraction of a second."""
    async with Server(tmp_path, idle_seconds=0.1) as server:
        server.add("main", FACETS)
        yield server


@pytest.fixture
async def disk() -> Disk:
    return Disk()


@pytest.fixture
async def slow(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    """Syncs when `disk` says so."""

    def open_storage(settings: Any, loop: asyncio.AbstractEventLoop) -> Storage:
        barrier = LocalBarrier(loop, fsync=disk.fsync)
        return Storage(settings.data / "objects", barrier=barrier, loop=loop)

    monkeypatch.setattr("tests.inprocess.open_storage", open_storage)
    async with Server(tmp_path) as server:
        server.add("main", FACETS)
        yield server
        disk.gate.set()


async def told(server: Server, path: str) -> Any:
    answer = await server.text(path)
    try:
        return json.loads(answer)
    except ValueError:
        return answer


@pytest.mark.slow
async def test_facets_are_evicted_with_their_object_and_keep_their_storage(
    impatient: Server,
) -> None:
    assert await told(impatient, "/count/c") == [1, 1, 1]
    assert await told(impatient, "/count/c") == [2, 2, 1]
    assert await told(impatient, "/nested/c") == [1, 1]
    await evicted(impatient)
    assert await told(impatient, "/nested/c") == [1, 2]
    assert await told(impatient, "/count/c") == [1, 3, 1]


@pytest.mark.slow
async def test_a_busy_facet_keeps_its_object_in_memory(impatient: Server) -> None:
    await impatient.text("/later/c")
    await impatient.text("/count/c")
    async with asyncio.timeout(PATIENCE_S):
        while not impatient.lines:
            assert len(impatient.runtime.directory) == 2
            await asyncio.sleep(0.01)
    await evicted(impatient)


@pytest.mark.slow
async def test_a_socket_of_a_facet_stays_open_though_its_object_is_idle(impatient: Server) -> None:
    async with Clients(impatient) as clients:
        socket = await clients.open("/")
        await socket.send_str("first")
        assert await text(socket) == "first 1"
        await asyncio.sleep(0.4)
        await socket.send_str("second")
        assert await text(socket) == "second 2"
        await socket.close()
    await evicted(impatient)


async def test_an_object_that_is_reset_takes_its_facets_along(impatient: Server) -> None:
    await impatient.text("/count/c")
    hanging = asyncio.create_task(impatient.text("/hang/c"))
    async with asyncio.timeout(PATIENCE_S):
        while "main log: hangs" not in impatient.lines:
            await asyncio.sleep(0.001)
    assert await impatient.text("/abort") == "caught enough true"
    assert await hanging == "caught enough true"
    assert await told(impatient, "/count/c") == [1, 2, 1]


async def test_new_code_supersedes_facets_too(impatient: Server) -> None:
    assert await told(impatient, "/count/c") == [1, 1, 1]
    impatient.add("main", FACETS.replace("[++this.memory, stored]", '["new", stored]'))
    assert await told(impatient, "/count/c") == ["new", 2, 1]


@pytest.mark.slow
async def test_facets_are_no_objects_of_their_namespace(impatient: Server) -> None:
    await impatient.text("/count/c")
    assert len(impatient.runtime.directory) == 2
    assert impatient.runtime.directory.ids("main-Counter") == []
    (parent,) = impatient.runtime.directory.ids("main-Parent")
    await impatient.text("/put")
    await evicted(impatient)
    assert await impatient.runtime.files.list("main-Parent", None, 10) == [parent]


@pytest.mark.parametrize("path", ["/delete/c", "/clone/c/d", "/deleteAll"])
async def test_nothing_leaves_before_what_happened_to_facets_is_on_the_disk(
    slow: Server, disk: Disk, path: str
) -> None:
    await slow.text("/count/c")
    disk.gate.clear()
    answer = asyncio.create_task(slow.text(path))
    await settle()
    assert not answer.done()
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        await answer


async def test_a_critical_section_may_call_facets_while_one_is_being_cloned(
    slow: Server, disk: Disk
) -> None:
    await slow.text("/count/c")
    disk.gate.clear()
    answer = asyncio.create_task(told(slow, "/cloneAndAsk"))
    await settle()
    assert not answer.done()
    disk.gate.set()
    async with asyncio.timeout(PATIENCE_S):
        assert await answer == [1, 2]


async def test_a_failing_disk_ends_a_facet_and_not_its_object(slow: Server, disk: Disk) -> None:
    assert await told(slow, "/count/c") == [1, 1, 1]
    disk.error = OSError(5, "the disk is gone")
    async with asyncio.timeout(PATIENCE_S):
        assert (await slow.text("/count/c")).startswith("caught The storage")
    disk.error = None
    async with asyncio.timeout(PATIENCE_S):
        memory, _, started = await told(slow, "/count/c")
        assert (memory, started) == (1, 2)


async def test_a_facet_that_the_disk_kept_from_being_made_is_made_by_the_next_call(
    slow: Server, tmp_path: Path
) -> None:
    await slow.text("/put")
    (parent,) = slow.runtime.directory.ids("main-Parent")
    index = tmp_path / "objects" / "main-Parent" / f"{parent}.facets"
    index.mkdir()
    failed = "caught The storage of this Durable Object failed: Is a directory undefined"
    assert await slow.text("/count/c") == failed
    index.rmdir()
    assert await told(slow, "/count/c") == [1, 1, 2]


async def test_a_disk_that_fails_while_a_facet_is_deleted_resets_the_object(
    slow: Server, disk: Disk
) -> None:
    assert await told(slow, "/count/c") == [1, 1, 1]
    disk.error = OSError(5, "the disk is gone")
    async with asyncio.timeout(PATIENCE_S):
        assert (await slow.text("/delete/c")).startswith("caught The storage")
    disk.error = None
    async with asyncio.timeout(PATIENCE_S):
        memory, _, started = await told(slow, "/count/c")
        assert (memory, started) == (1, 1)
