"""Point-in-time recovery, as an object's script uses it."""

import asyncio
import json
import threading

import pytest

from tests.inprocess import Server
from tests.objects.test_calls import thing
from tests.storage.past import HeldPages

SCRIPT = thing("""
  constructor(state) { this.state = state; this.storage = state.storage; }
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { storage } = this;
    const { sql, kv } = storage;
    sql.exec("CREATE TABLE IF NOT EXISTS t(v)");
    if (pathname === "/add") {
      sql.exec("INSERT INTO t VALUES (1)");
      kv.put("n", (kv.get("n") ?? 0) + 1);
      await storage.setAlarm(4e12);
    }
    if (pathname === "/mark") return new Response(await storage.getCurrentBookmark());
    if (pathname === "/time") return new Response(await storage.getBookmarkForTime(new Date()));
    if (pathname === "/back") {
      const undo = await storage.onNextSessionRestoreBookmark(searchParams.get("to"));
      this.state.abort(undo);
    }
    const { n } = sql.exec("SELECT count(*) n FROM t").one();
    return Response.json([n, kv.get("n"), await storage.getAlarm()]);
  }
  alarm() {}
""").replace(
    ".fetch(request);",
    ".fetch(request).catch((error) => new Response(error.message));",
)


async def test_an_object_goes_back_in_time_and_forth(server: Server) -> None:
    server.add("main", SCRIPT)
    assert json.loads(await server.text("/add")) == [1, 1, 4_000_000_000_000]
    bookmark = await server.text("/mark")
    await server.text("/add")
    undo = await server.text(f"/back?to={bookmark}")
    assert json.loads(await server.text()) == [1, 1, 4_000_000_000_000]
    await server.text(f"/back?to={undo}")
    assert json.loads(await server.text()) == [2, 2, 4_000_000_000_000]


async def test_a_time_has_a_bookmark(server: Server) -> None:
    server.add("main", SCRIPT)
    await server.text("/add")
    bookmark = await server.text("/mark")
    assert await server.text("/time") == bookmark


async def test_a_bookmark_that_leads_nowhere_is_told(server: Server) -> None:
    server.add("main", SCRIPT)
    assert "no point in time" in await server.text("/back?to=x")


async def test_a_class_without_sqlite_has_no_past(server: Server) -> None:
    server.sources.add_namespace("main", "Thing", use_sqlite=False)
    source = SCRIPT.replace('sql.exec("CREATE TABLE IF NOT EXISTS t(v)");', "")
    server.add("main", source)
    assert "does not implement point-in-time recovery" in await server.text("/mark")


# The constructor reads, as many do: nothing of the object may run before it is back.
LARGE = thing("""
  constructor(ctx) {
    this.ctx = ctx;
    this.began = ctx.storage.kv.get("n") ?? 0;
  }
  async fetch(request) {
    const url = new URL(request.url);
    if (url.searchParams.get("facet")) {
      url.searchParams.delete("facet");
      return this.ctx.facets.get("f", () => ({ class: this.ctx.exports.Thing })).fetch(url);
    }
    const { storage } = this.ctx;
    if (url.pathname === "/mark") return new Response(await storage.getCurrentBookmark());
    if (url.pathname === "/back") {
      await storage.onNextSessionRestoreBookmark(url.searchParams.get("to"));
      this.ctx.abort("back");
    }
    if (url.pathname === "/add") storage.kv.put("n", (storage.kv.get("n") ?? 0) + 1);
    return Response.json([this.began, storage.kv.get("n") ?? 0]);
  }
""").replace(
    ".fetch(request);",
    ".fetch(request).catch((error) => new Response(error.message));",
)


@pytest.mark.parametrize("facet", ["", "facet=1&"])
async def test_calls_wait_for_an_object_that_goes_back_and_others_do_not(
    server: Server, monkeypatch: pytest.MonkeyPatch, facet: str
) -> None:
    server.add("main", LARGE)
    await server.text(f"/add?{facet}")
    bookmark = await server.text(f"/mark?{facet}")
    await server.text(f"/add?{facet}")
    await server.text(f"/back?{facet}to={bookmark}")
    pages = HeldPages(monkeypatch)
    calls = [asyncio.ensure_future(server.text(f"/{n}?{facet}")) for n in range(3)]
    await asyncio.to_thread(pages.reached.wait, 20)
    assert await server.text(f"/add?{facet}name=another") == "[0,1]"
    assert not any(call.done() for call in calls)
    pages.go_on.set()
    assert await asyncio.gather(*calls) == ["[1,1]"] * 3
    assert await server.text(f"/add?{facet}") == "[1,2]"
    assert threading.main_thread() not in pages.threads
