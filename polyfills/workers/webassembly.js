// WebAssembly, which the engine does not have.
//
// Libraries ask `typeof WebAssembly` and do without where it is "undefined", so that is what
// they get: the engine marks the namespace as an object that counts as undefined, as it does
// for document.all in browsers (ECMA-262, B.3.6). Code that uses it without asking is told
// why it fails.

import { defineInterface } from "../kernel/webidl.js";

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

const classes = { CompileError, LinkError, RuntimeError };
for (const name of ["Module", "Instance", "Memory", "Table", "Global", "Tag", "Exception"]) {
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
