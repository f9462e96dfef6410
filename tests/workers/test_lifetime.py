"""Ends at bad moments: retirement, cancellation, loops of calls, lost storage."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holdfast.catalog import ObjectNamespace, Service
from tests.inprocess import Answer, Server
from tests.objects.test_calls import thing
from tests.patience import PATIENCE_S

STREAM = """
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  (async () => {
    for (let i = 0; i < 5; i++) {
      await writer.write(new TextEncoder().encode("chunk" + i));
      console.log("chunk");
      await scheduler.wait(20);
    }
    await writer.close();
  })();
  return new Response(readable);
"""


async def logged(server: Server, text: str, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len([line for line in server.lines if text in line]) < count:
            await asyncio.sleep(0.001)


async def test_a_stream_that_still_flows_keeps_the_old_version_alive(server: Server) -> None:
    server.add(
        "main",
        "export default { async fetch(r, e, ctx) {"
        + STREAM.replace("(async () => {", "ctx.waitUntil((async () => {").replace(
            "})();", "})());"
        )
        + "} }",
    )
    running = asyncio.create_task(server.text())
    await logged(server, "chunk")
    server.add("main", "export default { fetch: () => new Response('new') }")
    assert await server.text() == "new"
    assert await running == "chunk0chunk1chunk2chunk3chunk4"
    async with asyncio.timeout(PATIENCE_S):
        while server.runtime._retiring:
            await asyncio.sleep(0.001)


async def test_a_pulled_stream_keeps_the_old_version_alive(server: Server) -> None:
    server.add(
        "main",
        """
        export default { fetch() {
          let i = 0;
          return new Response(new ReadableStream({ async pull(c) {
            console.log("chunk");
            await fetch("data:,x");
            await new Promise((r) => queueMicrotask(r));
            if (i++ < 200) c.enqueue(new Uint8Array(10_000).fill(97)); else c.close();
          } }));
        } }
        """,
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
    host = f"Host: main.localhost:{server.port}"
    writer.write(f"GET / HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n".encode())
    await logged(server, "chunk")
    server.add("main", "export default { fetch: () => new Response('new') }")
    assert await server.text() == "new"
    async with asyncio.timeout(PATIENCE_S):
        answer = await reader.read(-1)
    writer.close()
    assert answer.endswith(b"0\r\n\r\n") and answer.count(b"a") >= 2_000_000


async def test_a_call_from_another_script_finishes_on_the_old_version(server: Server) -> None:
    source = thing(
        "async fetch() { console.log('in'); await scheduler.wait(50); return new Response('old'); }"
    )
    server.add("main", source)
    namespace = server.sources.add_namespace("main", "Thing")
    server.add(
        "caller",
        "export default { fetch: (r, env) => env.THING.get(env.THING.idFromName('A')).fetch(r) }",
        bindings=(ObjectNamespace("THING", namespace.id),),
    )
    running = asyncio.create_task(server.fetch(script="caller"))
    await logged(server, "in")
    server.add("main", source.replace("old", "new"))
    answer = await running
    assert (answer.status, answer.text) == (200, "old")
    async with asyncio.timeout(PATIENCE_S):
        while server.runtime._retiring:
            await asyncio.sleep(0.001)


async def test_a_loop_of_local_calls_starves_nobody(server: Server) -> None:
    server.add(
        "main",
        """
        let stopped = false;
        export default { async fetch(request, env) {
          if (request.url.endsWith("/stop")) stopped = true;
          const stub = env.Thing.get(env.Thing.idFromName("A"));
          while (!stopped) await stub.fetch("http://x/");
          return new Response("done");
        } }
        export class Thing { fetch() { return new Response(""); } }
        """,
    )
    busy = asyncio.create_task(server.text())
    for _ in range(100):
        await asyncio.sleep(0)  # in which the loop of calls goes on
    async with asyncio.timeout(PATIENCE_S):
        assert [await server.text("/stop"), await busy] == ["done", "done"]


async def test_objects_that_call_each_other_for_ever_starve_nobody(server: Server) -> None:
    server.add("other", "export default { fetch: () => new Response('other') }")
    server.add(
        "main",
        """
        export default { fetch: (request, env) => env.A.get(env.A.idFromName("A")).fetch(request) }
        export class A {
          constructor(state, env) { this.env = env; }
          fetch() { return this.env.A.get(this.env.A.newUniqueId()).fetch("http://x/"); }
        }
        """,
    )
    busy = asyncio.create_task(server.fetch())
    for _ in range(20):
        async with asyncio.timeout(PATIENCE_S):
            assert await server.text(script="other") == "other"
    server.runtime.worker("main").terminate("the test is over")
    assert (await busy).status == 500


async def test_a_loop_of_microtasks_is_stopped(server: Server) -> None:
    server.add(
        "main",
        "export default { async fetch(r) { if (r.url.endsWith('/ok')) return new Response('ok');"
        " for (;;) await null; } }",
    )
    async with asyncio.timeout(PATIENCE_S):
        assert (await server.fetch()).status == 500
    assert await server.text("/ok") == "ok"


async def test_a_client_that_leaves_a_silent_stream_cancels_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.server.connection.SILENT_SECONDS", 0.02)
    server.add(
        "main",
        """
        export default { fetch() {
          return new Response(new ReadableStream({
            start(c) { c.enqueue(new TextEncoder().encode("first")); },
            pull() { console.log("pulled"); return new Promise(() => {}); },
            cancel(reason) { console.log("cancelled"); },
          }));
        } }
        """,
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET / HTTP/1.1\r\nHost: main.localhost:{server.port}\r\n\r\n".encode())
    await reader.readuntil(b"first")
    writer.close()
    await logged(server, "cancelled")


async def test_a_service_that_is_missing_cancels_the_body_it_was_sent(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, env) {
          const body = new ReadableStream({
            pull(c) { c.enqueue(new Uint8Array(100_000)); },
            cancel() { console.log("cancelled"); },
          });
          try { await env.BACK.fetch("http://x/", { method: "POST", body }); }
          catch (e) { return new Response("caught"); }
        } }
        """,
        bindings=(Service("BACK", "back"),),
    )
    assert await server.text() == "caught"
    await logged(server, "cancelled")


