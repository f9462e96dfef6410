// The internal slots of built-in objects, read without the help of their prototypes,
// which scripts may change. Each function throws a TypeError for another kind of object.

import { notCloneable } from "./errors.js";

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { getOwnPropertyDescriptor } = Object;
const getter = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
const mapEach = uncurry(Map.prototype.forEach);
const setEach = uncurry(Set.prototype.forEach);
const valueOfs = [Number, String, Boolean, BigInt].map((Class) => uncurry(Class.prototype.valueOf));

/** Milliseconds since the epoch; NaN for an invalid Date. */
export const timeOf = uncurry(Date.prototype.getTime);
export const sourceOf = getter(RegExp.prototype, "source");
export const flagsOf = getter(RegExp.prototype, "flags");

/** Keys and values of a Map, one after the other, as they are now. */
export function entriesOf(map) {
  const entries = [];
  mapEach(map, (value, key) => entries.push(key, value));
  return entries;
}

/** The values of a Set as they are now. */
export function valuesOf(set) {
  const values = [];
  setEach(set, (value) => values.push(value));
  return values;
}

/** The primitive in a wrapper object, whatever its prototype. */
export function unboxed(wrapper) {
  for (const valueOf of valueOfs) {
    try {
      return valueOf(wrapper);
    } catch {
      // It wraps a primitive of another type.
    }
  }
  throw notCloneable(wrapper);
}
