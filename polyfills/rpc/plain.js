// Copies of plain data, the everyday contents of messages within an isolate.
//
// Data of other kinds, and large data, is not copied here: it goes as bytes, and what is
// refused is refused there.

import { ownValue } from "../kernel/own-properties.js";
import { isKnownProxy, proxiesExist } from "../serialize/proxies.js";

const { getPrototypeOf, keys } = Object;
const { isArray } = Array;
const { Date, Map } = globalThis;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const timeOf = uncurry(Date.prototype.getTime);
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const datePrototype = Date.prototype;

const MAX_CHARACTERS = 262_144; // of all strings; what is longer may be too large to be sent
const NOT_PLAIN = Symbol("not plain");

let copies; // of the objects met so far
let left = 0; // characters

/** A deep copy of a list of plain data; undefined where not all of it is. */
export function copyOfPlain(list) {
  const outer = copies; // a getter may make a call of its own
  const outerLeft = left;
  copies = new Map();
  left = MAX_CHARACTERS;
  try {
    const copy = copyOf(list);
    return copy === NOT_PLAIN ? undefined : copy;
  } finally {
    copies = outer;
    left = outerLeft;
  }
}

function copyOf(value) {
  if (typeof value === "string") {
    left -= value.length;
    return left < 0 ? NOT_PLAIN : value;
  }
  if (typeof value === "object") return value === null ? null : copyOfObject(value);
  return typeof value === "function" || typeof value === "symbol" ? NOT_PLAIN : value;
}

function copyOfObject(value) {
  const known = mapGet(copies, value);
  if (known !== undefined) return known;
  if (proxiesExist && isKnownProxy(value)) return NOT_PLAIN;
  const prototype = getPrototypeOf(value);
  if (prototype === arrayPrototype) return isArray(value) ? copyOfArray(value) : NOT_PLAIN;
  if (prototype === datePrototype) return copyOfDate(value);
  if (prototype !== objectPrototype || value[Symbol.toStringTag] !== undefined) return NOT_PLAIN;
  const copy = {};
  mapSet(copies, value, copy);
  const names = keys(value);
  // An error, or another object with slots, may have no properties at all.
  if (names.length === 0) return NOT_PLAIN;
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const item = copyOf(value[name]);
    if (item === NOT_PLAIN) return NOT_PLAIN;
    left -= name.length;
    if (name in objectPrototype) ownValue(copy, name, item); // no setter that is inherited is to run
    else copy[name] = item;
  }
  return left < 0 ? NOT_PLAIN : copy;
}

function copyOfArray(array) {
  const { length } = array;
  const copy = [];
  mapSet(copies, array, copy);
  // No holes, and no properties besides, of which there may be as many.
  const names = keys(array);
  if (names.length !== length) return NOT_PLAIN;
  if (length > 0 && names[length - 1] !== `${length - 1}`) return NOT_PLAIN;
  for (let i = 0; i < length; i++) {
    const item = copyOf(array[i]);
    if (item === NOT_PLAIN) return NOT_PLAIN;
    copy[i] = item;
  }
  return copy;
}

function copyOfDate(date) {
  try {
    const copy = new Date(timeOf(date));
    mapSet(copies, date, copy);
    return copy;
  } catch {
    return NOT_PLAIN; // it only inherits
  }
}
