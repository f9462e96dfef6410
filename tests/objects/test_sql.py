"""`storage.sql`, `storage.kv` and `transactionSync`, as an object's script uses them."""

from pathlib import Path
from typing import Any

import pytest

from holdfast.storage import Sql
from tests.inprocess import Server
from tests.objects.test_calls import thing


def object_that(body: str) -> str:
    """A script whose objects do this with `storage`, `sql` and `kv`, and answer what it returns."""
    return thing(
        "constructor({ storage }) { this.storage = storage; }"
        "async fetch(request) { const { storage } = this; const { sql, kv } = storage;"
        "const { pathname } = new URL(request.url);" + body + "}"
    )


async def test_rows_come_back_as_they_were_stored(server: Server) -> None:
    server.add(
        "main",
        object_that("""
          sql.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, data BLOB)");
          sql.exec("INSERT INTO t VALUES (?, ?, ?), (2, NULL, NULL)", 1, "one", new Uint8Array([1, 2]));
          const rows = sql.exec("SELECT * FROM t ORDER BY id").toArray();
          rows[0].data = [...new Uint8Array(rows[0].data)];
          return Response.json(rows);
        """),
    )
    assert await server.text() == (
        '[{"id":1,"name":"one","data":[1,2]},{"id":2,"name":null,"data":null}]'
    )


async def test_many_rows_with_blobs_come_back_whole(server: Server) -> None:
    server.add(
        "main",
        object_that("""
          sql.exec("CREATE TABLE t(n, b)");
          storage.transactionSync(() => {
            for (let i = 0; i < 2000; i++) {
              sql.exec("INSERT INTO t VALUES (?, ?)", i, new Uint8Array([i & 255, i >> 8]));
            }
          });
          const cursor = sql.exec("SELECT n, b FROM t ORDER BY n");
          const good = [...cursor.toArray()].every(({ n, b }) => {
            const [low, high] = new Uint8Array(b);
            return b.byteLength === 2 && low + 256 * high === n;
          });
          return Response.json([good, sql.exec("SELECT count(*) n FROM t").one().n]);
        """),
    )
    assert await server.text() == "[true,2000]"


async def test_a_loop_over_rows_sees_what_it_changes_and_asks_for_many_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetches = 0
    fetch = Sql.fetch

    def counted(*arguments: Any) -> Any:
        nonlocal fetches
        fetches += 1
        return fetch(*arguments)

    monkeypatch.setattr(Sql, "fetch", counted)
    server.add(
        "main",
        object_that("""
          sql.exec("CREATE TABLE t(n); CREATE TABLE u(n)");
          const numbers = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000) ";
          sql.exec(numbers + "INSERT INTO t SELECT n FROM r");
          const seen = [];
          for (const { n } of sql.exec("SELECT n FROM t")) {
            seen.push(n);
            kv.put("last", n);
            if (pathname === "/change" && n === 500) {
              sql.exec("DELETE FROM t WHERE n BETWEEN 501 AND 990");
            }
          }
          let other = 0;
          for (const [n] of sql.exec("SELECT n FROM t WHERE n > ?", 100).raw()) {
            other += sql.exec("SELECT count(*) c FROM t WHERE n = ?", n).one().c;
          }
          sql.exec("DROP TABLE t; DROP TABLE u");
          return Response.json([seen.length, seen.at(-11), other]);
        """),
    )
    assert await server.text("/read") == "[1000,990,900]"
    assert fetches < 20
    assert await server.text("/change") == "[511,501,410]"


async def test_a_query_that_never_ends_ends_with_its_turn(server: Server) -> None:
    server.add(
        "main",
        object_that("""
          kv.put("n", (kv.get("n") ?? 0) + 1);
          if (pathname === "/count") return new Response(kv.get("n"));
          await storage.sync();
          const endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) ";
          for (;;) try { sql.exec(endless + "SELECT count(*) FROM c"); } catch {}
        """),
    )
    answer = await server.fetch("/endless")
    assert answer.status == 500
    assert await server.text("/count") == "2"


async def test_a_class_without_sqlite_is_refused_sql(server: Server) -> None:
    server.sources.add_namespace("main", "Thing", use_sqlite=False)
    server.add(
        "main",
        object_that("""
          const texts = [];
          for (const use of [() => sql.exec("SELECT 1"), () => sql.databaseSize, () => kv.get("a")]) {
            try { use(); } catch (error) { texts.push(error.message.slice(0, 52)); }
          }
          await storage.put("a", 1);
          return Response.json([...texts, await storage.get("a")]);
        """),
    )
    assert await server.text() == (
        '["SQL is not enabled for this Durable Object class. To",'
        '"SQL is not enabled for this Durable Object class. To",'
        '"The storage.kv (synchronous KV) API is only availabl",1]'
    )


async def test_cursors_that_nobody_reads_are_closed(server: Server) -> None:
    server.add(
        "main",
        object_that("""
          if (pathname === "/drop") {
            sql.exec("DROP TABLE t");
            return new Response("dropped");
          }
          sql.exec("CREATE TABLE t(n); INSERT INTO t VALUES (1), (2), (3)");
          for (let i = 0; i < 3000; i++) sql.exec("SELECT n FROM t").next();
          return new Response("read");
        """),
    )
    assert await server.text() == "read"
    assert await server.text("/drop") == "dropped"


