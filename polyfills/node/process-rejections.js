// The events of process that tell of rejected promises: those of the global object, by Node.js's names.
// https://nodejs.org/docs/latest-v20.x/api/process.html#event-unhandledrejection

import { EventEmitter } from "./events.js";

const sources = {
  __proto__: null,
  unhandledRejection: "unhandledrejection",
  rejectionHandled: "rejectionhandled",
};

/** Have the methods of `process` that add listeners listen to the global object, once it is asked to. */
export function bridgeRejections(process) {
  const bridged = new Set();
  const bridge = (name) => {
    const source = sources[name];
    if (source === undefined || bridged.has(name)) return;
    bridged.add(name);
    globalThis.addEventListener(source, (event) => {
      if (process.listenerCount(name) === 0) return;
      event.preventDefault(); // nobody else has to tell of it
      if (name === "rejectionHandled") process.emit(name, event.promise);
      else process.emit(name, event.reason, event.promise);
    });
  };
  for (const method of ["on", "addListener", "once", "prependListener", "prependOnceListener"]) {
    const add = EventEmitter.prototype[method];
    Object.defineProperty(process, method, {
      value(name, listener) {
        bridge(name);
        return add.call(this, name, listener);
      },
      writable: true,
      configurable: true,
    });
  }
}
