import { DurableObject } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/durable-sqlite";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

const users = sqliteTable("users", {
  id: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  tags: text({ mode: "json" }),
});

export class Users extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.db = drizzle(ctx.storage, { schema: { users } });
    this.db.run(
      sql`CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, tags TEXT)`,
    );
  }

  async fetch() {
    await this.db.insert(users).values([{ name: "ann", tags: ["a"] }, { name: "bob" }]);
    await this.db.update(users).set({ name: "Ann" }).where(eq(users.name, "ann"));
    const [{ id, tags }] = await this.db.select().from(users).where(eq(users.name, "Ann"));
    const first = await this.db.query.users.findFirst({ columns: { name: true } });
    await this.db.transaction(async (tx) => {
      await tx.delete(users).where(eq(users.name, "bob"));
    });
    return Response.json({
      id,
      tags,
      first: first.name,
      left: (await this.db.select().from(users)).length,
    });
  }
}

export default { fetch: (request, env) => env.Users.get(env.Users.idFromName("x")).fetch(request) };
