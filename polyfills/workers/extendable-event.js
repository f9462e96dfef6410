// Events of the runtime that a service worker's listeners may keep alive; only the runtime makes
// them. https://w3c.github.io/ServiceWorker/#extendableevent-interface

import { Event } from "../events/event.js";
import { defineInterface, illegalConstructor } from "../kernel/webidl.js";

/** The first argument of who may construct one. */
export const CONSTRUCTING = {};

/** An event that is over when what it waits for is. */
export class ExtendableEvent extends Event {
  #event;

  constructor() {
    const [key, type, event] = arguments;
    if (key !== CONSTRUCTING) throw illegalConstructor();
    super(type);
    this.#event = event;
  }

  /** Keep the event alive until the promise settles. */
  waitUntil(promise) {
    this.#event.waitUntil(promise);
  }

  static {
    defineInterface(this);
  }
}
