import assert from "node:assert/strict";
import {
  DummyDriver,
  Kysely,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";

const db = new Kysely({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (inner) => new SqliteIntrospector(inner),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

export default {
  async fetch() {
    const query = db
      .selectFrom("person")
      .innerJoin("pet", "pet.owner", "person.id")
      .select(["person.id", sql`count(*)`.as("n")])
      .where("person.name", "=", "Ann")
      .groupBy("person.id")
      .compile();
    assert.equal(
      query.sql,
      'select "person"."id", count(*) as "n" from "person" inner join "pet" on "pet"."owner" = "person"."id" where "person"."name" = ? group by "person"."id"',
    );
    assert.deepEqual(query.parameters, ["Ann"]);
    assert.deepEqual(await db.selectFrom("person").selectAll().execute(), []);
    return new Response("ok");
  },
};
