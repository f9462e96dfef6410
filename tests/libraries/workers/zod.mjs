import assert from "node:assert/strict";
import { z } from "zod";

export default {
  async fetch() {
    const Address = z.object({ city: z.string().min(1), zip: z.string().regex(/^\d{5}$/) });
    const User = z.object({
      name: z.string().trim().toLowerCase(),
      age: z.coerce.number().int().positive().optional(),
      email: z.email(),
      tags: z.array(z.string()).default([]),
      address: Address.nullable(),
      when: z.iso.datetime().transform((text) => new Date(text)),
      kind: z.discriminatedUnion("type", [
        z.object({ type: z.literal("a"), a: z.number() }),
        z.object({ type: z.literal("b") }),
      ]),
    });
    const user = User.parse({
      name: "  ANNA ",
      age: "41",
      email: "a@b.co",
      address: null,
      when: "2024-01-02T03:04:05Z",
      kind: { type: "a", a: 1 },
    });
    assert.deepEqual(
      { ...user, when: user.when.toISOString() },
      {
        name: "anna",
        age: 41,
        email: "a@b.co",
        tags: [],
        address: null,
        when: "2024-01-02T03:04:05.000Z",
        kind: { type: "a", a: 1 },
      },
    );
    const failed = User.safeParse({
      name: 5,
      email: "x",
      address: { city: "", zip: "1" },
      when: "no",
      kind: { type: "c" },
    });
    assert.equal(failed.success, false);
    assert.deepEqual(failed.error.issues.map((issue) => issue.path.join(".")).sort(), [
      "address.city",
      "address.zip",
      "email",
      "kind.type",
      "name",
      "when",
    ]);
    const Checked = z.string().refine(async (text) => text !== "taken", "is taken");
    assert.equal((await Checked.safeParseAsync("taken")).error.issues[0].message, "is taken");
    assert.ok(z.prettifyError(failed.error).includes("email"));
    assert.equal(z.toJSONSchema(Address).type, "object");
    assert.deepEqual(z.record(z.string(), z.number()).parse({ a: 1 }), { a: 1 });
    assert.throws(() => z.map(z.string(), z.number()).parse(new Map([["a", "b"]])), z.ZodError);
    return new Response("ok");
  },
};
