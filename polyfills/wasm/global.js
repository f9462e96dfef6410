// https://webassembly.github.io/spec/js-api/#globals
//
// A global that a script makes is a value until it is given to an instance; then it has a place in
// that store. One that cannot change can be in any number of stores.

import { defineInterface, illegalInvocation, isObject } from "../kernel/webidl.js";
import { natives } from "./natives.js";
import { storeOf } from "./store.js";
import { defaultOf, toValueType } from "./types.js";

const { Math, TypeError } = globalThis;
const { asIntN } = globalThis.BigInt;
const WHAT = "WebAssembly.Global";

let given; // number, store, type and whether it can change, of a global that is being wrapped

/** Whether the value is a Global. */
export let isGlobal;
/** The store that a global is in for good; undefined if none. */
export let storeOfGlobal;
/** A global's number in this store, where it is put; undefined if it is in another for good. */
export let numberOfGlobal;

export class Global {
  #type;
  #isMutable;
  #value; // while it is in no store
  #number;
  #store;

  constructor(descriptor, value = undefined) {
    if (given !== undefined) {
      [this.#number, this.#store, this.#type, this.#isMutable] = given;
      given = undefined;
      return;
    }
    const what = `${WHAT}()`;
    if (!isObject(descriptor)) throw new TypeError(`${what}: Argument 0 must be a global descriptor`);
    this.#isMutable = Boolean(descriptor.mutable);
    this.#type = toValueType(descriptor.value, what);
    if (this.#type === "v128") throw new TypeError(`${what}: v128 has no value in JavaScript`);
    const isGiven = this.#type === "externref" ? arguments.length > 1 : value !== undefined;
    this.#value = isGiven ? convert(value, this.#type, what) : defaultOf(this.#type);
  }

  valueOf() {
    if (!isGlobal(this)) throw illegalInvocation();
    return this.value;
  }

  get value() {
    if (this.#type === "v128" || this.#type === "exnref") {
      throw new TypeError(`get ${WHAT}.value: Can't get the value of ${this.#type} WebAssembly.Global`);
    }
    if (this.#store === undefined) return this.#value;
    return natives.global_get(this.#store.keeper, this.#number);
  }

  set value(value) {
    const what = `set ${WHAT}.value`;
    if (!isGlobal(this)) throw illegalInvocation();
    if (arguments.length === 0) throw new TypeError(`${what}: Argument 0 is required`);
    if (!this.#isMutable) {
      throw new TypeError(`${what}): Can't set the value of an immutable global.`);
    }
    const converted = convert(value, this.#type, what);
    if (this.#store === undefined) this.#value = converted;
    else natives.global_set(this.#store.keeper, this.#number, converted);
  }

  static {
    isGlobal = (value) => isObject(value) && #type in value;
    storeOfGlobal = (object) => (object.#isMutable || object.#type === "v128" ? object.#store : undefined);
    numberOfGlobal = (object, store) => {
      if (object.#store === store) return object.#number;
      if (object.#store !== undefined && object.#isMutable) return undefined;
      const number = natives.new_global(store.keeper, object.#type, object.#isMutable, object.value);
      if (object.#store === undefined) {
        object.#number = number;
        object.#store = store;
        object.#value = undefined;
        store.globals.set(number, object);
      }
      return number;
    };
    defineInterface(this, WHAT);
  }
}

/** The Global that stands for what an instance has exported. */
export function globalOf(number, store, type, isMutable) {
  let object = store.globals.get(number);
  if (object === undefined) {
    given = [number, store, type, isMutable];
    object = new Global();
    store.globals.set(number, object);
  }
  return object;
}

/** https://webassembly.github.io/spec/js-api/#towebassemblyvalue, as a value of JavaScript's. */
export function convert(value, type, what) {
  switch (type) {
    case "i32":
      return +value | 0;
    case "i64":
      return asIntN(64, value);
    case "f32":
      return Math.fround(+value);
    case "f64":
      return +value;
    case "anyfunc":
      if (value === null || storeOf(value) !== undefined) return value;
      throw new TypeError(`${what}: The value of funcref globals must be null (if nullable) or an exported function`);
    case "externref":
      return value;
    default:
      throw new TypeError(`${what}: Can't set the value of ${type} WebAssembly.Global`);
  }
}
