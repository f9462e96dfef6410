// D1 as scripts see it. What a clock or chance decides, and who served it, is left out.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { observe } from "./observe.mjs";

const plain = (result) => {
  const { meta: { served_by, duration, rows_read, rows_written, ...meta }, ...rest } = result;
  return { ...rest, meta, keys: [Object.keys(result), Object.keys(result.meta)], told: [served_by, duration, rows_read, rows_written].map((value) => typeof value) };
};
const rows = async (statement) => {
  const { rows_read, rows_written } = (await statement.run()).meta;
  return [rows_read, rows_written];
};
const told = (error) => [error.constructor.name, error.message, error.cause?.constructor.name, error.cause?.message];
const one = (db, sql, ...params) => db.prepare(sql).bind(...params).first("v");
const refused = (db, sql) => db.prepare(sql).run().then(plain, told);

const shapes = {
  // So that what counts bookmarks is there on both sides.
  "the first": async (db) => (await db.batch([db.prepare("CREATE TABLE first (a)"), db.prepare("INSERT INTO first VALUES (1), (2)")])).length,
  "create": async (db) => plain(await db.prepare("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)").run()),
  "insert": async (db) => plain(await db.prepare("INSERT INTO people (name, age) VALUES (?, ?)").bind("Ada", 36).run()),
  "insert many": async (db) => plain(await db.prepare("INSERT INTO people (name, age) VALUES (?1, ?2), (?3, ?2)").bind("Bob", 5, "Cid").run()),
  "select": async (db) => plain(await db.prepare("SELECT * FROM people").all()),
  "select by run": async (db) => plain(await db.prepare("SELECT name FROM people WHERE age = ?").bind(5).run()),
  "select nothing": async (db) => plain(await db.prepare("SELECT * FROM people WHERE id = 99").all()),
  "index": async (db) => plain(await db.prepare("CREATE INDEX by_age ON people (age)").run()),
  "insert with an index": async (db) => plain(await db.prepare("INSERT INTO people (name, age) VALUES ('Dan', 7)").run()),
  "update": async (db) => plain(await db.prepare("UPDATE people SET age = age + 1 WHERE name = 'Ada'").run()),
  "update nothing": async (db) => plain(await db.prepare("UPDATE people SET age = 1 WHERE name = 'Zoe'").run()),
  "update a name": async (db) => plain(await db.prepare("UPDATE people SET name = 'Cyd' WHERE name = 'Cid'").run()),
  "upsert": async (db) => plain(await db.prepare("INSERT INTO people (id, name) VALUES (1, 'Eve') ON CONFLICT DO UPDATE SET name = excluded.name RETURNING id, name").all()),
  "returning": async (db) => plain(await db.prepare("INSERT INTO people (name) VALUES ('Fay') RETURNING *").all()),
  "returning one": (db) => db.prepare("INSERT INTO people (name) VALUES ('Guy') RETURNING id, name").first(),
  "delete": async (db) => plain(await db.prepare("DELETE FROM people WHERE id > 4").run()),
  "count": async (db) => plain(await db.prepare("SELECT count(*) AS n FROM people").all()),
  "first": (db) => db.prepare("SELECT * FROM people ORDER BY id").first(),
  "first of a column": (db) => db.prepare("SELECT * FROM people ORDER BY id").first("name"),
  "first of a null": (db) => db.prepare("SELECT NULL AS v").first("v"),
  "first of nothing": (db) => db.prepare("SELECT * FROM people WHERE id = 99").first(),
  "first of no column": (db) => db.prepare("SELECT * FROM people").first("none").catch(told),
  "first of nothing's column": (db) => db.prepare("SELECT * FROM people WHERE id = 99").first("name"),
  "raw": (db) => db.prepare("SELECT id, name FROM people ORDER BY id").raw(),
  "raw with names": (db) => db.prepare("SELECT id, name FROM people ORDER BY id").raw({ columnNames: true }),
  "raw of nothing with names": (db) => db.prepare("SELECT id, name FROM people WHERE id = 99").raw({ columnNames: true }),
  "raw of a write": (db) => db.prepare("UPDATE people SET age = 5").raw(),
  "columns of one name": async (db) => [await db.prepare("SELECT 1 AS a, 2 AS a, 3 AS b").raw({ columnNames: true }), await db.prepare("SELECT 1 AS a, 2 AS a, 3 AS b").all().then(plain)],
  "odd names of columns": async (db) => (await db.prepare("SELECT 1 AS [__proto__], 2 AS [], 3, 'x' AS [a b]").all()).results,
  "a statement twice": async (db) => {
    const statement = db.prepare("SELECT ? AS v");
    return [await statement.bind(1).first("v"), await statement.bind("b").first("v"), statement.params];
  },
  "what a statement shows": (db) => {
    const statement = db.prepare("SELECT ?").bind(new Uint8Array([1, 2]), true, null, "s", 1.5);
    return [Object.keys(statement), statement.statement, statement.params, statement.constructor.name];
  },
  "names": (db) => [db.constructor.name, db.withSession().constructor.name, Object.prototype.toString.call(db), Object.keys(db)],
  "members": (db) => [db, db.withSession(), db.prepare("")].map((o) => Object.getOwnPropertyNames(Object.getPrototypeOf(o)).filter((name) => !name.startsWith("_")).sort()),
  "last rowid": async (db) => [await one(db, "SELECT last_insert_rowid() AS v"), (await db.prepare("SELECT 1").all()).meta.last_row_id],
  "rows counted": async (db) => {
    await db.exec("CREATE TABLE counted (id INTEGER PRIMARY KEY, t TEXT)");
    const seen = [];
    for (const sql of ["INSERT INTO counted (t) VALUES ('a'), ('b'), ('c'), ('d')", "SELECT * FROM counted", "SELECT * FROM counted WHERE t = 'b'", "SELECT * FROM counted WHERE id = 3", "SELECT count(*) FROM counted", "CREATE INDEX by_t ON counted (t)", "INSERT INTO counted (t) VALUES ('e')", "SELECT * FROM counted WHERE t = 'e'", "UPDATE counted SET t = 'f' WHERE id = 1", "DELETE FROM counted WHERE id = 2"]) {
      seen.push([sql, await rows(db.prepare(sql))]);
    }
    return seen;
  },
};

