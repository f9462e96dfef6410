// node:async_hooks: AsyncLocalStorage and AsyncResource, over the frames of the kernel.
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/asynclocalstorage/

import { currentFrame, runInFrame } from "../kernel/frames.js";
import { absentFrom, invalidType, requireFunction, requireString } from "./errors.js";

/** A value that follows a call through whatever that call puts off. */
export class AsyncLocalStorage {
  #default;
  #name;

  constructor(options = undefined) {
    this.#default = options?.defaultValue;
    this.#name = options?.name ?? "";
  }

  /** A function that calls another in the frame that is current now. */
  static bind(fn) {
    return AsyncResource.bind(fn);
  }

  /** A function that calls what it is given in the frame that is current now. */
  static snapshot() {
    const frame = currentFrame();
    return (fn, ...args) => runInFrame(frame, fn, args);
  }

  get name() {
    return this.#name;
  }

  getStore() {
    const frame = currentFrame();
    return frame?.has(this) ? frame.get(this) : this.#default;
  }

  run(store, callback, ...args) {
    requireFunction(callback, "callback");
    return runInFrame(new Map(currentFrame()).set(this, store), callback, args);
  }

  exit(callback, ...args) {
    return this.run(undefined, callback, ...args);
  }

  /** As in Workers, where a value that nobody takes back would reach whatever comes after. */
  enterWith() {
    return absentFrom("asyncLocalStorage").enterWith();
  }

  disable() {
    return absentFrom("asyncLocalStorage").disable();
  }
}

let lastId = 1;

/** Something that happens later and calls back in the frame in which it was made. */
export class AsyncResource {
  #frame = currentFrame();
  #id = ++lastId;

  constructor(type, options = undefined) {
    requireString(type, "type");
    if (options !== undefined && typeof options !== "number" && typeof options !== "object")
      throw invalidType("options", "object", options);
  }

  static bind(fn, type = undefined, receiver = undefined) {
    return new AsyncResource(type ?? (fn?.name || "bound-anonymous-fn")).bind(fn, receiver);
  }

  runInAsyncScope(fn, receiver = undefined, ...args) {
    requireFunction(fn, "fn");
    return runInFrame(this.#frame, fn, args, receiver);
  }

  bind(fn, receiver = undefined) {
    requireFunction(fn, "fn");
    const resource = this;
    function bound(...args) {
      return runInFrame(resource.#frame, fn, args, receiver ?? this);
    }
    return Object.defineProperty(bound, "length", { value: fn.length, configurable: true });
  }

  emitDestroy() {
    return this;
  }

  asyncId() {
    return this.#id;
  }

  triggerAsyncId() {
    return 0;
  }
}

/** Accepted and without effect: nothing here tells of each asynchronous step. */
export function createHook() {
  const hook = { enable: () => hook, disable: () => hook };
  return hook;
}

export const executionAsyncId = () => 0;
export const triggerAsyncId = () => 0;
export const executionAsyncResource = () => ({});
export const asyncWrapProviders = Object.freeze({ __proto__: null });

export default {
  AsyncLocalStorage,
  AsyncResource,
  asyncWrapProviders,
  createHook,
  executionAsyncId,
  executionAsyncResource,
  triggerAsyncId,
};
