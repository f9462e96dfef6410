// DurableObjectState: https://developers.cloudflare.com/durable-objects/api/state/

import { runCriticalSection } from "./critical-section.js";
import { DurableObjectStorage } from "./storage.js";

const NOT_A_FUNCTION =
  "Failed to execute 'blockConcurrencyWhile' on 'DurableObjectState': parameter 1 is not of type 'function'.";
const NOT_A_PROMISE =
  "Failed to execute 'waitUntil' on 'DurableObjectState': parameter 1 is not of type 'Promise'.";
const ABORTED = "Application called abort() to reset Durable Object.";

/** What an object knows of itself; the first argument of its constructor. */
export class DurableObjectState {
  #instance;
  #storage;
  #props;

  constructor(instance) {
    this.#instance = instance;
    this.#storage = new DurableObjectStorage(instance);
  }

  /** The object's id. */
  get id() {
    return this.#instance.id;
  }

  /** The object's own durable storage. */
  get storage() {
    return this.#storage;
  }

  /** Configuration of whoever made the object; none here. */
  get props() {
    return (this.#props ??= {});
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    if (arguments.length === 0) throw new TypeError(NOT_A_PROMISE);
    this.#instance.waitUntil(promise);
  }

  /**
   * Run `callback` while no other event reaches the object. An exception in it resets
   * the object, as does taking longer than 30 seconds.
   */
  blockConcurrencyWhile(callback) {
    if (typeof callback !== "function") {
      return Promise.reject(new TypeError(NOT_A_FUNCTION));
    }
    return runCriticalSection(this.#instance, () => callback(), { resetOnError: true });
  }

  /** Reset the object now: calls under way fail with `reason`, memory is dropped. */
  abort(reason = ABORTED) {
    const error = new Error(String(reason));
    this.#instance.reset(error);
    throw error;
  }

  get [Symbol.toStringTag]() {
    return "DurableObjectState";
  }
}