const types = {
  "null": (db) => one(db, "SELECT ? AS v", null),
  "undefined": async (db) => one(db, "SELECT ? AS v", undefined).catch(told),
  "numbers": (db) => Promise.all([1, -1.5, 0, -0, 2 ** 53, 1e21, 1e-7, Number.MAX_VALUE].map((n) => one(db, "SELECT ? AS v", n))),
  "no numbers": (db) => Promise.all([NaN, Infinity, -Infinity].map((n) => one(db, "SELECT ? AS v", n))),
  "types of numbers": (db) => Promise.all([1, 1.5].map((n) => one(db, "SELECT typeof(?) AS v", n))),
  "large integers": (db) => one(db, "SELECT 9223372036854775807 AS v"),
  "infinite": (db) => one(db, "SELECT 9e999 AS v"),
  "minus zero": (db) => one(db, "SELECT -0.0 AS v"),
  "booleans": (db) => Promise.all([one(db, "SELECT ? AS v", true), one(db, "SELECT ? AS v", false)]),
  "strings": (db) => Promise.all(["", "é🙂", "a\0b", "\ud800x"].map((s) => one(db, "SELECT ? AS v", s))),
  "blobs": (db) => Promise.all([new Uint8Array([0, 255]), new Uint8Array([1, 2, 3]).buffer, [4, 5], new Uint8Array()].map((b) => one(db, "SELECT ? AS v", b))),
  "types of blobs": (db) => Promise.all([new Uint8Array([0, 255]), [], [4, 5]].map((b) => one(db, "SELECT typeof(?) AS v", b))),
  "views": (db) => Promise.all([new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new Uint16Array([1, 258]), new Float32Array([1.5, -1]), new DataView(new ArrayBuffer(2))].map((b) => one(db, "SELECT ? AS v", b))),
  "fractions in a list": (db) => one(db, "SELECT ? AS v", [1.7, 255.9]),
  "a list that is none of bytes": async (db) => one(db, "SELECT ? AS v", [256]).catch(told),
  "bigint": async (db) => one(db, "SELECT ? AS v", 1n).catch(told),
  "object": async (db) => one(db, "SELECT ? AS v", { a: 1 }).catch(told),
  "function": async (db) => one(db, "SELECT ? AS v", () => 1).catch(told),
  "symbol": async (db) => one(db, "SELECT ? AS v", Symbol("s")).catch((error) => error.name),
  "date": async (db) => one(db, "SELECT ? AS v", new Date(0)).catch((error) => error.message.slice(0, 50)),
  "bigints in a view": async (db) => one(db, "SELECT ? AS v", new BigInt64Array(1)).catch((error) => error.constructor.name),
  "numbered": (db) => db.prepare("SELECT ?2 AS a, ?1 AS b, ?2 AS c").bind(1, 2).first(),
  "named": (db) => db.prepare("SELECT :a AS v").bind(1).first().catch(told),
  "affinity": async (db) => {
    await db.prepare("CREATE TABLE affinity (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, a)").run();
    await db.prepare("INSERT INTO affinity VALUES (?1, ?1, ?1, ?1, ?1, ?1), (?2, ?2, ?2, ?2, ?2, ?2)").bind(5, "7.50").run();
    return db.prepare("SELECT i, typeof(i), r, typeof(r), t, typeof(t), b, typeof(b), n, typeof(n), a, typeof(a) FROM affinity").raw();
  },
  "too few": (db) => db.prepare("SELECT ?, ?").bind(1).all().catch(told),
  "too many": (db) => db.prepare("SELECT ?").bind(1, 2).all().catch(told),
  "none of one": (db) => db.prepare("SELECT ?").all().catch(told),
  "a hundred": async (db) => (await db.prepare(`SELECT ${Array(100).fill("?").join("+")} AS v`).bind(...Array(100).fill(1)).first("v")),
  "a hundred and one": (db) => db.prepare(`SELECT ${Array(101).fill("?").join(",")} AS v`).bind(...Array(101).fill(1)).all().catch(told),
};

