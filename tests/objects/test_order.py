"""Orders that have to hold: calls on one stub, sections, the 30 seconds."""

import asyncio

import pytest

from holdfast.catalog import ObjectNamespace
from holdfast.host import constants
from tests.inprocess import Server
from tests.objects.test_calls import thing
from tests.patience import PATIENCE_S

# An object that tells the paths of the requests to it, in the order in which they came.
LOG = """
export class B {
  log = [];
  fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "log") return new Response(this.log.join());
    this.log.push(name);
    return new Response("");
  }
}
"""


async def test_calls_keep_their_order_past_a_section_that_closes(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, { Thing, Other }) {
            const stub = Thing.get(Thing.idFromName("A"));
            const answers = [stub.fetch("http://x/section")];
            for (let i = 0; i < 40; i++) {
              answers.push(stub.fetch("http://x/" + i));
              if (i % 5 === 0) await Other.get(Other.idFromName("O")).fetch("http://x/");
            }
            await Promise.all(answers);
            return stub.fetch("http://x/log");
          }
        }
        export class Other { fetch() { return new Response(""); } }
        export class Thing {
          log = [];
          constructor(state, env) { this.state = state; this.env = env; }
          async fetch(request) {
            const name = new URL(request.url).pathname.slice(1);
            if (name === "log") return new Response(this.log.join());
            if (name === "section") {
              for (let i = 0; i < 4; i++) {
                await this.state.blockConcurrencyWhile(async () => {
                  await this.env.Other.get(this.env.Other.idFromName("O")).fetch("http://x/");
                });
              }
              return new Response("");
            }
            this.log.push(name);
            return new Response("");
          }
        }
        """,
    )
    assert await server.text() == ",".join(str(i) for i in range(40))


async def test_messages_of_an_object_leave_in_the_order_they_were_sent(server: Server) -> None:
    server.add(
        "main",
        """
        export default { fetch: (request, { A }) => A.get(A.idFromName("A")).fetch(request) }
        export class A {
          constructor(state, { B }) { this.state = state; this.b = B.get(B.idFromName("B")); }
          async fetch() {
            const { storage } = this.state;
            const sent = [];
            for (let i = 0; i < 30; i++) {
              if (i % 3 === 0) storage.put("k", i);
              if (i % 7 === 0) await storage.sync();
              if (i % 4 === 0) await new Promise((r) => setTimeout(r, 0));
              sent.push(this.b.fetch("http://x/" + i));
              if (i % 5 === 0) sent.push(storage.transaction(async (txn) => {
                await txn.put("t", i);
              }));
            }
            await Promise.all(sent);
            return this.b.fetch("http://x/log");
          }
        }
        """
        + LOG,
    )
    assert await server.text() == ",".join(str(i) for i in range(30))


async def test_an_answer_does_not_overtake_a_call_that_was_made_before(server: Server) -> None:
    """Neither waits on its way from one isolate to the other but for the output gate."""
    caller = server.sources.add_namespace("main", "B")
    callee = server.sources.add_namespace("other", "A")
    server.add(
        "other",
        """
        export default {}
        export class A {
          constructor(state, { B }) { this.state = state; this.b = B.get(B.idFromName("B")); }
          fetch(request) {
            this.state.storage.put("k", request.url);
            this.state.waitUntil(this.b.fetch(request.url));
            return new Response("");
          }
        }
        """,
        bindings=(ObjectNamespace("B", caller.id),),
    )
    server.add(
        "main",
        """
        export default {
          async fetch(request, { A, B }) {
            const b = B.get(B.idFromName("B"));
            for (let i = 0; i < 3; i++) {
              await A.get(A.idFromName("A")).fetch("http://x/call" + i);
              await b.fetch("http://x/answer" + i);
            }
            return b.fetch("http://x/log");
          }
        }
        """
        + LOG,
        bindings=(ObjectNamespace("A", callee.id),),
    )
    assert await server.text() == "call0,answer0,call1,answer1,call2,answer2"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "CRITICAL_SECTION_TIMEOUT_MS", 50)


@pytest.mark.parametrize("way", ["blockConcurrencyWhile", "storage.transaction"])
async def test_a_section_that_takes_too_long_resets_the_object(
    hasty: None,
    tmp_path,
    way: str,  # type: ignore[no-untyped-def]
) -> None:
    async with Server(tmp_path) as server:
        server.add(
            "main",
            """
            export default { async fetch(request, { Thing }) {
              try { return await Thing.get(Thing.idFromName("A")).fetch(request); }
              catch (e) { return new Response(`${e.message} ${e.overloaded} ${e.durableObjectReset} ${e.remote}`); }
            } }
            export class Thing {
              n = 0;
              constructor(state) { this.state = state; }
              async fetch(request) {
                this.n++;
                if (request.url.endsWith("/get")) return new Response(await this.state.storage.get("k") ?? "nothing");
                if (request.url.endsWith("/never")) {
                  await this.state.WAY(async () => { await this.state.storage.put("k", 1); await new Promise(() => {}); });
                }
                return new Response(this.n);
              }
            }
            """.replace("WAY", way),
        )
        async with asyncio.timeout(PATIENCE_S):
            never, waiting = await asyncio.gather(server.text("/never"), server.text("/n"))
        assert "waited for too long" in never and never.endswith("true true true")
        assert waiting == never or waiting in ("1", "2")
        assert await server.text("/n") == "1"
        if way == "storage.transaction":
            assert await server.text("/get") == "nothing"
        host = server.runtime.worker("main").host
        assert host._shared[1] == 0 and host.pending == 0


async def test_a_fetch_that_returns_waits_for_a_section_and_the_sections_own_does_not(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          log = [];
          constructor(state) { this.state = state; }
          async fetch(request) {
            if (request.url.endsWith("/out")) {
              await scheduler.wait(10); this.log.push("outside");
              return new Response(this.log.join());
            }
            await this.state.blockConcurrencyWhile(async () => {
              await crypto.subtle.digest("SHA-256", new Uint8Array(1));
              await scheduler.wait(40); this.log.push("inside");
            });
            return new Response("");
          }
        """),
    )
    out, _ = await asyncio.gather(server.text("/out"), server.text("/in"))
    assert out == "inside,outside"


async def test_a_section_that_work_after_the_response_opens_holds_calls_back(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          log = [];
          constructor(state) { this.state = state; }
          fetch(request) {
            if (request.url.endsWith("/log")) return new Response(this.log.join());
            this.state.waitUntil((async () => {
              await this.state.blockConcurrencyWhile(async () => { await scheduler.wait(30); this.log.push("section"); });
            })());
            return new Response("");
          }
        """),
    )
    await server.text("/start")
    assert await server.text("/log") == "section"
