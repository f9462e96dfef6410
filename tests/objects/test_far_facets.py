"""Facets whose classes come at runtime: they live in another isolate than their object."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog.bindings import WorkerLoader
from holdfast.server.runtime import SWEEPS_PER_IDLE_TIME
from tests.inprocess import Server
from tests.sockets.clients import Clients, text

SUPERVISOR = """
import { DurableObject } from "cloudflare:workers";
const APP = `
  import { DurableObject } from "cloudflare:workers";
  export class App extends DurableObject {
    memory = 0;
    count() {
      const { kv } = this.ctx.storage;
      kv.put("n", (kv.get("n") ?? 0) + 1);
      return [++this.memory, kv.get("n")];
    }
    spin() { for (;;); }
    wait() { return new Promise(() => {}); }
    reset() { this.ctx.abort("by itself"); }
    alarm() {}
    setAlarm() { return this.ctx.storage.setAlarm(1); }
    deeper(depth) {
      if (depth === 0) return "deep";
      return this.ctx.facets.get("inner", () => ({ class: this.ctx.exports.App })).deeper(depth - 1);
    }
    later() { this.ctx.waitUntil(scheduler.wait(100)); }
    fetch(request) {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    webSocketMessage(socket, data) { socket.send("app " + data); }
  }`;
export class Supervisor extends DurableObject {
  started = 0;
  app(name = "app") {
    return this.ctx.facets.get(name, () => {
      this.started++;
      const code = () => ({
        compatibilityDate: "2026-07-01", mainModule: "main.js", modules: { "main.js": APP },
        globalOutbound: null, limits: { cpuMs: 50 },
      });
      const worker = name === "alone" ? this.env.LOADER.load(code()) : this.env.LOADER.get("app", code);
      return { class: worker.getDurableObjectClass("App") };
    });
  }
  async call(method, ...args) {
    const [name, own] = method.split(".");
    const stub = this.app(own ?? "app");
    try { return await stub[name](...args) ?? null; }
    catch (e) { return `${e.message} ${e.durableObjectReset ?? ""}`.trim(); }
  }
  async abortsWhile() {
    const stub = this.app();
    await stub.count();
    const waits = stub.wait().catch((error) => error.message);
    this.ctx.facets.abort("app", new Error("aborted"));
    return [await waits, await stub.count().catch((error) => error.message), await this.app().count()];
  }
  async deletes() {
    await this.app().count();
    this.ctx.facets.delete("app");
    return this.app().count();
  }
  runs() { return this.started; }
  fetch(request) { return this.app().fetch(request); }
}
export default {
  async fetch(request, env, ctx) {
    const stub = ctx.exports.Supervisor.getByName("one");
    if (request.headers.has("upgrade")) return stub.fetch(request);
    const [method, ...args] = await request.json();
    return Response.json(await stub[method](...args) ?? null);
  },
};
"""


class Supervised:
    def __init__(self, server: Server) -> None:
        self.server = server

    async def ask(self, method: str, *arguments: Any) -> Any:
        data = json.dumps([method, *arguments])
        return json.loads(await self.server.text("/", method="POST", data=data))

    async def app(self, method: str, *arguments: Any) -> Any:
        return await self.ask("call", method, *arguments)

    def sweep(self) -> None:
        """As much time passes as objects, and Workers that were loaded, may be idle."""
        for _ in range(SWEEPS_PER_IDLE_TIME + 2):
            self.server.runtime._sweep(1.0)

    @property
    def loaded(self) -> int:
        assert self.server.runtime._loaded is not None
        return len(self.server.runtime._loaded)


def add(server: Server) -> None:
    server.add("main", SUPERVISOR, bindings=(WorkerLoader("LOADER"),))


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Supervised]:
    async with Server(tmp_path) as server:
        add(server)
        yield Supervised(server)


async def test_what_it_stores_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in ([1, 1], [1, 2]):
        async with Server(tmp_path) as server:
            add(server)
            assert await Supervised(server).app("count") == expected


async def test_it_goes_idle_with_its_object_and_its_worker_after_it(
    supervised: Supervised,
) -> None:
    assert [await supervised.app("count") for _ in range(2)] == [[1, 1], [2, 2]]
    supervised.sweep()
    assert len(supervised.server.runtime.directory) == 0
    supervised.sweep()
    assert supervised.loaded == 0
    assert await supervised.app("count") == [1, 3]


async def test_what_it_has_under_way_keeps_its_object(supervised: Supervised) -> None:
    await supervised.app("count")
    await supervised.app("later")
    supervised.sweep()
    assert len(supervised.server.runtime.directory) == 2
    assert await supervised.app("count") == [2, 2]


async def test_a_class_lives_as_long_as_facets_of_it(supervised: Supervised) -> None:
    assert [await supervised.app("count.alone") for _ in range(3)] == [[1, 1], [2, 2], [3, 3]]
    assert supervised.loaded == 1


async def test_a_class_may_be_the_default_export(tmp_path: Path) -> None:
    source = """import { DurableObject } from "cloudflare:workers";
      export class Supervisor extends DurableObject {
        run() {
          const code = { compatibilityDate: "2026-07-01", mainModule: "main.js" };
          const modules = { "main.js": `import { DurableObject } from "cloudflare:workers";
            export default class extends DurableObject { one() { return 1; } }` };
          const worker = this.env.LOADER.load({ ...code, modules });
          return this.ctx.facets.get("a", () => ({ class: worker.getDurableObjectClass() })).one();
        }
      }
      export default { async fetch(request, env, ctx) {
        return Response.json(await ctx.exports.Supervisor.getByName("a").run());
      } }"""
    async with Server(tmp_path) as server:
        server.add("main", source, bindings=(WorkerLoader("LOADER"),))
        assert await server.text("/") == "1"


async def test_it_ends_at_the_wish_of_its_object(supervised: Supervised) -> None:
    assert await supervised.ask("abortsWhile") == ["aborted", "aborted", [1, 2]]
    assert await supervised.ask("deletes") == [1, 1]


async def test_it_starts_anew_when_it_has_reset_itself(supervised: Supervised) -> None:
    assert await supervised.app("count") == [1, 1]
    assert await supervised.app("reset") == "by itself true"
    assert await supervised.app("count") == [1, 2]


async def test_it_starts_anew_when_its_isolate_has_ended(supervised: Supervised) -> None:
    assert await supervised.app("count") == [1, 1]
    assert "Network connection lost" in await supervised.app("spin")
    assert await supervised.app("count") == [1, 2]
    assert await supervised.ask("runs") == 2


async def test_it_ends_with_the_version_of_its_object(supervised: Supervised) -> None:
    assert await supervised.app("count") == [1, 1]
    add(supervised.server)
    assert await supervised.app("count") == [1, 2]


async def test_it_has_the_limits_of_facets(supervised: Supervised) -> None:
    assert await supervised.app("setAlarm") == "Facets currently cannot set alarms."
    assert await supervised.app("deeper", 2) == "deep"
    assert "nesting depth limit" in await supervised.app("deeper", 3)


async def test_it_takes_websockets_that_hibernate(supervised: Supervised) -> None:
    async with Clients(supervised.server) as clients:
        socket = await clients.open("/")
        await socket.send_str("a")
        assert await text(socket) == "app a"
        supervised.sweep()
        assert len(supervised.server.runtime.directory) == 2
        await socket.send_str("b")
        assert await text(socket) == "app b"
