"""Nothing grows with the number of calls by RPC, whatever callers forget to dispose of."""

import asyncio

import pytest

from holdfast.catalog import ObjectNamespace, Service
from tests.inprocess import Server
from tests.workers.test_leaks import check_growth

pytestmark = pytest.mark.usefixtures("what_is_new")

CALLEE = """
import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
class Target extends RpcTarget { ping() { return "pong"; } }
const methods = (Base) => class extends Base {
  echo(value) { return value; }
  target() { return new Target(); }
  call(f) { return f(1); }
  fail() { throw new Error("x"); }
  keep(f) { f.dup(); }
  keepStream(stream) { return typeof stream; }
  result() { return { t: new Target(), f: () => 1, [Symbol.dispose]() {} }; }
  async text(s) { return await new Response(s).text(); }
  stream() { return new Response("x".repeat(10)).body; }
  relay(f) { return this.env.Thing?.getByName("relayed").call(f) ?? f(1); }
};
export class Thing extends methods(DurableObject) {}
export class Entry extends methods(WorkerEntrypoint) {}
export default { fetch: () => new Response("") };
"""

CALLER = """
import { DurableObject, RpcStub } from "cloudflare:workers";
export { Thing, Entry } from "./callee.js";
const cases = {
  values: (s) => s.echo({ a: [1], b: new Map() }),
  callback: (s) => s.call((x) => x),
  target: async (s) => { const t = await s.target(); await t.ping(); },
  disposed: async (s) => { using t = await s.target(); await t.ping(); },
  pipelined: (s) => s.target().ping(),
  forgotten: async (s) => { s.target(); s.result().t.ping(); await s.echo(1); },
  kept: (s) => s.keep(() => 1),
  failing: (s) => s.fail().catch(() => {}),
  refused: (s) => s.echo(new (class X {})()).catch(() => {}),
  result: (s) => s.result(),
  thereAndBack: async (s) => (await s.echo(() => 2))(),
  local: async () => { const s = new RpcStub({ f: () => 1 }); await s.f(); s.dup(); },
  streams: async (s) => { await s.text(new Response("y").body); await new Response(await s.stream()).text(); },
  unread: async (s) => { await s.stream(); },
  relay: (s) => s.relay(() => 1),
  stubs: async (s) => (await s.echo(s)).echo(1),
  writable: (s) => s.keepStream(new TransformStream().writable),
  signal: (s) => s.keepStream(new AbortController().signal),
  property: (s) => s.nope.nope.catch(() => {}),
};
export class Caller extends DurableObject {
  async fetch(request) {
    const [, place, name] = new URL(request.url).pathname.split("/");
    await cases[name](placed(place, this.env, this.ctx));
    return new Response("ok");
  }
}
const placed = (place, env, ctx) => ({
  object: () => env.Thing.getByName("one"), far: () => env.THING.getByName("one"),
  entrypoint: () => ctx.exports.Entry, service: () => env.ENTRY,
})[place]();
export default {
  async fetch(request, env, ctx) {
    const [, place, name, from] = new URL(request.url).pathname.split("/");
    if (from === "object") return env.Caller.getByName("caller").fetch(request);
    await cases[name](placed(place, env, ctx));
    return new Response("ok");
  },
};
"""

NAMES = [
    *("values", "callback", "target", "disposed", "pipelined", "forgotten", "kept", "failing"),
    *("refused", "result", "thereAndBack", "local", "streams", "unread", "relay", "stubs"),
    *("property", "writable", "signal"),
]
# What a Worker's event forgets ends with the event; an object's is collected while it lives on.
PATHS = [f"/{place}/{name}" for place in ("object", "service") for name in NAMES]
PATHS += [f"/{place}/{name}/object" for place in ("object", "far") for name in NAMES]
QUICK = {"/object/forgotten", "/service/result", "/object/target/object", "/far/result/object"}


async def settle(server: Server) -> None:
    """Have both isolates collect what they forgot, and tell each other."""
    for _ in range(3):
        for name in ("main", "callee"):
            server.runtime.worker(name).host.isolate.collect_garbage()
        await server.text("/far/values")
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "path", [pytest.param(p, marks=() if p in QUICK else pytest.mark.slow) for p in PATHS]
)
async def test_calls_leave_nothing_behind(server: Server, path: str) -> None:
    server.add("callee", CALLEE)
    namespace = server.sources.add_namespace("callee", "Thing")
    bindings = (ObjectNamespace("THING", namespace.id), Service("ENTRY", "callee", "Entry"))
    server.add("main", CALLER, modules={"callee.js": CALLEE}, bindings=bindings)
    for _ in range(20):
        assert await server.text(path) == "ok"
    await settle(server)

    async def calls() -> None:
        for _ in range(25):
            await server.text(path)
        server.lines.clear()
        await settle(server)

    await check_growth(server, calls, heap=25 * 8, objects=25)
    assert not server.runtime.worker("main").host.pending
