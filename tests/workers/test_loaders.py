"""Workers that a Worker loads: how long they live, and what they can reach."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import Script
from holdfast.catalog.bindings import WorkerLoader
from holdfast.engine import ahead
from holdfast.objects import loaders
from holdfast.server import loaded
from holdfast.server.runtime import SWEEPS_PER_IDLE_TIME
from tests.inprocess import Server
from tests.sockets.clients import Clients, text

# Runs the text of a request with `env`, `ctx` and the functions of CODE, and tells what came of it.
SCRIPT = """
import { WorkerEntrypoint } from "cloudflare:workers";
const kept = {};
const run = async (body) => ({
  compatibilityDate: "2026-07-01",
  mainModule: "main.js",
  modules: { "main.js": `import { WorkerEntrypoint } from "cloudflare:workers"; let n = 0;
    export default class extends WorkerEntrypoint {
      count() { return ++n; }
      async run(...args) { ${body} }
    }` },
});
export class Outbound extends WorkerEntrypoint {
  fetch(request) { kept.told = request.url; return new Response("outbound " + request.url); }
  told() { return kept.told; }
}
export default {
  async fetch(request, env, ctx) {
    const text = await request.text();
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
    try {
      const told = await new AsyncFunction("env", "ctx", "run", "kept", text)(env, ctx, run, kept);
      return Response.json(told ?? null);
    } catch (error) {
      return Response.json(`${error.name}: ${error.message} ${error.overloaded ?? ""}`.trim());
    }
  },
};
"""

TELLS_LATER = """
  const code = await run("this.ctx.waitUntil(scheduler.wait(30).then(() => fetch('http://later/')))");
  await env.LOADER.load({ ...code, globalOutbound: ctx.exports.Outbound }).getEntrypoint().run();
"""


class Loading:
    """A server of a script that loads others."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def run(self, text: str) -> Any:
        """What comes of code in the script."""
        return json.loads(await self.server.text("/", method="POST", data=text))

    @property
    def count(self) -> int:
        """How many Workers are loaded."""
        found = self.server.runtime._loaded
        return 0 if found is None else len(found)

    async def settle(self, count: int) -> None:
        """Wait until so many are loaded."""
        for _ in range(200):
            if self.count == count:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{self.count} are loaded, and not {count}")

    def pass_idle_time(self) -> None:
        """As much as an idle one has."""
        assert self.server.runtime._loaded is not None
        for _ in range(SWEEPS_PER_IDLE_TIME + 1):
            self.server.runtime._loaded.sweep(1000)


@pytest.fixture
async def loading(tmp_path: Path) -> AsyncIterator[Loading]:
    async with Server(tmp_path) as server:
        server.add("main", SCRIPT, bindings=(WorkerLoader("LOADER"), WorkerLoader("OTHER")))
        yield Loading(server)


async def test_the_code_of_a_worker_is_asked_for_once(loading: Loading) -> None:
    told = await loading.run("""
        let asked = 0;
        const get = () => env.LOADER.get("a", () => (asked++, run(""))).getEntrypoint();
        return [await Promise.all([get().count(), get().count(), get().count()]), asked];
    """)
    assert told == [[1, 2, 3], 1]
    assert await loading.run('return env.LOADER.get("a", run).getEntrypoint().count()') == 4


async def test_loaders_have_names_of_their_own(loading: Loading) -> None:
    text = """
        const count = (loader) => loader.get("a", () => run("")).getEntrypoint().count();
        return [await count(env.LOADER), await count(env.OTHER), await count(env.LOADER)];
    """
    assert await loading.run(text) == [1, 1, 2]


async def test_a_worker_without_a_name_ends_when_nobody_holds_it(loading: Loading) -> None:
    text = "return env.LOADER.load(await run('')).getEntrypoint().count()"
    assert [await loading.run(text) for _ in range(3)] == [1, 1, 1]
    await loading.settle(0)


async def test_a_worker_that_nobody_holds_ends_what_it_has_begun(loading: Loading) -> None:
    await loading.run(TELLS_LATER)
    assert loading.count == 1
    await loading.settle(0)
    assert await loading.run("return kept.told") == "http://later/"


async def test_an_idle_worker_ends_and_its_code_is_asked_for_again(loading: Loading) -> None:
    text = """
        kept.asked ??= 0;
        const stub = env.LOADER.get("a", () => (kept.asked++, run(""))).getEntrypoint();
        return [await stub.count(), kept.asked];
    """
    assert [await loading.run(text) for _ in range(2)] == [[1, 1], [2, 1]]
    loading.pass_idle_time()
    await loading.settle(0)
    assert await loading.run(text) == [1, 2]


