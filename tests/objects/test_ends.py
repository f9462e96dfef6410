"""Isolates that end while others wait for them."""

import asyncio
import json

import aiohttp
import pytest

from holdfast.catalog import ObjectNamespace, Service
from holdfast.engine import Limits
from tests.inprocess import Server
from tests.objects.test_calls import thing
from tests.patience import PATIENCE_S


async def logged(server: Server, text: str, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len([line for line in server.lines if text in line]) < count:
            await asyncio.sleep(0.001)


SHARED = """
  let ready;
  export default { async fetch(request) {
    await (ready ??= scheduler.wait(20));
    await scheduler.wait(20);
    await scheduler.wait(20);
    return new Response("ok");
  } }
"""


async def test_events_that_share_a_promise_keep_their_timers(server: Server) -> None:
    server.add("main", SHARED)
    answers = await asyncio.gather(*(server.fetch() for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5


TARGET = thing("""
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/loop") for (;;);
    if (pathname === "/wait") { console.log("waiting"); await scheduler.wait(60_000); }
    if (pathname === "/stream") {
      return new Response(new ReadableStream({ async pull(c) {
        c.enqueue(new Uint8Array(1000)); console.log("pulled"); await scheduler.wait(20);
      }, cancel() { console.log("cancelled"); } }));
    }
    return new Response("ok");
  }
""")
CALLER = """
export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname === "/die") for (;;);
  try {
    const answer = await env.THING.get(env.THING.idFromName("A")).fetch(request);
    return new Response((await answer.text()).slice(0, 10));
  } catch (e) { return new Response(`caught ${e.message} ${e.retryable}`); }
} }
"""


def pair(server: Server) -> None:
    server.add("main", TARGET)
    namespace = server.sources.add_namespace("main", "Thing")
    server.add("caller", CALLER, bindings=(ObjectNamespace("THING", namespace.id),))


async def test_the_callers_of_an_isolate_that_ends_learn_of_it(server: Server) -> None:
    pair(server)
    waiting = [asyncio.create_task(server.text("/wait", script="caller")) for _ in range(3)]
    await logged(server, "waiting", 3)
    looping = await server.text("/loop", script="caller")
    assert looping == "caught Network connection lost. true"
    assert await asyncio.gather(*waiting) == [looping] * 3
    assert await server.text(script="caller") == "ok"
    assert not server.runtime._calls._waiting


async def test_a_stream_from_an_isolate_that_ends_breaks_off(server: Server) -> None:
    pair(server)
    streaming = asyncio.create_task(server.text("/stream", script="caller"))
    await logged(server, "pulled", 3)
    assert (await server.fetch("/loop")).status == 500
    async with asyncio.timeout(PATIENCE_S):
        assert (await streaming).startswith("caught Network connection lost.")


async def test_a_stream_into_an_isolate_that_ends_is_cancelled(server: Server) -> None:
    pair(server)
    streaming = asyncio.create_task(server.fetch("/stream", script="caller"))
    await logged(server, "pulled", 3)
    assert (await server.fetch("/die", script="caller")).status == 500
    assert (await streaming).status == 500
    await logged(server, "cancelled")


async def test_a_script_that_is_removed_while_it_is_called_finishes(server: Server) -> None:
    pair(server)
    server.add("main", TARGET.replace("60_000", "100"))
    waiting = asyncio.create_task(server.text("/wait", script="caller"))
    await logged(server, "waiting")
    del server.sources.scripts["main"]
    server.runtime.remove("main")
    assert await waiting == "ok"
    assert "main" in await server.text(script="caller")


async def test_other_events_of_an_isolate_that_ends_get_an_answer(server: Server) -> None:
    for way in (
        "for (;;);",
        "await scheduler.wait(1); for (;;);",
        "setTimeout(() => { for (;;); }, 1); await scheduler.wait(9999);",
        "await (await fetch('data:,x')).text(); for (;;);",
        "queueMicrotask(() => { for (;;); }); await scheduler.wait(9999);",
    ):
        server.add(
            "main",
            "export default { async fetch(request) { if (request.url.endsWith('/ok')) return new Response('ok');"
            "if (request.url.endsWith('/wait')) { console.log('waiting'); await scheduler.wait(60_000); }"
            + way
            + "} }",
        )
        server.lines.clear()
        waiting = asyncio.create_task(server.fetch("/wait"))
        await logged(server, "waiting")
        assert (await server.fetch("/end")).status == 500, way
        assert (await waiting).status == 500, way
        assert await server.text("/ok") == "ok", way


async def test_isolates_that_call_each_other_do_not_lock_up(server: Server) -> None:
    source = """
      export default { async fetch(request, env) {
        const depth = +new URL(request.url).searchParams.get("d");
        if (depth === 0) return new Response("end");
        return env.PEER.fetch("http://x/?d=" + (depth - 1));
      } }
    """
    server.add("main", source, bindings=(Service("PEER", "peer"),))
    server.add("peer", source, bindings=(Service("PEER", "main"),))
    async with asyncio.timeout(PATIENCE_S):
        assert await server.text("/?d=12") == "end"


async def test_a_script_that_eats_its_memory_little_by_little_comes_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async with Server(tmp_path, limits=Limits(memory_bytes=16 << 20, turn_cpu_ms=1000)) as server:
        server.add(
            "main",
            """
          const kept = [];
          export default { async fetch(request, env) {
            try { return await env.Thing.get(env.Thing.idFromName("A")).fetch(request); }
            catch (e) { return new Response("caught " + e.message); }
          } }
          export class Thing { fetch() { kept.push(new Uint8Array(1 << 20).fill(1)); return new Response("ok"); } }
        """,
        )
        answers = [(await server.fetch()).text for _ in range(60)]
        assert answers.count("ok") > 40, answers


@pytest.mark.parametrize(
    "code",
    [
        "try { this.state.abort('enough'); } catch { seen.push('caught'); } seen.push('on');",
        "try { this.state.abort('enough'); } finally { seen.push('finally'); }",
        "await null; try { this.state.abort('enough'); } catch { seen.push('caught'); }",
        "[1].map(() => this.state.abort('enough')); seen.push('on');",
        "JSON.stringify({ toJSON: () => this.state.abort('enough') }); seen.push('on');",
        "structuredClone({ get x() { return seen.state.abort('enough'); } }); seen.push('on');",
        "await this.state.storage.put('k', { get x() { return seen.state.abort('enough'); } });",
    ],
)
async def test_nothing_catches_abort(server: Server, code: str) -> None:
    server.add(
        "main",
        """
        const seen = [];
        export default {
          async fetch(request, env) {
            const stub = env.Thing.get(env.Thing.idFromName("A"));
            const told = await stub.fetch("http://x/abort").catch((e) => `${e.message} ${e.durableObjectReset}`);
            await scheduler.wait(1);
            return Response.json([told, seen, await (await stub.fetch("http://x/")).text()]);
          }
        }
        export class Thing {
          constructor(state) { this.state = seen.state = state; }
          async fetch(request) {
            if (request.url.endsWith("/abort")) { CODE }
            return new Response(JSON.stringify([...await this.state.storage.list()]));
          }
        }
        """.replace("CODE", code),
    )
    assert json.loads(await server.text()) == ["enough true", [], "[]"]


@pytest.mark.parametrize("code", ["await storage.deleteAll();", "storage.deleteAll();"])
async def test_an_object_that_empties_itself_and_aborts_comes_back_empty(
    server: Server, code: str
) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, env) {
            const stub = env.Thing.get(env.Thing.idFromName("A"));
            const told = [];
            for (const path of ["make", "end", "look"])
              told.push(await stub.fetch(`http://x/${path}`).then((r) => r.json(), (e) => e.message));
            return Response.json(told);
          }
        }
        export class Thing {
          constructor(state) { this.state = state; }
          alarm() {}
          async fetch(request) {
            const { storage } = this.state;
            if (request.url.endsWith("/make")) {
              storage.put("k", 1);
              storage.setAlarm(Date.now() + 1e6);
            } else if (request.url.endsWith("/end")) {
              storage.put("late", 1);
              CODE
              storage.put("later", 1);
              this.state.abort("enough");
            }
            return Response.json([[...await storage.list()].length, await storage.getAlarm() > 0]);
          }
        }
        """.replace("CODE", code),
    )
    assert json.loads(await server.text()) == [[1, True], "enough", [0, False]]


async def test_no_timer_fires_that_code_sets_after_its_objects_end(server: Server) -> None:
    server.add(
        "main",
        """
        const seen = [];
        export default {
          async fetch(request, env) {
            const call = (path) => env.Thing.get(env.Thing.idFromName("A")).fetch(`http://x/${path}`);
            const told = call("go on").catch((e) => e.message);
            await call("end").catch(() => {});
            while (seen.length === 0) await scheduler.wait(1);
            await scheduler.wait(20);
            return Response.json([await told, seen]);
          }
        }
        export class Thing {
          constructor(state) { this.state = state; }
          async fetch(request) {
            if (request.url.endsWith("/end")) this.state.abort("enough");
            try {
              for (;;) {
                await this.state.storage.get("k");
                await crypto.subtle.digest("SHA-256", new Uint8Array(100_000));
              }
            } catch {
              setInterval(() => seen.push("interval"), 1);
              seen.push("over");
              await scheduler.wait(1);
              seen.push("waited");
            }
          }
        }
        """,
    )
    assert json.loads(await server.text()) == ["enough", ["over"]]


async def test_a_body_breaks_off_whose_answer_leaves_after_its_objects_end(server: Server) -> None:
    source = """
      constructor(state) { this.state = state; }
      async fetch() {
        await this.state.storage.put("a", 1);
        setTimeout(() => this.state.abort(), 0);
        return new Response(new ReadableStream({ async pull(c) {
          await scheduler.wait(1);
          c.enqueue(new Uint8Array(1));
        } }));
      }
    """
    server.add("main", thing(source))
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(aiohttp.ClientPayloadError):
            await server.fetch()
