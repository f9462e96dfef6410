// Setting an error's `stack`. The engine's accessor refuses what is no string, as is proposed
// (https://tc39.es/proposal-error-stack-accessor/); in V8 it is a property like any other, and
// libraries take it away with `error.stack = undefined`.

const { defineProperty, getOwnPropertyDescriptor } = Object;
const accessor = getOwnPropertyDescriptor(Error.prototype, "stack");

defineProperty(Error.prototype, "stack", {
  get: accessor.get,
  set(value) {
    defineProperty(this, "stack", { value, writable: true, configurable: true });
  },
  configurable: true,
});
