// node:vm; there is one context for each script: https://nodejs.org/docs/latest-v20.x/api/vm.html

import { Buffer } from "./buffer.js";
import { absentFrom, invalidType } from "./errors.js";

/** A script that is never run, so that libraries can make theirs beforehand. */
export class Script {
  runInContext() {
    return runInContext();
  }
  runInNewContext() {
    return runInNewContext();
  }
  runInThisContext() {
    return runInThisContext();
  }
  createCachedData() {
    return Buffer.alloc(0);
  }
}

export const constants = Object.freeze({
  __proto__: null,
  USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"),
  DONT_CONTEXTIFY: Symbol("vm_context_no_contextify"),
});
const contexts = new WeakSet();

/** The object itself, which is a context as far as `isContext` goes: nothing runs in it. */
export function createContext(object = {}, _options = undefined) {
  if (object === constants.DONT_CONTEXTIFY) object = {};
  requireContextObject(object, "object");
  contexts.add(object);
  return object;
}

export function isContext(object) {
  requireContextObject(object, "object");
  return contexts.has(object);
}

function requireContextObject(value, name) {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    throw invalidType(name, "object", value);
}

const missing = absentFrom("vm");
export const {
  compileFunction,
  createScript,
  measureMemory,
  runInContext,
  runInNewContext,
  runInThisContext,
} = missing;

export default { ...missing, Script, constants, createContext, isContext };
