// https://webassembly.github.io/spec/js-api/#tables
//
// A table that a script makes is an array until it is given to an instance, which is when it gets
// a place in a store. It is in one store at most.

import { defineInterface, illegalInvocation, isObject } from "../kernel/webidl.js";
import { natives } from "./natives.js";
import { storeOf } from "./store.js";
import { defaultOf, toIndex, toLimits, toTableKind } from "./types.js";

const { Array, Object, RangeError, TypeError } = globalThis;
const MAX_ELEMENTS = 10_000_000;
const WHAT = "WebAssembly.Table";

let given; // number, store and kind of a table that is being wrapped

/** Whether the value is a Table. */
export let isTable;
/** The store that a table is in; undefined if none. */
export let storeOfTable;
/** A table's number in this store, where it is put if it was in none; undefined if in another. */
export let numberIn;
/** The store that a table is in, or else one of a function in it. */
export let functionStore;

export class Table {
  #kind;
  #number;
  #store;
  #elements; // while it is in no store
  #maximum;

  constructor(descriptor, value = undefined) {
    if (given !== undefined) {
      [this.#number, this.#store, this.#kind] = given;
      given = undefined;
      return;
    }
    const what = `${WHAT}()`;
    if (!isObject(descriptor)) throw new TypeError(`${what}: Argument 0 must be a table descriptor`);
    this.#kind = toTableKind(descriptor.element, what);
    const { initial, maximum } = toLimits(descriptor, what, MAX_ELEMENTS, 4_294_967_295);
    const isGiven = arguments.length > 1 && (value !== undefined || this.#kind === "externref");
    const first = this.#element(value, isGiven, what, "Argument 1");
    this.#maximum = maximum;
    this.#elements = Array.from({ length: initial }, () => first);
  }

  get length() {
    return this.#elements === undefined
      ? natives.table_size(this.#store.keeper, this.#number)
      : this.#elements.length;
  }

  grow(delta, value = undefined) {
    const what = `${WHAT}.grow()`;
    if (!isTable(this)) throw illegalInvocation();
    const before = this.length;
    const count = toIndex(delta, `${what}: Argument 0`);
    const element = this.#element(value, arguments.length > 1, what, "Argument 1");
    const most = Math.min(this.#maximum ?? MAX_ELEMENTS, MAX_ELEMENTS);
    const grown =
      before + count <= most &&
      (this.#elements === undefined
        ? natives.table_grow(this.#store.keeper, this.#number, count, element)
        : append(this.#elements, count, element));
    if (!grown) throw new RangeError(`${what}: failed to grow table by ${count}`);
    return before;
  }

  set(index, value = undefined) {
    const place = this.#place(index, "set");
    const element = this.#element(value, arguments.length > 1, `${WHAT}.set()`, "Argument 1");
    if (this.#elements === undefined) natives.table_set(this.#store.keeper, this.#number, place, element);
    else this.#elements[place] = element;
  }

  get(index) {
    const place = this.#place(index, "get");
    return this.#elements === undefined
      ? natives.table_get(this.#store.keeper, this.#number, place)
      : this.#elements[place];
  }

  #place(index, method) {
    if (!isTable(this)) throw illegalInvocation();
    const place = toIndex(index, `${WHAT}.${method}(): Argument 0`);
    const { length } = this;
    if (place < length) return place;
    const kind = this.#kind === "anyfunc" ? "funcref" : this.#kind;
    throw new RangeError(
      `${WHAT}.${method}(): invalid address ${place} in ${kind} table of size ${length}`,
    );
  }

  #element(value, isGiven, what, which) {
    if (!isGiven) return defaultOf(this.#kind);
    if (this.#kind === "anyfunc" && value !== null && storeOf(value) === undefined) {
      throw new TypeError(
        `${what}: ${which} is invalid for table: function-typed object must be null (if nullable) or a Wasm function object`,
      );
    }
    return value;
  }

  static {
    isTable = (value) => isObject(value) && #kind in value;
    storeOfTable = (table) => table.#store;
    numberIn = (table, store) => {
      if (table.#store === undefined) {
        const elements = table.#elements;
        const { keeper } = store;
        const blank = elements.length > 0 ? elements[0] : defaultOf(table.#kind);
        table.#number = natives.new_table(keeper, table.#kind, elements.length, table.#maximum, blank);
        for (let index = 1; index < elements.length; index++) {
          if (!Object.is(elements[index], blank)) natives.table_set(keeper, table.#number, index, elements[index]);
        }
        table.#store = store;
        table.#elements = undefined;
        store.tables.set(table.#number, table);
      }
      return table.#store === store ? table.#number : undefined;
    };
    functionStore = (table) => {
      if (table.#store !== undefined || table.#kind !== "anyfunc") return table.#store;
      const filled = table.#elements.find((element) => element !== null);
      return storeOf(filled);
    };
    defineInterface(this, WHAT);
  }
}

/** The Table that stands for what an instance has exported. */
export function tableOf(number, store, kind) {
  let table = store.tables.get(number);
  if (table === undefined) {
    given = [number, store, kind];
    table = new Table();
    store.tables.set(number, table);
  }
  return table;
}

function append(elements, count, element) {
  for (let added = 0; added < count; added++) elements.push(element);
  return true;
}
