// The context in which an object's turns run.

import { Context } from "../kernel/turns.js";

/** The context of an object's turns; `section` is the critical section it belongs to. */
export class ObjectContext extends Context {
  #instance;

  constructor(instance, section) {
    super();
    this.gate = instance.inputGate;
    this.#instance = instance;
    this.section = section;
    this.outputGate = instance.outputGate;
  }

  /** All contexts of an object keep it alive together. */
  get life() {
    return this.#instance;
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    this.life.waitUntil(promise);
  }
}
