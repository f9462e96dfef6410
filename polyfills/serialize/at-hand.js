// Bytes for those who are done with them at once, as an op is, which copies them.
//
// A new Uint8Array costs more than all else about storing a small integer, which is what counters
// are. So there is one for each length that these have in V8's wire format.

import { WRITTEN_VERSION } from "./tags.js";
import { serialize } from "./writer.js";

const { Uint8Array } = globalThis;

const INTEGER = "I".charCodeAt(0);
const START = [0xff, WRITTEN_VERSION, INTEGER];
const DIGITS = START.length; // of seven bits, the lowest first
const LIMIT = 1 << 20; // with the sign, what three digits have room for

const one = new Uint8Array([...START, 0]);
const two = new Uint8Array([...START, 0, 0]);
const three = new Uint8Array([...START, 0, 0, 0]);

/** What `serialize` returns, to be used until either is called again. */
export function serializeAtHand(value) {
  if (typeof value !== "number") return serialize(value);
  const small = value | 0;
  // 0 may be -0, which is no integer.
  if (small !== value || small === 0 || small >= LIMIT || small < -LIMIT) return serialize(value);
  const zigzag = (small << 1) ^ (small >> 31);
  if (zigzag < 0x80) {
    one[DIGITS] = zigzag;
    return one;
  }
  if (zigzag < 0x4000) {
    two[DIGITS] = zigzag | 128;
    two[DIGITS + 1] = zigzag >> 7;
    return two;
  }
  three[DIGITS] = zigzag | 128;
  three[DIGITS + 1] = (zigzag >> 7) | 128;
  three[DIGITS + 2] = zigzag >> 14;
  return three;
}
