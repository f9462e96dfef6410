// https://webassembly.github.io/spec/js-api/#memories

import { isDetached, keepFromTransfer } from "../kernel/buffers.js";
import { defineInterface, illegalInvocation, isObject } from "../kernel/webidl.js";
import { natives } from "./natives.js";
import { toIndex, toLimits } from "./types.js";

const { Object, RangeError, SharedArrayBuffer, TypeError } = globalThis;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const WHAT = "WebAssembly.Memory()";

let given; // the token of a memory that is being wrapped

/** Whether the value is a Memory that instances can have. */
export let isMemory;
/** What the host knows a memory by. */
export let tokenOf;
/** A memory is given to an instance of this store. */
export let enterStore;
/** A store that a memory is in; undefined if none. */
export let storeOfMemory;

export class Memory {
  #token; // what the host knows it by; none for one that is shared, which no instance can have
  #store; // one that it is in, which is to live as long
  #buffer;

  constructor(descriptor) {
    if (given !== undefined) {
      [this.#token, this.#store] = given;
      given = undefined;
      return;
    }
    const { initial, maximum } = toLimits(descriptor, WHAT, MAX_PAGES, MAX_PAGES);
    if (descriptor.shared) {
      if (maximum === undefined) {
        throw new TypeError(`${WHAT}: If shared is true, maximum property should be specified.`);
      }
      this.#buffer = Object.freeze(new SharedArrayBuffer(initial * PAGE_BYTES));
      return;
    }
    this.#token = natives.new_memory(initial, maximum);
  }

  grow(delta) {
    const what = "WebAssembly.Memory.grow()";
    if (!(#token in this)) throw illegalInvocation();
    const pages = toIndex(delta, `${what}: Argument 0`);
    const before = this.buffer.byteLength / PAGE_BYTES;
    if (this.#token === undefined || !natives.grow_memory(this.#token, pages)) {
      throw new RangeError(`${what}: Maximum memory size exceeded`);
    }
    return before;
  }

  get buffer() {
    const buffer = this.#buffer;
    if (buffer !== undefined && !isDetached(buffer)) return buffer;
    const made = natives.memory_buffer(this.#token);
    keepFromTransfer(made);
    return (this.#buffer = made);
  }

  static {
    isMemory = (value) => isObject(value) && #token in value && value.#token !== undefined;
    tokenOf = (memory) => memory.#token;
    enterStore = (memory, store) => {
      memory.#store ??= store;
      store.memories.set(memory.#token, memory);
    };
    storeOfMemory = (memory) => memory.#store;
    defineInterface(this, "WebAssembly.Memory");
  }
}

/** The Memory that stands for what an instance has exported. */
export function memoryOf(token, store) {
  let memory = store.memories.get(token);
  if (memory === undefined) {
    given = [token, store];
    memory = new Memory();
    store.memories.set(token, memory);
  }
  return memory;
}
