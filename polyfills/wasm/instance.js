// https://webassembly.github.io/spec/js-api/#instances

import { defineInterface, isObject, sequenceFrom } from "../kernel/webidl.js";
import { isTag, numberOfTag, tagOf } from "./exception.js";
import { Global, globalOf, isGlobal, numberOfGlobal, storeOfGlobal } from "./global.js";
import { enterStore, isMemory, memoryOf, storeOfMemory, tokenOf } from "./memory.js";
import { descriptionOf, isModule, numberOf } from "./module.js";
import { LinkError, natives } from "./natives.js";
import { Store, storeOf } from "./store.js";
import { functionStore, isTable, numberIn, storeOfTable, tableOf } from "./table.js";

const { Object, TypeError } = globalThis;

let given; // the exports of an instance that is being wrapped

export class Instance {
  #exports;

  constructor(module, importObject = undefined) {
    if (given !== undefined) {
      this.#exports = given;
      given = undefined;
      return;
    }
    const what = "WebAssembly.Instance()";
    if (!isModule(module)) throw new TypeError(`${what}: Argument 0 must be a WebAssembly.Module`);
    this.#exports = instantiate(module, importObject, what);
  }

  get exports() {
    return this.#exports;
  }

  static {
    defineInterface(this, "WebAssembly.Instance");
  }
}

/** A new Instance; errors name `what`. */
export function instanceOf(module, importObject, what) {
  given = instantiate(module, importObject, what);
  return new Instance();
}

/** The exports of a new instance of a module. */
function instantiate(module, importObject, what) {
  const { imports, exports } = descriptionOf(module);
  if (importObject !== undefined && !isObject(importObject)) {
    throw new TypeError(`${what}: Argument 1 must be an object`);
  }
  if (imports.length > 0 && importObject === undefined) {
    throw new TypeError(`${what}: Imports argument must be present and must be an object`);
  }
  const values = imports.map((wanted, index) => read(importObject, wanted, index, what));
  const store = storeFor(values, what);
  const places = values.map((value, index) => place(value, imports[index], index, store, what));
  const made = natives.instantiate(store.keeper, numberOf(module), places, what);
  const object = Object.create(null);
  for (let index = 0; index < exports.length; index++) {
    object[exports[index].name] = objectOf(made[index], exports[index], store);
  }
  return Object.freeze(object);
}

/** https://webassembly.github.io/spec/js-api/#read-the-imports */
function read(importObject, { module, name, kind, value: type, mutable, results }, index, what) {
  const where = `${what}: Import #${index} "${module}"`;
  const namespace = importObject[module];
  if (!isObject(namespace)) throw new TypeError(`${where}: module is not an object or function`);
  const value = namespace[name];
  const fail = (why) => {
    throw new LinkError(`${where} "${name}": ${why}`);
  };
  switch (kind) {
    case "function":
      if (typeof value !== "function") fail("function import requires a callable");
      return results.length > 1 && storeOf(value) === undefined ? several(value, results.length) : value;
    case "memory":
      return isMemory(value) ? value : fail("memory import must be a WebAssembly.Memory object");
    case "table":
      return isTable(value) ? value : fail("table import requires a WebAssembly.Table");
    case "global":
      return isGlobal(value) ? value : globalFrom(value, type, mutable, fail);
    default:
      return isTag(value) ? value : fail("tag import requires a WebAssembly.Tag");
  }
}

function globalFrom(value, type, mutable, fail) {
  if (mutable) fail("imported mutable global must be a WebAssembly.Global object");
  if (type === "i64" ? typeof value !== "bigint" : isNumber(type) && typeof value !== "number") {
    fail(`global import must be a ${type === "i64" ? "BigInt" : "number"}, valid Wasm reference, or WebAssembly.Global object`);
  }
  if (type === "anyfunc" && value !== null && storeOf(value) === undefined) {
    fail("imported funcref global must be null or WebAssembly function ('function') object");
  }
  return new Global({ value: type }, value);
}

const isNumber = (type) => type === "i32" || type === "f32" || type === "f64";

/** A function whose results WebAssembly takes as a list of so many. */
function several(run, count) {
  return (...values) => {
    const returned = run(...values);
    const results = sequenceFrom(returned, returned[Symbol.iterator], (value) => value, "The result");
    if (results.length !== count) {
      throw new TypeError("multi-return length mismatch");
    }
    return results;
  };
}

/** The store to make an instance in: that of what it is given, if that is in one. */
function storeFor(values, what) {
  let store; // what has a place in it cannot be elsewhere
  let ofFunctions;
  for (const value of values) {
    const bound = isTable(value) ? storeOfTable(value) : isGlobal(value) ? storeOfGlobal(value) : undefined;
    if (bound === undefined) {
      ofFunctions ??= isMemory(value) ? storeOfMemory(value) : isTable(value) ? functionStore(value) : storeOf(value);
    } else if (store === undefined) {
      store = bound;
    } else if (store !== bound) {
      throw new LinkError(`${what}: tables and globals of instances that know nothing of each other`);
    }
  }
  return store ?? ofFunctions ?? new Store();
}

/** What the host is given for an import. */
function place(value, { module, name, kind }, index, store, what) {
  if (kind === "function") return value;
  if (kind === "memory") {
    enterStore(value, store);
    return tokenOf(value);
  }
  if (kind === "tag") return numberOfTag(value, store);
  const number = kind === "table" ? numberIn(value, store) : numberOfGlobal(value, store);
  if (number === undefined) {
    throw new LinkError(`${what}: Import #${index} "${module}" "${name}": it belongs to another instance`);
  }
  return number;
}

function objectOf(value, { kind, value: type, mutable, parameters }, store) {
  switch (kind) {
    case "memory":
      return memoryOf(value, store);
    case "table":
      return tableOf(value, store, type);
    case "global":
      return globalOf(value, store, type, mutable);
    case "tag":
      return tagOf(value, store, parameters);
    default:
      return value;
  }
}
