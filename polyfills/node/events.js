// node:events: https://nodejs.org/docs/latest-v20.x/api/events.html
//
// EventEmitter is a function, so that constructors of old may call it on their instances, and
// keeps its state where Node.js has it, because libraries look there.

import { invalidType, nodeError, outOfRange, requireFunction } from "./errors.js";
import { lazily } from "../kernel/lazy.js";
import { AsyncResource } from "./async-hooks.js";
import { on, once } from "./events-waiting.js";
import { inspect } from "./inspect.js";
import { define } from "./properties.js";

export const errorMonitor = Symbol("events.errorMonitor");
export const captureRejectionSymbol = Symbol.for("nodejs.rejection");
const capture = Symbol("kCapture");

const process = lazily("node/process.js"); // which stands on this file
let defaultMaxListeners = 10;
const { apply, ownKeys } = Reflect;

/** What calls its listeners, by the event's name, when that is emitted. */
export function EventEmitter(options = undefined) {
  EventEmitter.init.call(this, options);
}

EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;
EventEmitter.prototype[capture] = false;

EventEmitter.init = function init(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  this._maxListeners ||= undefined;
  if (options?.captureRejections) {
    if (typeof options.captureRejections !== "boolean")
      throw invalidType("options.captureRejections", "boolean", options.captureRejections);
    Object.defineProperty(this, capture, { value: true, writable: true, configurable: true });
  }
};

function requireCount(n, name) {
  if (typeof n !== "number") throw invalidType(name, "number", n);
  if (!(n >= 0)) throw outOfRange(name, ">= 0", n);
}

function limitOf(emitter) {
  return emitter._maxListeners ?? defaultMaxListeners;
}

function add(emitter, type, listener, prepend) {
  requireFunction(listener, "listener");
  emitter._events ??= { __proto__: null };
  const events = emitter._events;
  if (events.newListener !== undefined) {
    emitter.emit("newListener", type, listener.listener ?? listener);
  }
  const existing = emitter._events[type];
  if (existing === undefined) {
    emitter._events[type] = listener;
    emitter._eventsCount++;
    return emitter;
  }
  const list = typeof existing === "function" ? [existing] : existing;
  if (prepend) list.unshift(listener);
  else list.push(listener);
  emitter._events[type] = list;
  warnOfLeak(emitter, type, list);
  return emitter;
}

function warnOfLeak(emitter, type, list) {
  const limit = limitOf(emitter);
  if (limit <= 0 || list.length <= limit || list.warned) return;
  list.warned = true;
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${list.length} ${String(type)} ` +
      `listeners added to ${inspect(emitter, { depth: -1 })}. MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`,
  );
  const details = { name: "MaxListenersExceededWarning", emitter, type, count: list.length };
  process().process.emitWarning(Object.assign(warning, details));
}

function listOf(emitter, type) {
  const existing = emitter._events?.[type];
  return existing === undefined ? [] : typeof existing === "function" ? [existing] : [...existing];
}

function onceWrapper(emitter, type, listener) {
  requireFunction(listener, "listener");
  let fired = false;
  function wrapper(...args) {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(type, wrapper);
    return apply(listener, emitter, args);
  }
  wrapper.listener = listener;
  return wrapper;
}

function throwUnhandled(args) {
  const [error] = args;
  if (error instanceof Error) throw error;
  let text;
  try {
    text = inspect(error);
  } catch {
    text = error;
  }
  throw nodeError(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${text})`, { context: error });
}

function watchRejection(emitter, result, type, args) {
  if (typeof result?.then !== "function") return;
  result.then(undefined, (error) => {
    queueMicrotask(() => {
      if (typeof emitter[captureRejectionSymbol] === "function")
        emitter[captureRejectionSymbol](error, type, ...args);
      else {
        emitter[capture] = false; // what the listeners of errors reject with is lost
        try {
          emitter.emit("error", error);
        } finally {
          emitter[capture] = true;
        }
      }
    });
  });
}

