"""Input gates, output gates, transactions: what may come in between."""

import asyncio
from collections import Counter

from tests.inprocess import Server
from tests.objects.test_calls import thing


async def test_get_then_put_counts_each_request_once(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.storage = state.storage; }
          async fetch() {
            const value = (await this.storage.get("n") ?? 0) + 1;
            await this.storage.put("n", value);
            return new Response(value);
          }
        """),
    )
    answers = await asyncio.gather(*(server.text() for _ in range(50)))
    assert sorted(map(int, answers)) == list(range(1, 51))


async def test_requests_wait_for_block_concurrency_while_in_the_constructor(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) {
            state.blockConcurrencyWhile(async () => { await scheduler.wait(20); this.ready = true; });
          }
          fetch() { return new Response(String(this.ready)); }
        """),
    )
    assert await asyncio.gather(*(server.text() for _ in range(5))) == ["true"] * 5


async def test_a_critical_section_returns_its_callbacks_value_and_others_wait(
    server: Server,
) -> None:
    server.add(
        "main",
        thing("""
          log = [];
          constructor(state) { this.state = state; }
          async fetch(request) {
            const path = new URL(request.url).pathname;
            if (path === "/block") {
              const value = await this.state.blockConcurrencyWhile(async () => {
                this.log.push("in"); await scheduler.wait(30); this.log.push("out"); return 7;
              });
              return new Response(value);
            }
            this.log.push("other");
            return new Response(this.log.join());
          }
        """),
    )
    await server.text("/warm")
    block, other = await asyncio.gather(server.text("/block"), server.text("/other"))
    assert block == "7" and other in ("other,in,out,other", "other,other")


async def test_nested_critical_sections_run_inside_their_parent(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.state = state; }
          async fetch() {
            const log = [];
            const { state } = this;
            await Promise.all([
              state.blockConcurrencyWhile(async () => {
                log.push("a1");
                await state.blockConcurrencyWhile(async () => { log.push("b1"); await scheduler.wait(5); log.push("b2"); });
                log.push("a2");
              }),
              state.blockConcurrencyWhile(async () => { log.push("c"); }),
            ]);
            return new Response(log.join());
          }
        """),
    )
    assert await server.text() == "a1,b1,b2,a2,c"


async def test_a_critical_section_that_throws_resets_the_object(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, env) {
          try { return await env.Thing.get(env.Thing.idFromName("A")).fetch(request); }
          catch (e) { return new Response("caught " + e.message); }
        } }
        export class Thing {
          n = 0;
          constructor(state) { this.state = state; }
          async fetch(request) {
            this.n++;
            if (request.url.endsWith("/fail")) {
              await this.state.blockConcurrencyWhile(async () => { throw new Error("broken"); });
            }
            return new Response(this.n);
          }
        }
        """,
    )
    assert await server.text() == "1"
    assert await server.text("/fail") == "caught broken"
    assert await server.text() == "1"


TRANSACTIONS = """
  runs = 0;
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const { storage } = this;
    if (pathname === "/add") {
      const value = await storage.transaction(async (txn) => {
        this.runs++;
        const old = await txn.get("n") ?? 0;
        await scheduler.wait(2);
        await txn.put("n", old + 1);
        return old + 1;
      });
      return new Response(value);
    }
    if (pathname === "/rollback") {
      const told = [];
      await storage.transaction(async (txn) => {
        await txn.put("n", 999);
        txn.rollback();
        txn.rollback();
        try { await txn.get("n"); } catch (e) { told.push(e.message); }
      });
      return new Response(told.join());
    }
    if (pathname === "/throw") {
      try { await storage.transaction(async (txn) => { await txn.put("n", 998); throw new Error("oops"); }); }
      catch (e) { return new Response(e.message + this.runs); }
    }
    if (pathname === "/late") {
      let kept;
      await storage.transaction(async (txn) => { kept = txn; });
      try { await kept.get("n"); } catch (e) { return new Response(e.message); }
    }
    if (pathname === "/plain") {
      const running = storage.transaction(async (txn) => {
        const before = await txn.get("n"); await scheduler.wait(5); return before === await txn.get("n");
      });
      await storage.put("n", 50);
      return new Response(await running);
    }
    return new Response(await storage.get("n"));
  }
"""


async def test_overlapping_transactions_never_read_the_same_value(server: Server) -> None:
    server.add("main", thing(TRANSACTIONS))
    answers = await asyncio.gather(*(server.text("/add") for _ in range(20)))
    assert sorted(map(int, answers)) == list(range(1, 21))


async def test_rollback_and_throw_leave_storage_as_it_was(server: Server) -> None:
    server.add("main", thing(TRANSACTIONS))
    await server.text("/add")
    assert await server.text("/rollback") == "Cannot get() on rolled back transaction"
    assert await server.text("/throw") == "oops1"
    assert await server.text() == "1"


async def test_a_transaction_is_of_no_use_after_its_end(server: Server) -> None:
    server.add("main", thing(TRANSACTIONS))
    assert await server.text("/late") == (
        "Cannot call get() on transaction that has already committed: "
        "did you move `txn` outside of the closure?"
    )


async def test_a_plain_write_is_before_or_after_a_transaction(server: Server) -> None:
    server.add("main", thing(TRANSACTIONS))
    assert await server.text("/plain") == "true"


async def test_responses_wait_for_the_writes_before_them(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.storage = state.storage; }
          async fetch() {
            this.storage.put("a", 1);
            return new Response("ok");
          }
        """),
    )
    await asyncio.gather(*(server.text(f"/?name={i % 4}") for i in range(40)))
    counted = Counter(
        record.store.durable >= record.store.written
        for record in server.runtime.directory._by_id.values()
    )
    assert counted == {True: 4}
