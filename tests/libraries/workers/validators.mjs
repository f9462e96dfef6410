import assert from "node:assert/strict";
import Ajv from "ajv";
import * as v from "valibot";
import * as yup from "yup";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export default {
  async fetch() {
    const validate = new Ajv({ allErrors: true }).compile({
      type: "object",
      properties: { n: { type: "integer", minimum: 1 }, s: { type: "string", pattern: "^a" } },
      required: ["n"],
      additionalProperties: false,
    });
    assert.equal(validate({ n: 1, s: "ab" }), true);
    assert.equal(validate({ s: "b", x: 1 }), false);
    assert.deepEqual(validate.errors.map((error) => error.keyword).sort(), [
      "additionalProperties",
      "pattern",
      "required",
    ]);
    const schema = yup.object({
      name: yup.string().required(),
      age: yup.number().positive().integer(),
      on: yup.date().default(() => new Date(0)),
    });
    assert.equal((await schema.validate({ name: "a", age: "3" })).age, 3);
    await assert.rejects(
      schema.validate({ age: -1 }, { abortEarly: false }),
      (error) => error.inner.length === 2,
    );
    const Login = v.object({ email: v.pipe(v.string(), v.email()), n: v.optional(v.number(), 1) });
    assert.deepEqual(v.parse(Login, { email: "a@b.co" }), { email: "a@b.co", n: 1 });
    assert.equal(
      v.safeParse(Login, { email: "x" }).issues[0].message,
      'Invalid email: Received "x"',
    );
    const T = Type.Object({ a: Type.Number(), b: Type.Optional(Type.Array(Type.String())) });
    assert.equal(Value.Check(T, { a: 1, b: ["x"] }), true);
    assert.equal([...Value.Errors(T, { a: "1" })].length > 0, true);
    return new Response("ok");
  },
};