const methods = {
  setMaxListeners(n) {
    requireCount(n, "setMaxListeners");
    this._maxListeners = n;
    return this;
  },

  getMaxListeners() {
    return limitOf(this);
  },

  emit(type, ...args) {
    const events = this._events;
    if (type === "error") {
      if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
      if (events?.error === undefined) throwUnhandled(args);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    const listeners = typeof handler === "function" ? [handler] : [...handler];
    for (const listener of listeners) {
      const result = apply(listener, this, args);
      if (result !== undefined && result !== null && this[capture])
        watchRejection(this, result, type, args);
    }
    return true;
  },

  addListener(type, listener) {
    return add(this, type, listener, false);
  },

  prependListener(type, listener) {
    return add(this, type, listener, true);
  },

  once(type, listener) {
    return this.on(type, onceWrapper(this, type, listener));
  },

  prependOnceListener(type, listener) {
    return this.prependListener(type, onceWrapper(this, type, listener));
  },

  removeListener(type, listener) {
    requireFunction(listener, "listener");
    const list = listOf(this, type);
    let at = list.length - 1;
    while (at >= 0 && list[at] !== listener && list[at].listener !== listener) at--;
    if (at < 0) return this;
    const [removed] = list.splice(at, 1);
    if (list.length === 0) {
      delete this._events[type];
      this._eventsCount--;
    } else {
      this._events[type] = list.length === 1 ? list[0] : list;
    }
    if (this._events.removeListener !== undefined)
      this.emit("removeListener", type, removed.listener ?? listener);
    return this;
  },

  removeAllListeners(type = undefined) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener !== undefined) {
      const types =
        arguments.length === 0 ? ownKeys(events).filter((key) => key !== "removeListener") : [type];
      for (const key of types)
        for (const listener of listOf(this, key).reverse()) this.removeListener(key, listener);
    }
    if (arguments.length === 0) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    } else if (this._events[type] !== undefined) {
      delete this._events[type];
      this._eventsCount--;
    }
    return this;
  },

  listeners(type) {
    return listOf(this, type).map((listener) => listener.listener ?? listener);
  },

  rawListeners(type) {
    return listOf(this, type);
  },

  listenerCount(type, listener = undefined) {
    const list = listOf(this, type);
    if (listener === undefined || listener === null) return list.length;
    return list.filter((item) => item === listener || item.listener === listener).length;
  },

  eventNames() {
    return this._eventsCount > 0 ? ownKeys(this._events) : [];
  },
};
define(EventEmitter.prototype, methods);
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

// ---- Functions of the module --------------------------------------------------------------

export { on, once };

export function getEventListeners(target, type) {
  if (typeof target?.listeners === "function") return target.listeners(type);
  if (target instanceof EventTarget) return []; // as in workerd: it tells nobody who listens
  throw invalidType("emitter", ["EventEmitter", "EventTarget"], target);
}

export function getMaxListeners(target) {
  if (typeof target?.getMaxListeners === "function") return target.getMaxListeners();
  if (target instanceof EventTarget) return defaultMaxListeners;
  throw invalidType("emitter", ["EventEmitter", "EventTarget"], target);
}

export function listenerCount(emitter, type) {
  return typeof emitter.listenerCount === "function"
    ? emitter.listenerCount(type)
    : EventEmitter.prototype.listenerCount.call(emitter, type);
}

export function setMaxListeners(n = defaultMaxListeners, ...targets) {
  requireCount(n, "setMaxListeners");
  if (targets.length === 0) defaultMaxListeners = n;
  for (const target of targets) {
    if (typeof target?.setMaxListeners === "function") target.setMaxListeners(n);
    else if (!(target instanceof EventTarget))
      throw invalidType("eventTargets", ["EventEmitter", "EventTarget"], target);
  }
}

/** Listens for a signal's abort; the result takes the listener back. */
export function addAbortListener(signal, listener) {
  if (!(signal instanceof AbortSignal)) throw invalidType("signal", "AbortSignal", signal);
  requireFunction(listener, "listener");
  if (signal.aborted) queueMicrotask(() => listener());
  else signal.addEventListener("abort", listener, { once: true });
  const dispose = () => signal.removeEventListener("abort", listener);
  return Symbol.dispose === undefined ? { dispose } : { [Symbol.dispose]: dispose };
}

/** An emitter whose listeners run in the frame in which it was made. */
export class EventEmitterAsyncResource extends EventEmitter {
  #resource;

  constructor(options = undefined) {
    super(typeof options === "string" ? undefined : options);
    const name = typeof options === "string" ? options : options?.name;
    this.#resource = new AsyncResource(name ?? new.target.name);
  }

  emit(type, ...args) {
    return this.#resource.runInAsyncScope(super.emit, this, type, ...args);
  }

  emitDestroy() {
    this.#resource.emitDestroy();
  }

  get asyncId() {
    return this.#resource.asyncId();
  }

  get triggerAsyncId() {
    return this.#resource.triggerAsyncId();
  }

  get asyncResource() {
    return this.#resource;
  }
}

export const { init } = EventEmitter;

Object.assign(EventEmitter, {
  EventEmitter,
  EventEmitterAsyncResource,
  addAbortListener,
  captureRejectionSymbol,
  errorMonitor,
  getEventListeners,
  getMaxListeners,
  listenerCount,
  on,
  once,
  setMaxListeners,
  usingDomains: false,
});
Object.defineProperties(EventEmitter, {
  defaultMaxListeners: {
    get: () => defaultMaxListeners,
    set(n) {
      requireCount(n, "defaultMaxListeners");
      defaultMaxListeners = n;
    },
    enumerable: true,
  },
  captureRejections: {
    get: () => EventEmitter.prototype[capture],
    set(value) {
      if (typeof value !== "boolean")
        throw invalidType("EventEmitter.captureRejections", "boolean", value);
      EventEmitter.prototype[capture] = value;
    },
    enumerable: true,
  },
});

export { defaultMaxListeners };
export const usingDomains = false;
export const captureRejections = false;
export default EventEmitter;