async def test_an_object_whose_class_is_gone_says_so(server: Server) -> None:
    server.add("main", "export default { fetch: () => new Response('x') }; export class Other {}")
    for name in ("Gone", "toString", "constructor"):
        namespace = server.sources.add_namespace("main", name)
        server.add(
            f"caller-{name.lower()}",
            """
            export default { async fetch(r, env) {
              try { return await env.THING.get(env.THING.idFromName('A')).fetch(r); }
              catch (e) { return new Response(e.message); }
            } }
            """,
            bindings=(ObjectNamespace("THING", namespace.id),),
        )
        assert f'"{name}"' in await server.text(script=f"caller-{name.lower()}")


async def test_a_binding_to_a_deleted_namespace_fails_on_use_and_says_why(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(r, env) {
          try { return await env.THING.get(env.THING.idFromName('A')).fetch(r); }
          catch (e) { return new Response(e.message); }
        } }
        """,
        bindings=(ObjectNamespace("THING", "0" * 32),),
    )
    text = await server.text()
    assert "namespace" in text, text


async def test_nothing_is_loaded_after_the_end(server: Server) -> None:
    server.add("main", "export default { fetch: () => new Response('x') }")
    await server.text()
    await server.runtime.aclose()
    assert (await server.fetch()).status == 500
    assert not server.runtime._residents


async def test_counters_return_to_nothing(server: Server) -> None:
    server.add(
        "main",
        thing(
            """
          constructor(state) { this.state = state; }
          async fetch(request) {
            const { pathname } = new URL(request.url);
            if (pathname === "/throw") throw new Error("x");
            if (pathname === "/abort") this.state.abort();
            if (pathname === "/section") { await this.state.blockConcurrencyWhile(async () => { throw new Error("y"); }); }
            if (pathname === "/put") await this.state.storage.put("a", 1);
            if (pathname === "/stream") { """
            + STREAM.replace('console.log("chunk");', "").replace("wait(20)", "wait(1)")
            + """ }
            return new Response("ok");
          }
        """
        ),
    )
    paths = ["/", "/throw", "/abort", "/section", "/put", "/stream"]
    answers = await asyncio.gather(
        *(server.fetch(path + f"?name={i % 3}") for i in range(10) for path in paths),
        return_exceptions=True,
    )
    for answer in answers:  # what an object that is reset has been sending breaks off
        assert isinstance(answer, Answer | aiohttp.ClientPayloadError), answer
    worker: Any = server.runtime.worker("main")
    async with asyncio.timeout(PATIENCE_S):
        while worker.host.pending:
            await asyncio.sleep(0.001)
    assert worker.host._shared[1] == 0
    assert len(worker.bodies) == 0 and not worker._answers and not worker._live
    assert not server.runtime._calls._waiting
    assert len(worker.host.stores) == len(server.runtime.directory) <= 3


async def test_a_hung_event_ends_though_others_are_under_way(tmp_path: Path) -> None:
    source = """
    export default { async fetch(request) {
      if (request.url.endsWith("/hang")) return new Promise(() => {});
      console.log("busy");
      await scheduler.wait(60_000);
    } }
    """
    async with Server(tmp_path, idle_seconds=0.2, hang_seconds=0.3, drain_seconds=0) as server:
        server.add("main", source)
        busy = asyncio.create_task(server.fetch("/busy"))
        async with asyncio.timeout(PATIENCE_S):
            while not server.lines:
                await asyncio.sleep(0.001)
            assert (await server.fetch("/hang")).status == 500
        busy.cancel()
    assert any("never generate a response" in line for line in server.lines)


ABORTING = """
import { DurableObject, abortIsolate } from "cloudflare:workers";
let events = 0;
export default {
  async fetch(request, env) {
    events++;
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") { console.log("waits"); await scheduler.wait(60_000); }
    if (pathname === "/abort") { try { abortIsolate("enough"); } finally { console.log("went on"); } }
    if (pathname === "/object") return new Response(await env.Thing.getByName("a").abort());
    if (pathname === "/stored") return new Response(await env.Thing.getByName("a").stored());
    return new Response(String(events));
  },
};
export class Thing extends DurableObject {
  async abort() {
    await this.ctx.storage.put("kept", 1);
    await this.ctx.storage.sync();
    this.ctx.storage.put("lost", 1);
    abortIsolate();
  }
  async stored() { return [...(await this.ctx.storage.list()).keys()].join(); }
}
"""


async def test_a_script_ends_its_isolate_with_all_that_is_under_way(server: Server) -> None:
    server.add("main", ABORTING)
    assert [await server.text(), await server.text()] == ["1", "2"]
    slow = asyncio.create_task(server.fetch("/slow"))
    await logged(server, "waits")
    assert (await server.fetch("/abort")).status == 500
    async with asyncio.timeout(PATIENCE_S):
        assert (await slow).status == 500
    assert await server.text() == "1"
    assert "main log: went on" not in server.lines
    assert "abortIsolate() was called: enough" in " ".join(server.lines)


async def test_what_a_turn_wrote_goes_with_the_isolate_that_it_ends(server: Server) -> None:
    server.add("main", ABORTING)
    assert (await server.fetch("/object")).status == 500
    assert await server.text("/stored") == "kept"
