import assert from "node:assert/strict";
import superjson from "superjson";

class Point {
  constructor(x) {
    this.x = x;
  }
}
superjson.registerClass(Point);

export default {
  fetch() {
    const value = {
      date: new Date(0),
      map: new Map([["a", new Set([1, 2])]]),
      big: 12345678901234567890n,
      undef: undefined,
      re: /a/gi,
      nan: NaN,
      minus: -0,
      url: new URL("https://a.b/c"),
      error: new RangeError("r"),
      point: new Point(3),
      bytes: new Uint8Array([1, 2]),
    };
    value.self = value.map;
    const back = superjson.parse(superjson.stringify(value));
    assert.deepEqual(back, { ...value, url: back.url, error: back.error });
    assert.equal(back.url.href, "https://a.b/c");
    assert.equal(back.error.message, "r");
    assert.equal(back.self, back.map);
    assert.ok(back.point instanceof Point);
    return new Response("ok");
  },
};
