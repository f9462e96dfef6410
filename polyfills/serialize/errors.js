// The DataCloneErrors of structured cloning, in V8's words.

import { DOMException } from "../language/dom-exception.js";

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const { apply } = Reflect;
const { isPrototypeOf } = Object.prototype;
const objectToString = Object.prototype.toString;
const functionToString = Function.prototype.toString;

export const UNREADABLE = "Unable to deserialize cloned data.";
export const DETACHED = "An ArrayBuffer is detached and could not be cloned.";

/** https://webidl.spec.whatwg.org/#datacloneerror */
export function dataCloneError(message) {
  return new DOMException(message, "DataCloneError");
}

/** The error for a value that structured cloning refuses. */
export function notCloneable(value) {
  return dataCloneError(`${describe(value)} could not be cloned.`);
}

/** The error for a platform object whose class is not serializable. */
export function notSerializable(name) {
  return dataCloneError(
    `Could not serialize object of type "${name}". This type does not support serialization.`,
  );
}

/** The error for a proxy; nothing is asked of it, for it might answer with code. */
export function proxyNotCloneable() {
  return dataCloneError("#<Object> could not be cloned.");
}

function describe(value) {
  if (typeof value === "symbol") return String(value);
  // Stubs can be called, but they are no functions to scripts.
  if (typeof value === "function" && isFunction(value)) return apply(functionToString, value, []);
  const constructor = constructorName(value);
  if (constructor) return `#<${constructor}>`;
  return apply(objectToString, value, []);
}

function isFunction(value) {
  return apply(isPrototypeOf, Function.prototype, [value]);
}

/** The name of the constructor that the object inherits; runs no getter. */
function constructorName(value) {
  for (let object = value; object !== null; object = getPrototypeOf(object)) {
    const property = getOwnPropertyDescriptor(object, "constructor");
    if (property === undefined) continue;
    // Where frames are kept to promises it is an accessor of ours (kernel/frames.js).
    const constructor = object === Promise.prototype ? Promise : property.value;
    if (typeof constructor !== "function") return "";
    const name = getOwnPropertyDescriptor(constructor, "name")?.value;
    return typeof name === "string" ? name : "";
  }
  return "";
}
