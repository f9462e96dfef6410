"""AsyncLocalStorage among many events of one isolate; what one call sees is compared with
workerd in tests/differential/fixtures/alone/async-context."""

import asyncio
import json

import pytest

from tests.inprocess import Server


async def test_events_do_not_see_each_others_stores(server: Server) -> None:
    server.add(
        "main",
        """
        import { AsyncLocalStorage } from "node:async_hooks";
        const als = new AsyncLocalStorage();
        const waiting = [];
        export default { async fetch(request) {
          const id = new URL(request.url).pathname;
          const seen = new Set();
          const work = async () => {
            for (let i = 0; i < 5; i++) {
              await scheduler.wait(1);
              seen.add(als.getStore());
              await null;
              seen.add(als.getStore());
            }
          };
          // Every other event has no store at all.
          if (id.endsWith("0")) await work();
          else await als.run(id, work);
          seen.add(als.getStore() ?? "after: none");
          return Response.json([...seen].map((store) => store ?? "none"));
        } };
        """,
    )
    told = await asyncio.gather(*(server.text(f"/{n // 2}{n % 2}") for n in range(20)))
    for n, text in enumerate(told):
        own = "none" if n % 2 == 0 else f"/{n // 2}1"
        assert json.loads(text) == [own, "after: none"]


async def test_nothing_watches_promises_before_the_first_store_is_entered(server: Server) -> None:
    server.add(
        "main",
        """
        import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
        const als = new AsyncLocalStorage();
        const watched = () =>
          "get" in Object.getOwnPropertyDescriptor(Promise.prototype, "constructor");
        export default { async fetch() {
          new AsyncResource("x").runInAsyncScope(() => als.getStore());
          await null;
          const before = watched();
          als.run(1, () => {});
          return Response.json([before, watched()]);
        } };
        """,
    )
    assert await server.text() == "[false,true]"


@pytest.mark.slow
async def test_stores_are_let_go_with_what_they_followed(server: Server) -> None:
    server.add(
        "main",
        """
        import { AsyncLocalStorage } from "node:async_hooks";
        const als = new AsyncLocalStorage();
        export default { async fetch() {
          await als.run(new Uint8Array(100_000), async () => {
            for (let i = 0; i < 20; i++) {
              await null;
              await { then: (resolve) => resolve() };
              new Promise(() => {});
              await new Promise((resolve) => setTimeout(resolve, 0));
            }
          });
          return new Response("ok");
        } };
        """,
    )
    isolate = server.runtime.worker("main").host.isolate

    async def used_after(count: int) -> int:
        for _ in range(count):
            await server.text()
        isolate.collect_garbage()
        return isolate.memory_used()

    before = await used_after(5)
    assert await used_after(30) - before < 150_000


async def test_rejections_that_nobody_handles_are_still_told(server: Server) -> None:
    server.add(
        "main",
        """
        import { AsyncLocalStorage } from "node:async_hooks";
        const als = new AsyncLocalStorage();
        export default { async fetch() {
          als.run(1, () => { Promise.reject(new Error("unhandled")); });
          als.run(2, async () => { await null; throw new Error("late"); });
          als.run(3, () => { Promise.reject(new Error("handled")).catch(() => {}); });
          await scheduler.wait(1);
          return new Response("ok");
        } };
        """,
    )
    await server.text()
    told = "\n".join(server.lines)
    assert "unhandled" in told and "late" in told and "Error: handled" not in told
