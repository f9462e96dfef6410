// WebAssembly, which the engine does not have.
//
// Libraries ask `typeof WebAssembly` and do without where it is "undefined", so that is what
// they get: the engine marks the namespace as an object that counts as undefined, as it does
// for document.all in browsers (ECMA-262, B.3.6). Code that uses it without asking is told
// why it fails. Only a Memory can be made: by itself it is but a buffer, and for some code the
// way to a shared one.

import {
  defineInterface,
  enforceRange,
  isObject,
  requireArguments,
} from "../kernel/webidl.js";

const { ArrayBuffer, RangeError, SharedArrayBuffer } = globalThis;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const MEMORY = "WebAssembly.Memory()";

const ABSENT =
  "WebAssembly is not available: the engine of this runtime, QuickJS, runs JavaScript only.";

class CompileError extends Error {}
class LinkError extends Error {}
class RuntimeError extends Error {}
for (const Class of [CompileError, LinkError, RuntimeError]) {
  Object.defineProperty(Class.prototype, "name", { value: Class.name, configurable: true, writable: true });
}

function unavailable() {
  throw new CompileError(ABSENT);
}

async function unavailableSoon() {
  throw new CompileError(ABSENT);
}

/** https://webassembly.github.io/spec/js-api/#memories */
class Memory {
  #buffer;
  #maximum;

  constructor(descriptor) {
    requireArguments(arguments.length, 1, `'constructor' on '${MEMORY}'`);
    if (!isObject(descriptor)) throw new TypeError(`${MEMORY}: the descriptor is not an object.`);
    const { initial, maximum, shared } = descriptor;
    if (initial === undefined) throw new TypeError(`${MEMORY}: 'initial' is required.`);
    if (shared && maximum === undefined) throw new TypeError(`${MEMORY}: 'maximum' is required.`);
    const pages = toPages(initial);
    this.#maximum = maximum === undefined ? MAX_PAGES : toPages(maximum);
    if (this.#maximum < pages) throw new RangeError(`${MEMORY}: 'maximum' is below 'initial'.`);
    this.#buffer = new (shared ? SharedArrayBuffer : ArrayBuffer)(pages * PAGE_BYTES);
  }

  get buffer() {
    return this.#buffer;
  }

  grow(delta) {
    const buffer = this.#buffer;
    const pages = buffer.byteLength / PAGE_BYTES;
    const wanted = pages + toPages(delta);
    if (wanted > this.#maximum || buffer instanceof SharedArrayBuffer) {
      throw new RangeError("WebAssembly.Memory.grow(): the memory cannot grow so far.");
    }
    this.#buffer = buffer.transfer(wanted * PAGE_BYTES);
    return pages;
  }

  static {
    defineInterface(this, "WebAssembly.Memory");
  }
}

function toPages(value) {
  return enforceRange(value, 0, MAX_PAGES, `${MEMORY}: a number of pages`);
}

const classes = { CompileError, LinkError, RuntimeError, Memory };
for (const name of ["Module", "Instance", "Table", "Global", "Tag", "Exception"]) {
  classes[name] = { [name]: class { constructor() { unavailable(); } } }[name];
  defineInterface(classes[name], `WebAssembly.${name}`);
}

/** The global namespace; main.js has the host mark it. */
export const WebAssembly = Object.create(Object.prototype, {
  ...describe(classes),
  ...describe({
    compile: (_bytes) => unavailableSoon(),
    compileStreaming: (_source) => unavailableSoon(),
    instantiate: (_bytes) => unavailableSoon(),
    instantiateStreaming: (_source) => unavailableSoon(),
    validate: (_bytes) => false,
    [Symbol.toStringTag]: "WebAssembly",
  }),
});

function describe(members) {
  const descriptors = {};
  for (const name of Reflect.ownKeys(members)) {
    descriptors[name] = { value: members[name], writable: true, configurable: true };
  }
  return descriptors;
}