async def test_an_idle_worker_that_is_held_starts_again_with_its_code(loading: Loading) -> None:
    await loading.run("kept.stub = env.LOADER.load(await run('')).getEntrypoint();")
    assert [await loading.run("return kept.stub.count()") for _ in range(2)] == [1, 2]
    loading.pass_idle_time()
    await loading.settle(0)
    assert await loading.run("return kept.stub.count()") == 1


async def test_a_worker_whose_function_is_held_is_not_idle(loading: Loading) -> None:
    told = await loading.run("""
        kept.f = await env.LOADER.get("a", () => run("return () => 5")).getEntrypoint().run();
        ctx.waitUntil(scheduler.wait(100));
        return kept.f();
    """)
    assert told == 5
    loading.pass_idle_time()
    assert loading.count == 1


async def test_a_function_keeps_the_worker_that_it_is_of(loading: Loading) -> None:
    told = await loading.run("""
        const f = await env.LOADER.load(await run("return () => ++n")).getEntrypoint().run();
        await scheduler.wait(5);
        return [await f(), await f()];
    """)
    assert told == [1, 2]
    await loading.settle(0)


async def test_a_websocket_and_a_stream_keep_the_worker_that_they_are_of(tmp_path: Path) -> None:
    source = """
      const SOCKET = `export default { fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener("message", ({ data }) => server.send("got " + data));
        return new Response(null, { status: 101, webSocket: client });
      } }`;
      const STREAM = `export default { fetch: () => new Response(new ReadableStream({ async start(c) {
        for (const part of ["a", "b"]) {
          await scheduler.wait(20);
          c.enqueue(new TextEncoder().encode(part));
        }
        c.close();
      } })) }`;
      export default { fetch(request, env) {
        const code = { compatibilityDate: "2026-07-01", mainModule: "main.js" };
        const modules = { "main.js": request.headers.has("upgrade") ? SOCKET : STREAM };
        return env.LOADER.load({ ...code, modules }).getEntrypoint().fetch(request);
      } }"""
    async with Server(tmp_path) as server, Clients(server) as clients:
        server.add("main", source, bindings=(WorkerLoader("LOADER"),))
        loading = Loading(server)
        assert await server.text("/") == "ab"
        socket = await clients.open("/")
        loading.pass_idle_time()
        await socket.send_str("it")
        assert await text(socket) == "got it"
        await socket.close()
        await asyncio.sleep(0)
        for _ in range(100):
            loading.pass_idle_time()
            if not loading.count:
                break
            await asyncio.sleep(0.005)
        assert loading.count == 0


async def test_its_tails_are_told_when_the_server_stops(tmp_path: Path) -> None:
    script = SCRIPT.replace(
        "export class Outbound",
        """
      export class Told extends WorkerEntrypoint {
        tail(events) { console.log(events[0].logs[0].message[0]); }
      }
      export class Outbound""",
    )
    async with Server(tmp_path) as server:
        server.add("main", script, bindings=(WorkerLoader("LOADER"),))
        await Loading(server).run("""
            const code = await run("this.ctx.waitUntil(scheduler.wait(20)); console.log('told')");
            await env.LOADER.load({ ...code, tails: [ctx.exports.Told({})] }).getEntrypoint().run();
        """)
        await server.runtime.drain(5)
    assert "main log: told" in server.lines


async def test_webassembly_that_is_compiled_is_given_on(loading: Loading) -> None:
    add = bytes.fromhex(
        "0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b"
    )
    source = SCRIPT.replace("const kept", "import wasm from 'add.wasm'; const kept", 1)
    loading.server.add(
        "main",
        source.replace("const kept = {}", "const kept = { wasm }"),
        bindings=(WorkerLoader("LOADER"),),
        modules={"add.wasm": add},
    )
    text = """
        const main = `import wasm from "./m.wasm"; export default { add: (n) =>
          new WebAssembly.Instance(wasm).exports.add(n, 1) };`;
        const code = { ...await run(""), modules: { "main.js": main, "m.wasm": MODULE } };
        return env.LOADER.load(code).getEntrypoint().add(4);
    """
    for module in ("kept.wasm", "{ wasm: kept.wasm }"):
        assert await loading.run(text.replace("MODULE", module)) == 5


