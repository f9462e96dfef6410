import assert from "node:assert/strict";
import _ from "lodash";
import { chunk, debounce, merge } from "lodash-es";

export default {
  async fetch() {
    assert.deepEqual(_.chunk([1, 2, 3], 2), [[1, 2], [3]]);
    assert.deepEqual(chunk([1, 2, 3], 2), [[1, 2], [3]]);
    assert.deepEqual(merge({ a: { b: 1 } }, { a: { c: 2 } }), { a: { b: 1, c: 2 } });
    assert.equal(_.get({ a: [{ b: 5 }] }, "a[0].b"), 5);
    assert.deepEqual(
      _.cloneDeep(new Map([[1, { a: new Date(0) }]])),
      new Map([[1, { a: new Date(0) }]]),
    );
    assert.equal(_.template("Hi <%= name %>")({ name: "x" }), "Hi x");
    assert.equal(_.camelCase("foo bar-baz"), "fooBarBaz");
    assert.deepEqual(_(["b", "a"]).sortBy().map(_.upperCase).value(), ["A", "B"]);
    let calls = 0;
    const late = debounce(() => calls++, 2);
    late();
    late();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(calls, 1);
    return new Response("ok");
  },
};
