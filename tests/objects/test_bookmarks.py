"""Point-in-time recovery, as an object's script uses it."""

import json

from tests.inprocess import Server
from tests.objects.test_calls import thing

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
