import assert from "node:assert/strict";
import { NIL, parse, stringify, v1, v3, v4, v5, v6, v7, validate, version } from "uuid";

export default {
  fetch() {
    for (const [make, number] of [
      [v1, 1],
      [v4, 4],
      [v6, 6],
      [v7, 7],
    ]) {
      const id = make();
      assert.ok(validate(id));
      assert.equal(version(id), number);
    }
    assert.equal(v5("hello.example.com", v5.DNS), "fdda765f-fc57-5604-a269-52a7df8164ec");
    assert.equal(v3("hello.example.com", v3.DNS), "9125a8dc-52ee-365b-a5aa-81b0b3681cf6");
    assert.equal(stringify(parse(NIL)), NIL);
    assert.equal(validate("nope"), false);
    return new Response("ok");
  },
};
