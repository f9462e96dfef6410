// Stores: what instances share that know each other (holdfast/engine/wasm/store.py).
//
// The keeper is an object that the host knows the store by. Whatever stands for something in a
// store holds on to the record here, and so to the keeper; functions hold the keeper by themselves.

import { natives } from "./natives.js";

const { Map } = globalThis;

export class Store {
  keeper = natives.new_store();
  // What stands for what, so that it is always the same object: by token, and by number.
  memories = new Map();
  tables = new Map();
  globals = new Map();
  tags = new Map();

  constructor() {
    this.keeper.record = this;
  }
}

/** The store of a function that WebAssembly has exported; undefined for anything else. */
export function storeOf(value) {
  return typeof value === "function" ? natives.store_of(value)?.record : undefined;
}