async def test_an_object_that_was_reset_has_no_sql_any_more(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state) { this.state = state; }
          fetch() {
            const { state } = this;
            const { sql } = state.storage;
            sql.exec("CREATE TABLE IF NOT EXISTS t(n)");
            const rows = sql.exec("SELECT 1 n UNION ALL SELECT 2");
            globalThis.seen = [];
            queueMicrotask(() => {
              for (const use of [() => sql.exec("SELECT 1"), () => rows.toArray(),
                  () => state.storage.transactionSync(() => 1)]) {
                try { use(); seen.push("worked"); } catch (error) { seen.push("threw"); }
              }
            });
            state.abort("enough");
          }
        """).replace(
            "const url", "if (request.url.endsWith('/seen')) return Response.json(seen); const url"
        ),
    )
    assert (await server.fetch("/")).status == 500
    assert await server.text("/seen") == '["threw","threw","threw"]'


async def test_the_next_call_in_the_same_breath_finds_a_new_object(server: Server) -> None:
    server.add(
        "main",
        """
        export class Thing {
          constructor({ storage }) { this.storage = storage; }
          async fetch(request) {
            const { storage } = this;
            storage.sql.exec("CREATE TABLE IF NOT EXISTS t(v UNIQUE)");
            if (request.url.endsWith("break")) {
              await storage.sync();
              storage.put("k", 1);
              storage.sql.exec("INSERT INTO t VALUES (1)");
              try { storage.sql.exec("INSERT OR ROLLBACK INTO t VALUES (1)"); } catch {}
              return new Response("never said");
            }
            return Response.json([(await storage.get("k")) ?? null]);
          }
        }
        export default {
          async fetch(request, { Thing }) {
            const ask = (path) => Thing.get(Thing.idFromName("x")).fetch("http://x/" + path);
            const seen = [];
            for (const path of ["get", "break", "get"]) {
              seen.push(await ask(path).then((answer) => answer.json(), (error) => error.durableObjectReset));
            }
            return Response.json(seen);
          }
        };
        """,
    )
    assert await server.text() == "[[null],true,[null]]"


async def test_sql_is_there_after_a_restart(tmp_path: Path) -> None:
    script = object_that("""
      sql.exec("CREATE TABLE IF NOT EXISTS hits(n INTEGER PRIMARY KEY)");
      sql.exec("INSERT INTO hits DEFAULT VALUES");
      return new Response(sql.exec("SELECT max(n) n FROM hits").one().n);
    """)
    for expected in ("1", "2"):
        async with Server(tmp_path) as server:
            server.add("main", script)
            assert await server.text() == expected


async def test_an_object_that_is_full_fails_as_on_cloudflare_and_goes_on(tmp_path: Path) -> None:
    async with Server(tmp_path, object_bytes=1_000_000) as server:
        server.add(
            "main",
            """
            export class Thing {
              constructor({ storage }) { this.storage = storage; }
              async fetch(request) {
                const { storage, storage: { sql, kv } } = this;
                const errors = [];
                const attempt = async (step) => {
                  try { await step(); } catch (error) { errors.push(String(error)); }
                };
                switch (new URL(request.url).pathname) {
                  case "/sql":
                    sql.exec("CREATE TABLE IF NOT EXISTS t(v)");
                    sql.exec("INSERT INTO t VALUES (1)");
                    await storage.sync();
                    sql.exec("INSERT INTO t VALUES (2)");
                    await attempt(() => sql.exec("INSERT INTO t VALUES (zeroblob(2000000))"));
                    await attempt(() => sql.exec("INSERT INTO t VALUES (3)"));
                    console.log(errors.join());
                    return new Response("not sent");
                  case "/put":
                    await attempt(() => storage.put("k", new Uint8Array(2000000)));
                    console.log(errors.join());
                    return new Response("not sent");
                  case "/fill":
                    for (let i = 0; i < 9; i++) kv.put(`k${i}`, new Uint8Array(100000));
                    await storage.sync();
                    return new Response("filled");
                  case "/free":
                    return new Response(await storage.delete(["k0", "k1", "k2"]));
                }
                return Response.json(sql.exec("SELECT v FROM t").raw().toArray());
              }
            }
            import { exports } from "cloudflare:workers";
            export default {
              async fetch(request) {
                try { return await exports.Thing.getByName("A").fetch(request); }
                catch (error) { return new Response(`caught ${error}`); }
              },
            };
            """,
        )
        full = "Error: database or disk is full: SQLITE_FULL"
        assert await server.text("/sql") == f"caught {full}"
        assert await server.text("/put") == f"caught {full}"
        assert server.lines == [f"main log: {full},{full}", f"main log: {full}"]
        assert await server.text("/") == "[[1]]"
        assert await server.text("/fill") == "filled"
        assert await server.text("/fill") == "filled", "in the same place there is room"
        assert await server.text("/put") == f"caught {full}"
        assert await server.text("/free") == "3"
        assert await server.text("/fill") == "filled"


async def test_constraints_that_are_put_off_are_so_until_the_turn_ends(server: Server) -> None:
    source = object_that("""
      if (pathname === "/setup") {
        sql.exec("CREATE TABLE parent(a PRIMARY KEY); CREATE TABLE kid(a REFERENCES parent(a))");
        return new Response("made");
      }
      sql.exec("PRAGMA defer_foreign_keys=on");
      kv.put("a value", 1);
      sql.exec("INSERT INTO kid VALUES (1)");
      sql.exec("INSERT INTO parent VALUES (1)");
      return new Response("written");
    """)
    server.add("main", source)
    assert await server.text("/setup") == "made"
    server.add("main", source)  # so that the object is opened anew
    assert await server.text() == "written"
