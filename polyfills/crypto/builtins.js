// Builtins as they were before any script ran, for modules that are loaded later.
//
// A script may replace the methods of every builtin, and some of them would show it what
// it may not see: the material of a key that is not extractable. See key.js.

import { DOMException } from "../language/dom-exception.js";

export const { JSON, Uint8Array } = globalThis;
export const { parse: parseJson, stringify: stringifyJson } = JSON;
const { setPrototypeOf } = Object;

/** The error of a DOMException's name, "SyntaxError" among them. */
export function failure(name, message) {
  return new DOMException(message, name);
}

/** The object that a JSON text tells, without a prototype whose getters would see it. */
export function parseJsonObject(text) {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? setPrototypeOf(value, null) : undefined;
}
