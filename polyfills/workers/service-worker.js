// Service-worker syntax: `addEventListener("fetch", event => event.respondWith(…))`.
// https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/

import { DOMException } from "../language/dom-exception.js";
import { defineInterface } from "../kernel/webidl.js";
import { lazily } from "../kernel/lazy.js";
import { reportException } from "../kernel/report.js";
import { CONSTRUCTING, ExtendableEvent } from "./extendable-event.js";

const CALLED_TWICE = "FetchEvent.respondWith() has already been called; it can only be called once.";
const TOO_LATE =
  "Too late to call FetchEvent.respondWith(). It must be called synchronously in the event handler.";

const loadPassing = lazily("workers/pass-through.js");
let hasResponse, endDispatch;

/** The event that `fetch` listeners of a service worker get. */
export class FetchEvent extends ExtendableEvent {
  #event;
  #request;
  #responded = false;
  #isOver = false; // its listeners have run

  constructor() {
    const [key, event, request] = arguments;
    super(key, "fetch", event);
    this.#event = event;
    this.#request = request;
  }

  /** The request to answer. */
  get request() {
    return this.#request;
  }

  /** Answer with a Response or a promise of one; once, while the listener runs. */
  respondWith(response) {
    if (this.#isOver) throw new DOMException(TOO_LATE, "InvalidStateError");
    if (this.#responded) throw new DOMException(CALLED_TWICE, "InvalidStateError");
    this.#responded = true;
    this.stopImmediatePropagation();
    this.#event.answerWith(response);
  }

  /** See ExecutionContext. */
  passThroughOnException() {
    this.#event.passesThrough = true;
  }

  static {
    defineInterface(this);
    hasResponse = (fetchEvent) => fetchEvent.#responded;
    endDispatch = (fetchEvent) => (fetchEvent.#isOver = true);
  }
}

/** The events that the runtime itself gives to a script, in either syntax. */
export const RUNTIME_EVENTS = [
  "fetch",
  "scheduled",
  "queue",
  "email",
  "tail",
  "trace",
  "alarm",
  "test",
];

const listeners = new Map(); // type → functions, in order

/** True for the types of RUNTIME_EVENTS. */
export function isRuntimeEvent(type) {
  return RUNTIME_EVENTS.includes(type);
}

/** The global addEventListener's part that concerns events of the runtime. */
export function listenerFor(type) {
  return listeners.get(type) ?? [];
}

export function hasListener(type) {
  return listeners.has(type);
}

/** Register a handler of the script for an event of the runtime. */
export function addListener(type, listener) {
  const known = listeners.get(type);
  if (known === undefined) listeners.set(type, [listener]);
  else if (!known.includes(listener)) known.push(listener);
}

/** Withdraw a handler. */
export function removeListener(type, listener) {
  const left = listenerFor(type).filter((known) => known !== listener);
  if (left.length) listeners.set(type, left);
  else listeners.delete(type);
}

const NO_RESPONSE =
  "No event handler responded to the fetch event: call event.respondWith() in the handler.";

/** Run the script's `fetch` listeners for an event. */
export function dispatchToListeners(event, request) {
  const fetchEvent = new FetchEvent(CONSTRUCTING, event, request);
  const hasThrown = callListeners(event, fetchEvent);
  endDispatch(fetchEvent);
  if (hasThrown || hasResponse(fetchEvent)) return;
  if (!loadPassing().passToOrigin(event)) event.fail(new Error(NO_RESPONSE));
}

// Whether one has thrown that has given no response.
function callListeners(event, fetchEvent) {
  for (const listener of listenerFor("fetch")) {
    try {
      if (typeof listener === "function") listener.call(globalThis, fetchEvent);
      else listener.handleEvent(fetchEvent);
    } catch (error) {
      if (!hasResponse(fetchEvent)) {
        event.threw(error);
        return true;
      }
      reportException(error);
    }
    if (hasResponse(fetchEvent)) return false;
  }
  return false;
}
