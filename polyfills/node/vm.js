// node:vm; there is one context for each script: https://nodejs.org/docs/latest-v20.x/api/vm.html

import { Buffer } from "./buffer.js";
import { absentFrom } from "./errors.js";

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

export const constants = {};
export const isContext = () => false;
const missing = absentFrom("vm");
export const {
  compileFunction,
  createContext,
  createScript,
  measureMemory,
  runInContext,
  runInNewContext,
  runInThisContext,
} = missing;

export default { ...missing, Script, constants, isContext };
