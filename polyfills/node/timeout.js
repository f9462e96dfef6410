// The timers of Node.js: https://nodejs.org/docs/latest-v20.x/api/timers.html#class-timeout
//
// A timer is the platform's own; what Node.js gives back is an object that knows its id. One
// that keeps nothing alive (`unref`) is the same here, where nothing is kept alive by timers.
//
// These are also the global functions of scripts with nodejs_compat, so little is imported.

import { lazily } from "../kernel/lazy.js";
import * as platform from "../timers/timers.js";

const errors = lazily("node/errors.js");
const promises = lazily("node/timers-promises.js");
const PROMISED = Symbol.for("nodejs.util.promisify.custom");

export class Timeout {
  #id;
  #start;
  #active = true;
  #hasRef = true;

  constructor(start, once) {
    this.#start = () =>
      start(() => {
        if (once) this.#active = false;
      });
    this.#id = this.#start();
  }

  ref() {
    this.#hasRef = true;
    return this;
  }

  unref() {
    this.#hasRef = false;
    return this;
  }

  hasRef() {
    return this.#hasRef;
  }

  refresh() {
    if (!this.#active) return this;
    platform.clearTimeout(this.#id);
    this.#id = this.#start();
    return this;
  }

  close() {
    this.#active = false;
    platform.clearTimeout(this.#id);
    return this;
  }

  [Symbol.toPrimitive]() {
    return this.#id;
  }
}
if (Symbol.dispose !== undefined) Timeout.prototype[Symbol.dispose] = Timeout.prototype.close;

class Immediate extends Timeout {}

function requireCallback(callback) {
  if (typeof callback !== "function") throw errors().invalidType("callback", "function", callback);
}

/** Node.js waits a millisecond at least; Workers only where they are not told how long. */
export function setTimeout(callback, after = 1, ...args) {
  requireCallback(callback);
  return new Timeout(
    (fired) =>
      platform.setTimeout(
        () => {
          fired();
          callback(...args);
        },
        after,
      ),
    true,
  );
}

export function setInterval(callback, repeat = undefined, ...args) {
  requireCallback(callback);
  return new Timeout(
    () => platform.setInterval(() => callback(...args), repeat >= 1 ? repeat : 1),
    false,
  );
}

export function setImmediate(callback, ...args) {
  requireCallback(callback);
  return new Immediate(
    (fired) =>
      platform.setTimeout(() => {
        fired();
        callback(...args);
      }, 0),
    true,
  );
}

// What util.promisify() makes of them.
for (const start of [setTimeout, setImmediate])
  Object.defineProperty(start, PROMISED, {
    get: () => promises()[start.name],
    enumerable: true,
    configurable: true,
  });

/** Stops a timer, given as an object or as its id. */
export function clearTimeout(timer) {
  if (timer instanceof Timeout) timer.close();
  else if (typeof timer === "number" || typeof timer === "string")
    platform.clearTimeout(Number(timer));
}

export const clearInterval = (timer) => clearTimeout(timer);
export const clearImmediate = (timer) => clearTimeout(timer);
