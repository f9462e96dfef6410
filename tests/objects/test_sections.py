"""Gates under unusual use: sections left open, late timers, foreign turns."""

import asyncio

from tests.inprocess import Server
from tests.objects.test_calls import thing
from tests.patience import PATIENCE_S


async def quick(server: Server, path: str = "/") -> str:
    async with asyncio.timeout(PATIENCE_S):
        return await server.text(path)


async def test_a_timer_set_in_a_section_may_open_one_after_that_section_has_closed(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) {
            this.state = state;
            state.blockConcurrencyWhile(async () => {
              this.later = new Promise((resolve) => setTimeout(async () => {
                resolve(await state.storage.transaction(async (txn) => 7));
              }, 20));
            });
          }
          async fetch() { return new Response(await this.later); }
        """),
    )
    assert await quick(server) == "7"


async def test_a_section_that_does_not_wait_for_the_one_inside_it_still_ends(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          log = [];
          constructor(state) { this.state = state; }
          async fetch() {
            await this.state.blockConcurrencyWhile(async () => {
              this.state.blockConcurrencyWhile(async () => { await scheduler.wait(5); this.log.push("inner"); });
              this.state.blockConcurrencyWhile(async () => { await scheduler.wait(5); this.log.push("second"); });
              this.log.push("outer");
            });
            return new Response(this.log.join());
          }
        """),
    )
    assert await quick(server) == "outer,inner,second"
    assert await quick(server) == "outer,inner,second,outer,inner,second"


async def test_a_transaction_commits_after_the_one_inside_it_that_it_does_not_wait_for(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.storage = state.storage; }
          async fetch() {
            const { storage } = this;
            await storage.transaction(async (txn) => {
              await txn.put("outer", 1);
              storage.transaction(async (inner) => {
                await inner.put("inner", 1);
                await scheduler.wait(10);
                throw new Error("inner fails");
              }).catch(() => {});
              await scheduler.wait(1);
            });
            return Response.json([...await storage.list()]);
          }
        """),
    )
    assert await quick(server) == '[["outer",1]]'


async def test_code_after_sync_runs_as_the_object_that_asked(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, { Thing }) {
            const [a, b] = ["A", "B"].map((name) => Thing.get(Thing.idFromName(name)));
            const answers = await Promise.all([a.fetch("http://x/sync"), b.fetch("http://x/block")]);
            return new Response((await Promise.all(answers.map((r) => r.text()))).join());
          }
        }
        const log = [];
        export class Thing {
          constructor(state) { this.state = state; }
          async fetch(request) {
            const { state } = this;
            if (request.url.endsWith("/sync")) {
              await state.storage.put("x", 1);
              await state.storage.sync();
              // B's gate is closed now; a timer of A must not wait for it.
              await new Promise((resolve) => setTimeout(resolve, 1));
              log.push("A");
              return new Response(log.join());
            }
            await state.blockConcurrencyWhile(async () => { await scheduler.wait(300); log.push("B"); });
            return new Response("");
          }
        }
        """,
    )
    assert (await quick(server)).startswith("A")


async def test_a_write_after_rollback_in_the_closure_holds_the_response(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.storage = state.storage; }
          async fetch() {
            await this.storage.transaction(async (txn) => { txn.rollback(); await this.storage.put("k", 1); });
            return new Response("ok");
          }
        """),
    )
    await quick(server)
    (record,) = server.runtime.directory._by_id.values()
    assert record.store.durable >= record.store.written


async def test_a_section_nested_too_deeply_does_not_keep_the_object_in_memory(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.state = state; }
          async fetch() {
            const nest = (n) => this.state.blockConcurrencyWhile(() => n ? nest(n - 1) : 1).catch((e) => e.message);
            return new Response(await nest(70));
          }
        """),
    )
    assert "too deeply" in await quick(server)


async def test_an_abort_that_the_constructor_catches_runs_no_handler(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, { Thing }) {
          try { return await Thing.get(Thing.idFromName("A")).fetch(request); }
          catch (e) { return new Response(e.message); }
        } }
        export class Thing {
          constructor(state) { try { state.abort("enough"); } catch {} }
          fetch() { console.log("handler ran"); return new Response("answered"); }
        }
        """,
    )
    assert await quick(server) == "enough"
    assert not server.lines


async def test_a_thenable_that_throws_fails_its_call_only(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, { Thing }) {
          try { return await Thing.get(Thing.idFromName("A")).fetch(request); }
          catch (e) { return new Response(e.message); }
        } }
        export class Thing {
          constructor(state) { this.state = state; }
          async fetch(request) { return new Response("fine"); }
        }
        const { fetch } = Thing.prototype;
        Thing.prototype.fetch = function (request) {
          if (request.url.endsWith("/bad")) return { get then() { throw new Error("no then"); } };
          if (request.url.endsWith("/section")) {
            return this.state.blockConcurrencyWhile(() => ({ get then() { throw new Error("no then"); } }));
          }
          return fetch.call(this, request);
        };
        """,
    )
    assert await quick(server, "/bad") == "no then"
    assert await quick(server, "/section") == "no then"
    assert await quick(server) == "fine"
