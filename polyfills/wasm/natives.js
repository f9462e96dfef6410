// The native functions behind WebAssembly (holdfast/engine/wasm/room.py), and its errors.
// https://webassembly.github.io/spec/js-api/#error-objects

import { wasm } from "holdfast:ops";

const { Error, RangeError, TypeError } = globalThis;

function errorClass(name) {
  const Class = {
    [name]: class extends Error {
      constructor(message, options = undefined) {
        super(message, options);
      }
    },
  }[name];
  Object.defineProperty(Class.prototype, "name", { value: name, configurable: true, writable: true });
  return Class;
}

export const CompileError = errorClass("CompileError");
export const LinkError = errorClass("LinkError");
export const RuntimeError = errorClass("RuntimeError");

const classes = { CompileError, Error, LinkError, RangeError, RuntimeError, TypeError };

export const natives = wasm((name, message) => new classes[name](message));
