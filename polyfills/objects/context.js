// The context in which an object's turns run.

import { Context } from "../kernel/turns.js";

/** The context of an object's turns; `section` is the critical section it belongs to. */
export class ObjectContext extends Context {
  constructor(instance, section) {
    super();
    this.gate = instance.inputGate;
    this.life = instance; // all contexts of an object keep it alive together
    this.section = section;
    this.outputGate = instance.outputGate;
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    this.life.waitUntil(promise);
  }
}
