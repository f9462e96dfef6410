"""D1 databases as scripts see them; tests/differential/test_d1.py has all that Miniflare shows."""

import json

import pytest

from holdfast.catalog import D1
from tests.inprocess import Server

# Each case is a function of the database; the Worker answers with what it returns or throws.
SOURCE = """
import { DurableObject } from "cloudflare:workers";

const cases = {
  async documented(db) {
    await db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)");
    const [made] = await db.batch([
      db.prepare("INSERT INTO t (name) VALUES (?)").bind("Ada"),
      db.prepare("INSERT INTO t (name) VALUES (?1)").bind("Bob"),
    ]);
    const { duration, served_by, ...meta } = made.meta;
    const all = await db.prepare("SELECT * FROM t WHERE name <> ?").bind("Cid").all();
    return [
      made.success, meta, served_by, all.results,
      await db.prepare("SELECT name FROM t").first("name"),
      await db.prepare("SELECT id, name FROM t").raw({ columnNames: true }),
      (await db.prepare("DELETE FROM t").run()).meta.changes,
    ];
  },
  async nested(db) {
    let value = 1;
    for (let depth = 0; depth < 3000; depth++) value = [value];
    const told = [];
    for (const statement of [db.prepare("SELECT ?"), db.prepare(value)]) {
      statement.params = [value];
      told.push(await statement.first().catch(String), await db.batch([statement]).catch(String));
    }
    return [...new Set(told)];
  },
  async blob(db) {
    return (await db.prepare("SELECT ? AS b").bind(new Uint8Array([1, 255])).first("b"));
  },
  async changes(db) {
    await db.exec("CREATE TABLE c (a)");
    await db.prepare("INSERT INTO c VALUES (1), (2)").run();
    return [await db.prepare("SELECT changes() AS n").first("n"), await db.prepare("SELECT changes() AS n").first("n")];
  },
  async session(db) {
    const session = db.withSession("first-primary");
    const before = session.getBookmark();
    await session.prepare("SELECT 1").run();
    const first = session.getBookmark();
    await session.prepare("CREATE TABLE s (a)").run();
    return [before, first, session.getBookmark()];
  },
  sql: (db) => db.prepare("SELEC").all(),
  execs: (db) => db.exec("SELEC"),
  type: async (db) => db.prepare("SELECT ?").bind(undefined).all(),
  column: (db) => db.prepare("SELECT 1 AS a").first("b"),
  begin: (db) => db.prepare("BEGIN").run(),
  clone: async (db) => structuredClone(db),
  cause: (db) => db.prepare("SELEC").all().catch((error) => error.cause.message),
  broken: (db) => db.batch([{ statement: 5 }]),
  object: (_, env) => env.Holder.getByName("one").go(),
};

export class Holder extends DurableObject {
  async go() {
    const { results } = await this.env.DB.prepare("SELECT 'here' AS v").all();
    this.ctx.storage.kv.put("seen", results[0].v);
    return this.ctx.storage.kv.get("seen");
  }
}

export default {
  async fetch(request, env) {
    try {
      return Response.json(await cases[new URL(request.url).pathname.slice(1)](env.DB, env) ?? null);
    } catch (error) {
      return Response.json(`${error.name}: ${error.message}`);
    }
  },
};
"""

META = {
    "changes": 1,
    "last_row_id": 1,
    "changed_db": True,
    "size_after": 12288,
    "rows_read": 0,
    "rows_written": 1,
}
SYNTAX = 'near "SELEC": syntax error at offset 0: SQLITE_ERROR'
ANSWERS = {
    "documented": [
        *[True, META, "holdfast", [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]],
        *["Ada", [["id", "name"], [1, "Ada"], [2, "Bob"]], 2],
    ],
    "nested": ["Error: D1_ERROR: A parameter is nested too deeply"],
    "blob": [1, 255],
    "changes": [2, 2],
    "session": [None, *[f"00000000-0000000{n}-00000000-{0:032}" for n in (0, 1)]],
    "sql": f"Error: D1_ERROR: {SYNTAX}",
    "execs": f"Error: D1_EXEC_ERROR: Error in line 1: SELEC: {SYNTAX}",
    "type": "Error: D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
    "column": "Error: D1_COLUMN_NOTFOUND: Column not found (b)",
    "cause": SYNTAX,
    "object": "here",
}


@pytest.fixture
async def server(tmp_path):
    async with Server(tmp_path) as server:
        server.add("one", SOURCE, bindings=(D1("DB", "id-of-one"),))
        yield server


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_database_does_what_is_documented(server, case):
    assert json.loads(await server.text(f"/{case}", script="one")) == ANSWERS[case]


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("begin", "Error: D1_ERROR: To execute a transaction, please use"),
        ("clone", "DataCloneError"),
        ("broken", "Error: D1_ERROR: "),
    ],
)
async def test_what_is_refused_is_told(server, case, told):
    assert json.loads(await server.text(f"/{case}", script="one")).startswith(told)


async def test_scripts_share_a_database_by_its_id_alone(server):
    server.add("same", SOURCE, bindings=(D1("DB", "id-of-one"),))
    server.add("other", SOURCE, bindings=(D1("DB", "id-of-other"),))
    await server.text("/documented", script="one")
    assert "already exists" in await server.text("/documented", script="same")
    assert json.loads(await server.text("/documented", script="other"))[0] is True
