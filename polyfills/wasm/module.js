// https://webassembly.github.io/spec/js-api/#modules

import { bytesOf } from "../kernel/buffers.js";
import { currentContext } from "../kernel/current.js";
import { defineInterface } from "../kernel/webidl.js";
import { CompileError, natives } from "./natives.js";

const { JSON, TypeError, Uint8Array } = globalThis;

let isAlwaysPermitted = false;
let given; // the number of a module that is being wrapped

/** Whether the value is a Module. */
export let isModule;
/** The number by which the host knows a module. */
export let numberOf;
/** Imports and exports of a module, with their types. */
export let descriptionOf;

export class Module {
  #number;
  #described;

  constructor(bytes) {
    if (given !== undefined) {
      this.#number = given;
      given = undefined;
    } else {
      this.#number = compile(bytes, "WebAssembly.Module()");
    }
  }

  static imports(module) {
    return describe(module, "imports").imports.map(({ module, name, kind }) => ({ module, name, kind }));
  }

  static exports(module) {
    return describe(module, "exports").exports.map(({ name, kind }) => ({ name, kind }));
  }

  static customSections(module, name) {
    const what = "WebAssembly.Module.customSections()";
    if (!isModule(module)) throw new TypeError(`${what}: Argument 0 must be a WebAssembly.Module`);
    if (name === undefined) throw new TypeError(`${what}: Argument 1 is required`);
    const text = `${name}`;
    return text.isWellFormed() ? natives.custom_sections(module.#number, text) : [];
  }

  static {
    isModule = (value) => typeof value === "object" && value !== null && #number in value;
    numberOf = (module) => module.#number;
    descriptionOf = (module) => (module.#described ??= JSON.parse(natives.describe(module.#number)));
    defineInterface(this, "WebAssembly.Module");
  }
}

function describe(module, what) {
  if (!isModule(module)) {
    throw new TypeError(`WebAssembly.Module.${what}(): Argument 0 must be a WebAssembly.Module`);
  }
  return descriptionOf(module);
}

/** The bytes that a module was made of. */
export function bytesOfModule(module) {
  return new Uint8Array(natives.source_of(numberOf(module)));
}

/** The Module of this number. */
export function moduleOf(number) {
  given = number;
  return new Module();
}

/** The Module that the script was uploaded with under this name. The host calls it for imports. */
export function moduleNamed(name) {
  return moduleOf(natives.module_named(name));
}

/**
 * The number of the module in these bytes. As in workerd, code is made while a script starts, and
 * not in its handlers; what Cloudflare runs is what was uploaded.
 */
export function compile(bytes, what) {
  if (currentContext() !== null && !isAlwaysPermitted) {
    throw new CompileError(`${what}: Wasm code generation disallowed by embedder`);
  }
  return natives.compile(bytesOf(bytes, `${what}: Argument 0`), what);
}

/** Have code made in handlers, too: for the web platform's own tests. */
export function permitCompiling() {
  isAlwaysPermitted = true;
}