async def test_so_many_are_loaded_at_a_time(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded, "MAX_LOADED", 3)
    text = """
        for (let i = 0; i < 5; i++) await env.LOADER.get(`${i}`, () => run("")).getEntrypoint().count();
        return env.LOADER.get("4", () => run("")).getEntrypoint().count();
    """
    assert await loading.run(text) == 2
    assert loading.count == 3
    told = await loading.run("""
        const busy = [5, 6, 7].map((i) =>
          env.LOADER.get(`${i}`, () => run("await args[0]()")).getEntrypoint());
        let release;
        const released = new Promise((resolve) => { release = resolve; });
        const calls = busy.map((stub) => stub.run(async () => { await scheduler.wait(20); }));
        await scheduler.wait(1);
        const refused = await env.LOADER.load(await run("")).getEntrypoint().count()
          .catch((error) => [error.message.slice(0, 24), error.overloaded]);
        await Promise.all(calls);
        return [refused, await env.LOADER.load(await run("")).getEntrypoint().count()];
    """)
    assert told == [["Too many Dynamic Workers", True], 1]


async def test_an_id_that_nobody_has_called_is_not_kept(loading: Loading) -> None:
    told = await loading.run("""
        kept.asked = 0;
        for (let i = 0; i < 3; i++) {
          env.LOADER.get("a", () => (kept.asked++, run("")));
          await scheduler.wait(1);
        }
        return kept.asked;
    """)
    assert told == 3
    resident = loading.server.runtime.residents["main"]
    assert not resident.worker.host.capabilities.loaders._by_number


async def test_so_much_code_is_held(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaders, "MAX_CODE_BYTES", 3_000)
    told = await loading.run("""
        const code = await run(`/* ${"x".repeat(1_000)} */`);
        const refused = async () => {
          const held = [1, 2].map(() => env.LOADER.load(code));
          try { env.LOADER.load(code); } catch (error) { return [error.overloaded, held.length]; }
        };
        return [await refused(), await env.LOADER.load(code).getEntrypoint().count()];
    """)
    assert told == [[True, 2], 1]


