// util.promisify: https://nodejs.org/docs/latest-v20.x/api/util.html#utilpromisifyoriginal

import { invalidType, requireFunction } from "./errors.js";

export const customPromisify = Symbol.for("nodejs.util.promisify.custom");

/** A function that returns a promise in place of taking a callback. */
export function promisify(original) {
  requireFunction(original, "original");
  const custom = original[customPromisify];
  if (custom) {
    if (typeof custom !== "function")
      throw invalidType("util.promisify.custom", "function", custom);
    return Object.defineProperty(custom, customPromisify, { value: custom, configurable: true });
  }
  function promisified(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, value) => (error ? reject(error) : resolve(value)),
      ]);
    });
  }
  Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
  Object.defineProperty(promisified, customPromisify, { value: promisified, configurable: true });
  return Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original));
}

promisify.custom = customPromisify;
