// The namespace WebAssembly, for scripts that ask for it.
// https://webassembly.github.io/spec/js-api/#webassembly-namespace

import { bytesOf } from "../kernel/buffers.js";
import { refuseToClone } from "../serialize/index.js";
import { Exception, JSTag, Tag } from "./exception.js";
import { Global } from "./global.js";
import { Instance, instanceOf } from "./instance.js";
import { Memory } from "./memory.js";
import { compile, isModule, Module, moduleOf } from "./module.js";
import { CompileError, LinkError, natives, RuntimeError } from "./natives.js";
import { Table } from "./table.js";

const { Object, TypeError } = globalThis;

refuseToClone(Exception, Global, Instance, Memory, Module, Table, Tag);

const functions = {
  async compile(bytes) {
    return moduleOf(compile(bytes, "WebAssembly.compile()"));
  },

  async instantiate(source, importObject = undefined) {
    const what = "WebAssembly.instantiate()";
    if (isModule(source)) return instanceOf(source, importObject, what);
    try {
      bytesOf(source);
    } catch {
      throw new TypeError(`${what}: Argument 0 must be a buffer source or a WebAssembly.Module object`);
    }
    const module = moduleOf(compile(source, what));
    await undefined; // before what is imported is looked at
    return { module, instance: instanceOf(module, importObject, what) };
  },

  validate(bytes) {
    return natives.validate(bytesOf(bytes, "WebAssembly.validate(): Argument 0"));
  },
};

const classes = {
  CompileError,
  Exception,
  Global,
  Instance,
  JSTag,
  LinkError,
  Memory,
  Module,
  RuntimeError,
  Table,
  Tag,
};

export const WebAssembly = Object.create(Object.prototype, {
  ...describe(functions, true),
  ...describe(classes, false),
  [Symbol.toStringTag]: { value: "WebAssembly", configurable: true },
});

function describe(members, enumerable) {
  const descriptors = {};
  for (const name of Reflect.ownKeys(members)) {
    descriptors[name] = { value: members[name], writable: true, configurable: true, enumerable };
  }
  return descriptors;
}
