"""When instances come and go: eviction, resets, new code, limits."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inprocess import Server
from tests.objects.test_calls import thing
from tests.patience import PATIENCE_S

COUNT = thing("""
  n = 0;
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    this.n++;
    if (pathname === "/put") await this.storage.put("v", this.n);
    if (pathname === "/get") return new Response(await this.storage.get("v"));
    return new Response(this.n);
  }
""")


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Server]:
    """Evicts idle objects and fails hung calls within a fraction of a second."""
    async with Server(tmp_path, idle_seconds=0.2, hang_seconds=0.3) as server:
        yield server


async def evicted(server: Server) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(server.runtime.directory):
            await asyncio.sleep(0.01)


async def test_an_idle_object_leaves_memory_and_keeps_its_storage(impatient: Server) -> None:
    impatient.add("main", COUNT)
    assert await impatient.text("/put") == "1"
    assert await impatient.text("/put") == "2"
    await evicted(impatient)
    assert await impatient.text() == "1"
    assert await impatient.text("/get") == "2"


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    told = [r for r in caplog.records if r.name == "holdfast.objects" and r.levelno == level]
    return [record.getMessage() for record in told]


async def test_the_log_has_one_line_for_all_that_were_evicted_together(
    impatient: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "holdfast.objects")
    impatient.add("main", COUNT)
    sweeper = impatient.runtime._sweeper
    assert sweeper is not None
    sweeper.cancel()
    await asyncio.gather(*(impatient.text(f"/?name={n}") for n in range(40)))
    impatient.runtime._schedule_sweep()  # which finds that none of them was used since
    await evicted(impatient)
    pattern = re.compile(r"(\d+) objects? of Thing evicted: idle for 0\.2 s")
    found = [pattern.fullmatch(line) for line in lines(caplog)]
    assert sum(int(match[1]) for match in found if match) == 40
    assert len(found) < 10
    assert len(lines(caplog, logging.DEBUG)) == 40


async def test_the_log_tells_why_objects_were_reset(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "holdfast.objects")
    server.add("main", COUNT)
    await asyncio.gather(*(server.text(f"/?name={n}") for n in range(3)))
    server.add("main", COUNT.replace("this.n++;", "for (;;);"))
    await asyncio.sleep(0)
    assert lines(caplog) == ["3 objects of Thing reset: its code was updated"]
    assert (await server.fetch("/?name=1")).status == 500
    assert lines(caplog)[1].startswith("1 object of Thing reset: the script was stopped: ")


async def test_a_stop_does_not_wait_for_an_isolate_that_was_stopped(server: Server) -> None:
    server.add("main", COUNT.replace("this.n++;", "for (;;);"))
    assert (await server.fetch()).status == 500
    async with asyncio.timeout(PATIENCE_S):
        await server.runtime.drain(3600)


async def test_the_log_has_an_aborts_reason_in_one_line(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "holdfast.objects")
    server.add(
        "main",
        thing("""
      constructor(state) { this.state = state; }
      fetch() { this.state.abort("enough\\nERROR forged"); }
    """),
    )
    await server.fetch()
    assert lines(caplog) == ["1 object of Thing reset: enough ERROR forged"]


async def test_an_object_that_stored_nothing_leaves_nothing(
    impatient: Server, tmp_path: Path
) -> None:
    impatient.add("main", COUNT)
    await impatient.text()
    await evicted(impatient)
    assert not [*tmp_path.rglob("*.sqlite*")]


async def test_a_busy_object_is_not_evicted(impatient: Server) -> None:
    impatient.add(
        "main",
        thing("""
          constructor(state) { this.state = state; }
          async fetch() {
            this.state.waitUntil(scheduler.wait(500).then(() => { this.done = true; }));
            await scheduler.wait(450);
            return new Response(this.done ?? "busy");
          }
        """),
    )
    assert await impatient.text() == "busy"
    await evicted(impatient)


async def test_a_call_that_nothing_can_answer_fails(impatient: Server) -> None:
    impatient.add("main", thing("fetch() { return new Promise(() => {}); }"))
    answer = await impatient.fetch()
    assert answer.status == 500
    assert "hung" in " ".join(impatient.lines)


async def test_one_request_may_be_answered_by_a_later_one(server: Server) -> None:
    server.add(
        "main",
        thing("""
          waiting = [];
          async fetch(request) {
            if (request.url.endsWith("/wait")) return new Promise((resolve) => this.waiting.push(resolve));
            const count = this.waiting.length;
            for (const resolve of this.waiting.splice(0)) resolve(new Response("woken"));
            return new Response(count);
          }
        """),
    )
    waiting = asyncio.create_task(server.text("/wait"))
    async with asyncio.timeout(PATIENCE_S):
        while await server.text("/wake") == "0":
            await asyncio.sleep(0)
        assert await waiting == "woken"


async def test_new_code_supersedes_the_instance_and_keeps_its_data(server: Server) -> None:
    server.add("main", COUNT)
    assert await server.text("/put") == "1"
    server.add("main", COUNT.replace("new Response(this.n)", "new Response('new ' + this.n)"))
    assert await server.text() == "new 1"
    assert await server.text("/get") == "1"


async def test_a_superseded_instance_may_finish_but_not_touch_storage(server: Server) -> None:
    source = """
      export class Thing {
        constructor(state) { this.storage = state.storage; }
        async fetch(request) {
          if (request.url.endsWith("/new")) return new Response("new code");
          console.log("started");
          await scheduler.wait(100);
          if (request.url.endsWith("/trusting")) this.storage.put("x", 1).catch(() => {});
          if (request.url.endsWith("/waiting")) await this.storage.put("x", 1).catch(() => {});
          return new Response("finished");
        }
      }
      export default { async fetch(request, env) {
        try { return await env.Thing.get(env.Thing.idFromName("A")).fetch(request); }
        catch (e) { return new Response(`${e.message} ${e.durableObjectReset} ${e.retryable}`); }
      } };
    """
    server.add("main", source)
    paths = ("/quiet", "/trusting", "/waiting")
    answers = [asyncio.create_task(server.text(path)) for path in paths]
    async with asyncio.timeout(PATIENCE_S):
        while len([line for line in server.lines if "started" in line]) < len(paths):
            await asyncio.sleep(0.001)
    server.add("main", source)
    assert await server.text("/new") == "new code"
    reset = "Durable Object reset because its code was updated. true true"
    assert await asyncio.gather(*answers) == ["finished", reset, reset]


async def test_abort_resets_the_object(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, env) {
          try { return await env.Thing.get(env.Thing.idFromName("A")).fetch(request); }
          catch (e) { return new Response(`${e.message} ${e.durableObjectReset}`); }
        } }
        export class Thing {
          n = 0;
          constructor(state) { this.state = state; }
          async fetch(request) {
            if (request.url.endsWith("/abort")) { await this.state.storage.put("v", 1); this.state.abort("enough"); }
            if (request.url.endsWith("/get")) return new Response(await this.state.storage.get("v"));
            return new Response(++this.n);
          }
        }
        """,
    )
    assert await server.text() == "1"
    assert await server.text("/abort") == "enough true"
    assert await server.text() == "1"


