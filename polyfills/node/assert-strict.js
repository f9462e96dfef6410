// node:assert/strict: https://nodejs.org/docs/latest-v20.x/api/assert.html#strict-assertion-mode

import { strict } from "./assert.js";

export {
  Assert,
  AssertionError,
  CallTracker,
  deepStrictEqual as deepEqual,
  deepStrictEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  strictEqual as equal,
  fail,
  ifError,
  match,
  notDeepStrictEqual as notDeepEqual,
  notDeepStrictEqual,
  notStrictEqual as notEqual,
  notStrictEqual,
  ok,
  partialDeepStrictEqual,
  rejects,
  strict,
  strictEqual,
  throws,
} from "./assert.js";
export default strict;
