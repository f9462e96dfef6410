import assert from "node:assert/strict";
import { customAlphabet, nanoid, random, urlAlphabet } from "nanoid";

export default {
  fetch() {
    assert.match(nanoid(), /^[\w-]{21}$/);
    assert.equal(new Set(Array.from({ length: 1000 }, () => nanoid())).size, 1000);
    assert.match(customAlphabet("01", 30)(), /^[01]{30}$/);
    assert.equal(random(5).length, 5);
    assert.equal(urlAlphabet.length, 64);
    return new Response("ok");
  },
};