async def test_code_that_takes_time_to_compile_is_compiled_before_it_is_loaded(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LEAST_BYTES", 10)
    compiled = []
    monkeypatch.setattr(loaded.LoadedWorkers, "compile", _noting(compiled))
    text = "kept.stub ??= env.LOADER.load(await run('')).getEntrypoint(); return kept.stub.count()"
    assert [await loading.run(text) for _ in range(2)] == [1, 2]
    loading.pass_idle_time()
    await loading.settle(0)
    assert await loading.run(text) == 1
    assert len(compiled) == 2


def _noting(compiled: list[Any]) -> Any:
    actual = loaded.LoadedWorkers.compile

    async def compile_and_note(self: loaded.LoadedWorkers, script: Script) -> object:
        compiled.append(script)
        return await actual(self, script)

    return compile_and_note


async def test_code_that_never_comes_fails_whoever_waits_for_it(loading: Loading) -> None:
    told = await loading.run("""
        const stub = env.LOADER.get("a", () => new Promise(() => {})).getEntrypoint();
        const failed = await Promise.allSettled([stub.count(), stub.fetch("http://x")]);
        const again = await env.LOADER.get("a", () => run("")).getEntrypoint().count();
        return [...failed.map(({ reason }) => reason.message.slice(0, 40)), again];
    """)
    assert told == ["The code of this Dynamic Worker never ca"] * 2 + [1]


async def test_another_is_asked_for_code_that_does_not_come(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "MAX_CODE_SECONDS", 0)
    told = await loading.run("""
        const late = env.LOADER.get("a", async () => { await scheduler.wait(10); return run(""); })
          .getEntrypoint().count().catch((error) => error.message.slice(0, 40));
        await scheduler.wait(1);
        return [await env.LOADER.get("a", () => run("")).getEntrypoint().count(), await late];
    """)
    assert told == [1, "The code of this Dynamic Worker never ca"]


async def test_code_that_fails_is_asked_for_again(loading: Loading) -> None:
    told = await loading.run("""
        const get = (code) => env.LOADER.get("a", code).getEntrypoint().count();
        const failed = await get(() => { throw new RangeError("not yet"); }).catch(String);
        const broken = await get(async () => ({ ...await run(""), mainModule: "b.js" })).catch(String);
        return [failed, broken.split("\\n")[0], await get(() => run(""))];
    """)
    assert told == ["RangeError: not yet", "Error: Failed to start Worker:", 1]


async def test_a_worker_past_its_limit_ends_alone(loading: Loading) -> None:
    told = await loading.run("""
        const get = () => env.LOADER.get("a", async () => ({ ...await run("for (;;);"), limits: { cpuMs: 20 } }))
          .getEntrypoint();
        const before = [await get().count(), await get().count()];
        const failed = await get().run().catch((error) => error.message);
        return [before, /CPU/.test(failed), await get().count()];
    """)
    assert told == [[1, 2], True, 1]


async def test_each_event_makes_as_many_subrequests_as_its_limits_say(loading: Loading) -> None:
    told = await loading.run("""
        const code = await run(`
          const { OUT } = this.env;
          const ways = [() => OUT.fetch("http://x/"), () => OUT.told(), () => fetch("http://y/")];
          const asked = [];
          for (const way of args[0]) asked.push(await ways[way]().then(() => "fine", (e) => e.message));
          return asked;
        `);
        const OUT = ctx.exports.Outbound({});
        const limits = { subRequests: 2 };
        const worker = env.LOADER.load({ ...code, env: { OUT }, globalOutbound: OUT, limits });
        const asked = (...ways) => worker.getEntrypoint().run(ways);
        const none = env.LOADER.load({ ...code, env: { OUT }, limits: { subRequests: 0 } });
        return [
          await asked(0, 1, 2, 0), await asked(2, 2, 1), await Promise.all([asked(0, 0), asked(1, 1)]),
          await none.getEntrypoint().run([0, 2]),
        ];
    """)
    many = "Too many subrequests by single Worker invocation."
    assert told == [
        ["fine", "fine", many, many],
        ["fine", "fine", many],
        [["fine", "fine"], ["fine", "fine"]],
        [many, many],
    ]


async def test_what_goes_to_the_network_counts_as_a_subrequest(loading: Loading) -> None:
    told = await loading.run("""
        const code = await run(`
          const { connect } = await import("cloudflare:sockets");
          const opened = (url) => new Promise((resolve, reject) => {
            const socket = new WebSocket(url);
            socket.onerror = reject;
            socket.onopen = resolve;
          });
          const headers = { Upgrade: "websocket" };
          const ways = [
            () => fetch("http://x/"), () => fetch("http://x/", { headers }), () => connect("x:1"),
            () => opened("ws://x/"), () => fetch("data:,fine"),
          ];
          const asked = [];
          for (const way of ways) {
            asked.push(await (async () => way())().then((answer) => answer.text(), (error) => error.message));
          }
          return asked;
        `);
        const worker = env.LOADER.load({ ...code, limits: { subRequests: 0 } });
        return worker.getEntrypoint().run();
    """)
    many = "Too many subrequests by single Worker invocation."
    assert [what.endswith(many) for what in told[:4]] == [True] * 4, told
    assert told[4] == "fine"


async def test_what_is_loaded_ends_with_the_version_that_has_loaded_it(loading: Loading) -> None:
    count = "return env.LOADER.get('a', () => run('')).getEntrypoint().count()"
    assert [await loading.run(count) for _ in range(2)] == [1, 2]
    loading.server.add("main", SCRIPT, bindings=(WorkerLoader("LOADER"),))
    await loading.settle(0)
    assert await loading.run(count) == 1


async def test_a_stop_waits_for_what_is_loaded(loading: Loading) -> None:
    await loading.run(TELLS_LATER)
    await loading.server.runtime.drain(5)
    assert await loading.run("return kept.told") == "http://later/"


async def test_no_code_of_a_worker_gets_it_to_the_network(loading: Loading) -> None:
    told = await loading.run("""
        const code = await run(`
          const { prototype } = this.env.SELF.constructor;
          prototype.fetch = () => new Response("replaced");
          const own = await (await fetch("http://example.com/a")).text();
          return [own, await (await fetch("data:,text")).text()];`);
        const env2 = { SELF: ctx.exports.Outbound({ props: {} }) };
        const through = await env.LOADER.load({ ...code, env: env2, globalOutbound: ctx.exports.Outbound })
          .getEntrypoint().run();
        const blocked = await env.LOADER.load({ ...code, env: env2, globalOutbound: null })
          .getEntrypoint().run().catch((error) => error.message.slice(0, 28));
        return [through, blocked];
    """)
    assert told == [["outbound http://example.com/a", "text"], "This worker is not permitted"]


async def test_what_is_loaded_has_nothing_of_its_loaders(loading: Loading) -> None:
    told = await loading.run("""
        return env.LOADER.load(await run(`
          const tried = async (run) => { try { return await run(); } catch (error) { return error.message; } };
          return [Object.keys(this.env), Object.keys(this.ctx.exports), typeof globalThis.kept,
            await tried(() => caches.default.match("http://x/"))];`)).getEntrypoint().run();
    """)
    assert told == [[], ["default"], "undefined", "No Cache was configured"]


async def test_a_handshake_without_a_network_is_refused_as_a_request_is(loading: Loading) -> None:
    told = await loading.run("""
        const code = await run(`await fetch("http://example.com/", { headers: { upgrade: "websocket" } });`);
        return env.LOADER.load({ ...code, globalOutbound: null })
          .getEntrypoint().run().catch((error) => error.message.slice(0, 28));
    """)
    assert told == "This worker is not permitted"