async def test_an_object_that_loops_is_stopped_with_what_that_turn_wrote(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.storage = state.storage; }
          async fetch(request) {
            if (request.url.endsWith("/loop")) { this.storage.put("half", 1); for (;;); }
            return new Response(await this.storage.get("half"));
          }
        """),
    )
    assert (await server.fetch("/loop")).status == 500
    answer = await server.fetch("/")
    assert (answer.status, answer.text) == (200, "")


WAITING = """
  import { DurableObject } from "cloudflare:workers";
  export default { async fetch(request, env) {
    const told = await env.A.getByName("a").start().catch((e) => e.message);
    return Response.json([told, await env.A.getByName("a").alive()]);
  } }
  export class A extends DurableObject { alive() { return "alive"; } START other() { return this.gate; } }
  export class B extends DurableObject { async call() { return this.env.A.getByName("a").other(); } }
"""


@pytest.mark.parametrize(
    "start",
    [
        "start() { return this.ctx.blockConcurrencyWhile(() => this.env.B.getByName('b').call()); }",
        "start() { return this.ctx.storage.transaction(() => this.env.B.getByName('b').call()); }",
        """async start() {
          let open;
          this.gate = new Promise((resolve) => (open = resolve));
          await this.env.B.getByName('b').call();
          open();
        }""",
    ],
)
async def test_objects_that_wait_for_each_other_are_told(tmp_path: Path, start: str) -> None:
    async with Server(tmp_path, idle_seconds=0.2, hang_seconds=0.1) as server:
        server.add("main", WAITING.replace("START", start))
        told, alive = json.loads(await server.text())
        assert told == "The Durable Object's code had hung and would never generate a response."
        assert alive == "alive"
