// Values whose views lie in buffers that are larger than they: of such a buffer a step keeps what its views show.
// https://github.com/cloudflare/workers-sdk/issues/14101

import { copyBuffer } from "../kernel/buffers.js";
import { viewFacts, viewOf } from "../serialize/buffers.js";

const { getPrototypeOf } = Object;
const { isView } = ArrayBuffer;

/** A copy of a value of plain objects, arrays, maps and sets, in which each view has a buffer of its own. */
export function compact(value, seen = new Map()) {
  if (typeof value !== "object" || value === null) return value;
  if (!seen.has(value)) fill(value, seen);
  return seen.get(value);
}

function fill(value, seen) {
  const copied = (part) => compact(part, seen);
  if (isView(value)) {
    seen.set(value, tight(viewFacts(value)));
  } else if (Array.isArray(value)) {
    const copy = [];
    seen.set(value, copy);
    for (const each of value) copy.push(copied(each));
  } else if (value instanceof Map) {
    const copy = new Map();
    seen.set(value, copy);
    for (const [key, each] of value) copy.set(copied(key), copied(each));
  } else if (value instanceof Set) {
    const copy = new Set();
    seen.set(value, copy);
    for (const each of value) copy.add(copied(each));
  } else if ([Object.prototype, null].includes(getPrototypeOf(value))) {
    const copy = {};
    seen.set(value, copy);
    for (const key of Object.keys(value)) copy[key] = copied(value[key]);
  } else {
    seen.set(value, value);
  }
}

function tight(facts) {
  const { buffer, byteOffset, byteLength } = facts;
  return viewOf(copyBuffer(buffer, byteOffset, byteLength), { ...facts, byteOffset: 0, tracking: false });
}