const mistakes = {
  "syntax": (db) => refused(db, "SELEC 1"),
  "syntax in the middle": (db) => refused(db, "SELECT 1 FROM"),
  "no table": (db) => refused(db, "SELECT * FROM nowhere"),
  "no column": (db) => refused(db, "SELECT nothing FROM people"),
  "empty": (db) => refused(db, ""),
  "blank": (db) => refused(db, "  \n "),
  "comment": (db) => refused(db, "-- nothing"),
  "comment after a blank": (db) => refused(db, " -- nothing"),
  "semicolon": (db) => refused(db, ";"),
  "two statements": (db) => refused(db, "SELECT 1 AS a; SELECT 2 AS b"),
  "two with a value": (db) => db.prepare("SELECT 1 AS a; SELECT ? AS b").bind(5).all().then(plain, told),
  "two with values in the first": (db) => db.prepare("SELECT ? AS a; SELECT 2 AS b").bind(5).all().then(plain, told),
  "unique": async (db) => {
    await db.exec("CREATE TABLE uniq (a TEXT UNIQUE, b INTEGER NOT NULL CHECK (b > 0))");
    await db.prepare("INSERT INTO uniq VALUES ('x', 1)").run();
    return [
      await refused(db, "INSERT INTO uniq VALUES ('x', 1)"),
      await refused(db, "INSERT INTO uniq VALUES ('y', NULL)"),
      await refused(db, "INSERT INTO uniq VALUES ('y', 0)"),
      await refused(db, "INSERT OR IGNORE INTO uniq VALUES ('x', 1)"),
      await refused(db, "INSERT OR REPLACE INTO uniq VALUES ('x', 2)"),
      await refused(db, "INSERT OR ABORT INTO uniq VALUES ('x', 2)"),
    ];
  },
  "foreign keys": async (db) => {
    await db.batch([db.prepare("CREATE TABLE parent (id INTEGER PRIMARY KEY)"), db.prepare("CREATE TABLE child (p INTEGER REFERENCES parent(id))")]);
    return [
      await refused(db, "INSERT INTO child VALUES (1)"),
      await db.batch([db.prepare("PRAGMA foreign_keys = off"), db.prepare("INSERT INTO child VALUES (1)")]).catch(told),
      (await db.batch([db.prepare("PRAGMA defer_foreign_keys = on"), db.prepare("INSERT INTO child VALUES (2)"), db.prepare("INSERT INTO parent VALUES (2)")])).length,
      await db.prepare("SELECT * FROM child").raw(),
    ];
  },
  "transactions": (db) => Promise.all(["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "END"].map((sql) => refused(db, sql))),
  "attach": (db) => Promise.all(["ATTACH ':memory:' AS other", "DETACH other", "VACUUM", "VACUUM INTO 'x'"].map((sql) => refused(db, sql))),
  "reserved names": (db) => Promise.all(["SELECT * FROM _cf_KV", "CREATE TABLE _cf_mine (a)", "DROP TABLE _cf_METADATA", "SELECT * FROM _cf_METADATA", "UPDATE _CF_metadata SET value = 1", "CREATE TABLE sqlite_mine (a)"].map((sql) => refused(db, sql))),
  "functions": (db) => Promise.all(["SELECT sqlite_version()", "SELECT readfile('/etc/passwd')", "SELECT fts5('x')", "SELECT sqlite_source_id()"].map((sql) => refused(db, sql))),
  "pragmas": async (db) => {
    const seen = {};
    for (const pragma of ["journal_mode", "journal_mode = delete", "synchronous", "user_version", "user_version = 5", "foreign_keys", "foreign_key_check", "page_count", "page_size", "writable_schema = 1", "query_only", "quick_check", "integrity_check", "table_info(people)", "index_list(people)", "database_list", "compile_options", "max_page_count", "wal_checkpoint", "recursive_triggers", "case_sensitive_like", "data_version > 0", "secure_delete", "temp_store = 2"]) {
      seen[pragma] = await db.prepare(`PRAGMA ${pragma}`).raw({ columnNames: true }).catch(told);
    }
    return seen;
  },
  "tables": (db) => db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name").raw(),
  "list of tables": (db) => db.prepare("PRAGMA table_list").raw({ columnNames: true }).then((rows) => rows.map((row) => row.slice(0, 3)).sort()),
  "long": (db) => refused(db, `SELECT '${"x".repeat(100_001)}'`).then((e) => e[1]),
  "many columns": (db) => refused(db, `SELECT ${Array(101).fill("1").join(",")}`),
  "long pattern": (db) => refused(db, `SELECT 'a' LIKE '${"%a".repeat(26)}'`),
  "deep": (db) => refused(db, `SELECT ${"(".repeat(101)}1${")".repeat(101)}`),
  "compound": (db) => refused(db, Array(6).fill("SELECT 1").join(" UNION ALL ")),
  "raise": async (db) => {
    await db.exec("CREATE TABLE raising (a)");
    await db.prepare("CREATE TRIGGER no BEFORE INSERT ON raising BEGIN SELECT RAISE(ABORT, 'not this'); END").run();
    return [await refused(db, "INSERT INTO raising VALUES (1)")];
  },
  "overflow": (db) => refused(db, "SELECT abs(-9223372036854775808)"),
  "broken JSON": (db) => refused(db, "SELECT json('{')"),
};

const batches = {
  "results": async (db) => {
    await db.exec("CREATE TABLE b (id INTEGER PRIMARY KEY, t TEXT)");
    const results = await db.batch([
      db.prepare("INSERT INTO b (t) VALUES (?)").bind("one"),
      db.prepare("INSERT INTO b (t) VALUES ('two')"),
      db.prepare("SELECT * FROM b"),
      db.prepare("SELECT count(*) AS n, 'x' AS n FROM b"),
    ]);
    return results.map(plain);
  },
  "undone": async (db) => {
    const error = await db.batch([db.prepare("INSERT INTO b (t) VALUES ('three')"), db.prepare("INSERT INTO b (id) VALUES (1)"), db.prepare("SELECT 1")]).catch(told);
    return [error, await db.prepare("SELECT * FROM b").raw()];
  },
  "empty": (db) => db.batch([]).catch(told),
  "blanks": async (db) => (await db.batch([db.prepare(""), db.prepare("SELECT 1 AS a"), db.prepare(" -- no")])).map(plain),
  "no statements": (db) => Promise.resolve().then(() => db.batch()).catch((error) => error.name),
  "schema in it": async (db) => (await db.batch([db.prepare("CREATE TABLE made (a)"), db.prepare("INSERT INTO made VALUES (1)"), db.prepare("ALTER TABLE made ADD COLUMN b DEFAULT 5"), db.prepare("SELECT * FROM made")])).at(-1).results,
  "schema undone": async (db) => [await db.batch([db.prepare("CREATE TABLE gone (a)"), db.prepare("SELECT no")]).catch(told), await refused(db, "SELECT * FROM gone")],
  "transaction in it": (db) => db.batch([db.prepare("BEGIN"), db.prepare("SELECT 1")]).catch(told),
};

const execs = {
  "one": async (db) => { const { duration, ...rest } = await db.exec("SELECT 1"); return [rest, typeof duration]; },
  "lines": async (db) => (await db.exec("CREATE TABLE e (a);\nINSERT INTO e VALUES (1);\n\n  INSERT INTO e VALUES (2);\n")).count,
  "two on a line": async (db) => [(await db.exec("INSERT INTO e VALUES (3); INSERT INTO e VALUES (4)")).count, await db.prepare("SELECT a FROM e").raw()],
  "a statement over lines": (db) => db.exec("SELECT\n1").catch(told),
  "a mistake": (db) => db.exec("INSERT INTO e VALUES (5);\nINSERTZ INTO e").catch(told),
  "undone": (db) => db.prepare("SELECT a FROM e").raw(),
  "nothing": (db) => db.exec("").catch(told),
  "comments": async (db) => (await db.exec("-- first\n  -- second\nSELECT 1; -- third")).count,
};

const sessions = {
  "bookmarks": async (db) => {
    const kinds = [];
    for (const constraint of [undefined, "", " ", "first-primary", "first-unconstrained", null]) {
      const session = db.withSession(constraint);
      const before = session.getBookmark();
      await session.prepare("SELECT 1").run();
      kinds.push([before, /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$/.test(session.getBookmark())]);
    }
    return kinds;
  },
  "a bookmark is kept": async (db) => {
    const session = db.withSession("first-primary");
    await session.prepare("SELECT 1").run();
    const bookmark = session.getBookmark();
    const next = db.withSession(bookmark);
    return [next.getBookmark() === bookmark, await next.prepare("SELECT 5 AS v").first("v")];
  },
  "it grows": async (db) => {
    const session = db.withSession();
    await session.prepare("CREATE TABLE IF NOT EXISTS grows (a)").run();
    const first = session.getBookmark();
    await session.batch([session.prepare("INSERT INTO grows VALUES (1)")]);
    return session.getBookmark() > first;
  },
  "a late bookmark": async (db) => {
    const session = db.withSession("ffffffff-ffffffff-ffffffff-ffffffffffffffffffffffffffffffff");
    await session.prepare("SELECT 1").run();
    return session.getBookmark();
  },
  "no exec": (db) => typeof db.withSession().exec,
  "a number": (db) => { try { return db.withSession(5); } catch (error) { return error.constructor.name; } },
  "a statement of a session in a batch of the database": async (db) => (await db.batch([db.withSession().prepare("SELECT 1 AS a")])).map(plain),
};

const others = {
  "dump": (db) => db.dump().catch(told),
  "query": (db) => db.query({ queries: [] }).catch(told),
  "order": async (db) => {
    await db.exec("CREATE TABLE o (a)");
    const [, rows] = await Promise.all([db.prepare("INSERT INTO o VALUES (1)").run(), db.prepare("SELECT * FROM o").raw(), db.prepare("DELETE FROM o").run()]);
    return rows;
  },
  "full text": async (db) => {
    await db.prepare("CREATE VIRTUAL TABLE docs USING fts5(title, body)").run();
    await db.prepare("INSERT INTO docs VALUES ('one', 'the quick fox'), ('two', 'the lazy dog')").run();
    return db.prepare("SELECT title, highlight(docs, 1, '[', ']') AS h FROM docs WHERE docs MATCH ? ORDER BY rank").bind("fox").raw();
  },
  "JSON": (db) => db.prepare("SELECT value ->> '$.a' AS a FROM json_each(?)").bind('[{"a": 1}, {"a": "b"}]').raw(),
  "other virtual tables": (db) => refused(db, "CREATE VIRTUAL TABLE c USING csv(filename='x')"),
  "a view": async (db) => {
    await db.exec("CREATE VIEW seen AS SELECT 1 AS a");
    return [await db.prepare("SELECT * FROM seen").raw(), await refused(db, "INSERT INTO seen VALUES (1)")];
  },
  "delete with a limit": async (db) => {
    await db.exec("CREATE TABLE l (a); INSERT INTO l VALUES (1), (2), (3)");
    return [plain(await db.prepare("DELETE FROM l ORDER BY a DESC LIMIT 1").run()), await db.prepare("SELECT a FROM l").raw()];
  },
  "explain": async (db) => (await db.prepare("EXPLAIN QUERY PLAN SELECT * FROM people WHERE id = 1").all()).results.map((row) => row.detail),
  "with": async (db) => plain(await db.prepare("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3) SELECT x FROM n").all()),
  "setting": async (db) => {
    await db.exec("CREATE TABLE s (a CHECK (a > 0))");
    return (await db.batch([db.prepare("PRAGMA ignore_check_constraints = on"), db.prepare("INSERT INTO s VALUES (-1)"), db.prepare("PRAGMA ignore_check_constraints = off")])).map(plain);
  },
  "in an object": (_, env) => env.OBJECTS.getByName("one").ask(),
  "in an entrypoint": (_, env, ctx) => ctx.exports.Entry.ask(),
  "a clone": async (db) => { try { structuredClone(db); return "cloned"; } catch (error) { return error.name; } },
  "rows by RPC": async (_, env) => (await env.OBJECTS.getByName("one").all()).results,
};

export class Objects extends DurableObject {
  ask() {
    return this.env.DB.prepare("SELECT ? AS v").bind("from an object").first("v");
  }
  all() {
    return this.env.DB.prepare("SELECT 1 AS a, x'0102' AS b").all();
  }
}

export class Entry extends WorkerEntrypoint {
  ask() {
    return this.env.DB.prepare("SELECT ? AS v").bind("from an entrypoint").first("v");
  }
}

const observations = {};
for (const [area, cases] of Object.entries({ shapes, types, mistakes, batches, execs, sessions, others })) {
  for (const [name, run] of Object.entries(cases)) {
    observations[`${area}: ${name}`] = (_request, env, ctx) => run(env.DB, env, ctx);
  }
}

export default { fetch: observe(observations) };
