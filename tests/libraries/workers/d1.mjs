// What applications put between themselves and D1.
import assert from "node:assert/strict";
import { count, desc, eq, relations, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { blob, integer, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { Hono } from "hono";
import { Kysely, sql as raw } from "kysely";
import { D1Dialect } from "kysely-d1";

const users = sqliteTable(
  "users",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    name: text().notNull(),
    tags: text({ mode: "json" }),
    born: integer({ mode: "timestamp" }),
    active: integer({ mode: "boolean" }).default(true),
    score: real(),
    picture: blob(),
  },
  (table) => [uniqueIndex("by_name").on(table.name)],
);
const posts = sqliteTable("posts", {
  id: integer().primaryKey(),
  author: integer().references(() => users.id),
  title: text().notNull(),
});
const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }));
const postsRelations = relations(posts, ({ one }) => ({
  author: one(users, { fields: [posts.author], references: [users.id] }),
}));

const MIGRATION = [
  "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, tags TEXT, born INTEGER, active INTEGER DEFAULT 1, score REAL, picture BLOB)",
  "CREATE UNIQUE INDEX by_name ON users (name)",
  "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users(id), title TEXT NOT NULL)",
];

async function withDrizzle(DB) {
  const db = drizzle(DB, { schema: { users, posts, usersRelations, postsRelations } });
  await db.batch(MIGRATION.map((statement) => db.run(sql.raw(statement))));
  const born = new Date(1_700_000_000_000);
  const [ann] = await db.insert(users).values({ name: "Ann", tags: ["a"], born, score: 1.5, picture: new Uint8Array([1, 2]) }).returning();
  assert.deepEqual([ann.id, ann.tags, ann.born.getTime(), ann.active, ann.score], [1, ["a"], born.getTime(), true, 1.5]);
  assert.deepEqual([...ann.picture], [1, 2]);
  const results = await db.batch([
    db.insert(users).values([{ name: "Bob" }, { name: "Cid", active: false }]),
    db.update(users).set({ score: sql`${users.score} + 1` }).where(eq(users.name, "Ann")),
    db.select({ n: count() }).from(users),
    db.query.users.findMany({ columns: { name: true }, orderBy: desc(users.id) }),
  ]);
  assert.equal(results[0].meta.changes, 2);
  assert.deepEqual(results.slice(2), [[{ n: 3 }], [{ name: "Cid" }, { name: "Bob" }, { name: "Ann" }]]);
  await db.insert(posts).values([{ author: 1, title: "one" }, { author: 1, title: "two" }]);
  const found = await db.query.users.findFirst({ with: { posts: { columns: { title: true } } }, columns: { score: true } });
  assert.deepEqual(found, { score: 2.5, posts: [{ title: "one" }, { title: "two" }] });
  const joined = await db.select({ name: users.name, title: posts.title }).from(posts).leftJoin(users, eq(posts.author, users.id)).orderBy(posts.id);
  assert.deepEqual(joined[1], { name: "Ann", title: "two" });
  await assert.rejects(db.insert(users).values({ name: "Ann" }), (error) => /UNIQUE/.test(`${error.message} ${error.cause?.message}`));
  await assert.rejects(db.insert(posts).values({ author: 99, title: "x" }), (error) => /FOREIGN KEY/.test(`${error.message} ${error.cause?.message}`));
  assert.deepEqual(await db.get(sql`SELECT count(*) AS n FROM users`), { n: 3 });
  assert.deepEqual(await db.values(sql`SELECT name FROM users ORDER BY id LIMIT 1`), [["Ann"]]);
  const prepared = db.select().from(users).where(eq(users.name, sql.placeholder("name"))).prepare();
  assert.equal((await prepared.get({ name: "Cid" })).active, false);
  await db.insert(users).values({ name: "Ann", score: 0 }).onConflictDoUpdate({ target: users.name, set: { score: 0 } });
  assert.equal((await db.delete(users).where(eq(users.name, "Bob"))).meta.changes, 1);
  const session = drizzle(DB.withSession("first-primary"));
  assert.equal((await session.select().from(users)).length, 2);
}

async function withKysely(DB) {
  const db = new Kysely({ dialect: new D1Dialect({ database: DB }) });
  await db.schema.createTable("pets").addColumn("id", "integer", (c) => c.primaryKey().autoIncrement()).addColumn("name", "text", (c) => c.notNull().unique()).addColumn("age", "integer").execute();
  await db.schema.createIndex("pets_age").on("pets").column("age").execute();
  const { insertId, numInsertedOrUpdatedRows } = await db.insertInto("pets").values([{ name: "rex", age: 3 }, { name: "tom", age: 5 }]).executeTakeFirst();
  assert.deepEqual([insertId, numInsertedOrUpdatedRows], [2n, 2n]);
  assert.deepEqual(await db.selectFrom("pets").select(["name"]).where("age", ">", 4).execute(), [{ name: "tom" }]);
  assert.equal((await db.updateTable("pets").set({ age: raw`age + 1` }).executeTakeFirst()).numUpdatedRows, 2n);
  const { total } = await db.selectFrom("pets").select(({ fn }) => fn.sum("age").as("total")).executeTakeFirstOrThrow();
  assert.equal(total, 10);
  const tables = await db.introspection.getTables();
  assert.ok(tables.some(({ name, columns }) => name === "pets" && columns.length === 3));
  assert.equal((await db.deleteFrom("pets").where("name", "=", "rex").executeTakeFirst()).numDeletedRows, 1n);
  await assert.rejects(db.insertInto("pets").values({ name: "tom" }).execute(), /UNIQUE/);
}

async function withHono(env) {
  const app = new Hono();
  app.get("/pets", async (c) => c.json((await c.env.DB.prepare("SELECT name, age FROM pets").all()).results));
  app.post("/pets", async (c) => {
    const { name } = await c.req.json();
    const { success } = await c.env.DB.prepare("INSERT INTO pets (name) VALUES (?)").bind(name).run();
    return success ? c.json({ name }, 201) : c.text("failed", 500);
  });
  app.onError((error, c) => c.json({ error: error.message }, 409));
  const post = (name) => app.request("/pets", { method: "POST", body: JSON.stringify({ name }) }, env);
  assert.equal((await post("kit")).status, 201);
  assert.deepEqual(await (await post("kit")).json(), {
    error: "D1_ERROR: UNIQUE constraint failed: pets.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
  });
  assert.deepEqual(await (await app.request("/pets", {}, env)).json(), [{ name: "tom", age: 6 }, { name: "kit", age: null }]);
}

export default {
  async fetch(_request, env) {
    await withDrizzle(env.DB);
    await withKysely(env.DB);
    await withHono(env);
    return new Response("ok");
  },
};
