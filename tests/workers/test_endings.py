"""Isolates that end under what they have under way give all their memory back."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest

from holdfast.catalog import ObjectNamespace, Service
from holdfast.engine import Limits
from holdfast.engine import isolate as engine
from holdfast.host.platform import Platform
from tests.inprocess import Server
from tests.patience import PATIENCE_S
from tests.stress import Blocks

CALLEE = """
import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
class Target extends RpcTarget { ping() { return "pong"; } }
const methods = (Base) => class extends Base {
  target() { return new Target(); }
  keep(f) { (globalThis.kept ??= []).push(f.dup()); }
  stream() { return new ReadableStream({ pull: () => new Promise(() => {}) }); }
};
export class Thing extends methods(DurableObject) {}
export class Entry extends methods(WorkerEntrypoint) {}
export default { fetch: () => new Response("") };
"""

CALLER = """
import { DurableObject, RpcTarget } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";

const frames = new AsyncLocalStorage();
const registry = new FinalizationRegistry(() => {});
const kept = [];
const never = () => new Promise(() => {});
const hour = 3_600_000;

const underWay = {
  promises: () => Promise.all([never(), scheduler.wait(hour), caches.default.match("http://x/")]),
  frame: () => frames.run({}, async () => { await never(); }),
  crypto: () => crypto.subtle.generateKey(
    { name: "RSA-OAEP", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true, ["encrypt", "decrypt"]),
  stubs: async (env) => {
    for (const callee of [env.ENTRY, env.THING.getByName("a")]) {
      const target = await callee.target();
      kept.push(target);
      await target.ping();
      await callee.keep(() => 1);
      kept.push(callee.stream());
    }
  },
  section: (env, ctx, request) => env.Own.getByName("a").section(),
  unread: async (env, ctx, request) => { kept.push(request.body.getReader()); },
  response: () => new Response(new ReadableStream({ pull: () => never() })),
  compressed: async () => {
    const { readable, writable } = new CompressionStream("gzip");
    kept.push(readable);
    await writable.getWriter().write(new Uint8Array(100_000));
  },
  rejected: async () => { registry.register({}, 1); Promise.reject(new Error("nobody")); },
};
const ends = {
  waits: () => undefined,
  loops: () => { for (;;); },
  fills: () => { for (;;) kept.push(new Uint8Array(1 << 20)); },
};
export class Own extends DurableObject {
  section() { return this.ctx.blockConcurrencyWhile(() => scheduler.wait(hour)); }
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }
}
export default {
  async fetch(request, env, ctx) {
    const [, name, end] = new URL(request.url).pathname.split("/");
    if (name === "socket") {
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept();
      return new Response(null, { status: 101, webSocket: client });
    }
    if (name === "object") return env.Own.getByName("a").fetch(request);
    if (name === "all") for (const begin of Object.values(underWay)) ctx.waitUntil(begin(env, ctx, request));
    console.log("begun");
    await scheduler.wait(0);
    ends[end]();
    return underWay.response();
  },
};
"""


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> Blocks:
    blocks = Blocks()
    monkeypatch.setattr(engine, "lib", blocks.library())
    return blocks


def served(server: Server) -> None:
    """Have both scripts live."""
    server.add("callee", CALLEE)
    thing = server.sources.add_namespace("callee", "Thing")
    bindings = (ObjectNamespace("THING", thing.id), Service("ENTRY", "callee", "Entry"))
    server.add(
        "main",
        CALLER,
        bindings=bindings,
        compatibility_flags=("nodejs_compat",),
        compatibility_date="2026-01-01",
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ["waits", "loops", "fills", "replaced", "callee replaced"])
async def test_what_ends_with_everything_under_way_gives_all_back(
    tmp_path: Path, blocks: Blocks, end: str
) -> None:
    limits = Limits(turn_cpu_ms=300, memory_bytes=24 << 20)
    Platform()  # whose code stays mapped
    descriptors = len([*Path("/dev/fd").iterdir()])
    async with Server(tmp_path, limits=limits, drain_seconds=0) as server:
        served(server)
        url = f"http://127.0.0.1:{server.port}"
        headers = {"Host": f"main.localhost:{server.port}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for path in ("/socket", "/object"):
                await session.ws_connect(url + path)
            how = end if end in ("loops", "fills") else "waits"
            request = asyncio.create_task(session.post(f"{url}/all/{how}", data=b"x" * 100_000))
            while not any("begun" in line for line in server.lines):
                await asyncio.sleep(0.01)
            if end == "replaced":
                served(server)
            elif end == "callee replaced":
                server.add("callee", CALLEE + "export const other = 1;")
            with contextlib.suppress(aiohttp.ClientError):
                (await asyncio.wait_for(request, PATIENCE_S)).close()
    assert not blocks.live
    assert not blocks.take_leaks()
    assert len([*Path("/dev/fd").iterdir()]) <= descriptors
