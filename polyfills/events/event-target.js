// EventTarget and dispatch: https://dom.spec.whatwg.org/#interface-eventtarget
//
// A path has one target, so dispatch is two passes over its listeners: those that
// capture, then the others. A pass walks a copy of the list, because listeners may
// come and go meanwhile; `removed` tells of those that went.
//
// Functions called without a receiver (`addEventListener("fetch", …)`) act on the
// global object, which is no EventTarget itself: `globalTarget` stands for it.

import { DOMException } from "../language/dom-exception.js";
import {
  defineInterface,
  illegalInvocation,
  isObject,
  requireArguments,
  toDOMString,
} from "../kernel/webidl.js";
import { beginDispatch, endDispatch, isDispatching, isEvent, typeOf } from "./event.js";
import { enterPassiveListener, leavePassiveListener } from "./event.js";
import { markTrusted, markUntrusted, stopHere, stopsImmediately, stopsPropagation } from "./event.js";
import { reportException } from "../kernel/report.js";
import { errorEventFor } from "./uncaught.js";

const callWith = Function.prototype.call.bind(Function.prototype.call);

/** The listeners of an EventTarget: a Map from type to list, or null. */
let listenersOf;
/** Like `listenersOf`, but makes the Map where there is none. */
let makeListenersOf;
/** Whether an object is an EventTarget. */
let isEventTarget;

/** What receives events; listeners are kept by type in the order they were added. */
export class EventTarget {
  #listeners = null;

  addEventListener(type, callback, options = undefined) {
    const target = receiver(this);
    requireArguments(arguments.length, 2, "'addEventListener' on 'EventTarget'");
    const name = toDOMString(type);
    const listener = listenerFrom(toCallback(callback), options);
    if (listener.callback !== null) addListener(target, name, listener);
  }

  removeEventListener(type, callback, options = undefined) {
    const target = receiver(this);
    requireArguments(arguments.length, 2, "'removeEventListener' on 'EventTarget'");
    const name = toDOMString(type);
    const given = toCallback(callback);
    const capture = isObject(options) ? !!options.capture : !!options;
    const list = listenersOf(target)?.get(name);
    const listener = list && find(list, given, capture);
    if (listener) removeListener(target, name, listener);
  }

  /** https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent */
  dispatchEvent(event) {
    const target = receiver(this);
    requireArguments(arguments.length, 1, "'dispatchEvent' on 'EventTarget'");
    if (!isObject(event) || !isEvent(event)) {
      throw new TypeError("Failed to execute 'dispatchEvent' on 'EventTarget': not an Event.");
    }
    if (isDispatching(event)) {
      throw new DOMException("The event is already being dispatched.", "InvalidStateError");
    }
    markUntrusted(event);
    return dispatch(target, event);
  }

  static {
    isEventTarget = (value) => #listeners in value;
    listenersOf = (target) => target.#listeners;
    makeListenersOf = (target) => (target.#listeners ??= new Map());
  }
}

defineInterface(EventTarget);

/** The target behind the global object's event methods. */
export const globalTarget = new EventTarget();

function receiver(value) {
  if (isObject(value) && isEventTarget(value)) return value;
  if (value === undefined || value === null || value === globalThis) return globalTarget;
  throw illegalInvocation();
}

// ---- Listeners --------------------------------------------------------------------

/** What abort.js knows of signals; it imports this module, so it hands them over. */
let signals;

/**
 * Called once by abort.js with `isSignal`, `isAborted`, `addAlgorithm`, `removeAlgorithm`
 * and `listenersChanged(target)`, which hears of listeners of "abort".
 */
export function provideSignals(functions) {
  signals = functions;
}

function toCallback(callback) {
  if (callback === undefined || callback === null) return null;
  if (isObject(callback)) return callback;
  throw new TypeError("EventTarget: a listener must be a function or an object.");
}

/** https://dom.spec.whatwg.org/#event-flatten-more */
function listenerFrom(callback, options) {
  const listener = {
    callback,
    capture: false,
    once: false,
    passive: false,
    signal: null,
    removed: false,
    handler: undefined,
    forget: null,
  };
  if (isObject(options)) {
    listener.capture = !!options.capture;
    listener.once = !!options.once;
    listener.passive = !!options.passive;
    listener.signal = toSignal(options.signal);
  } else {
    listener.capture = !!options;
  }
  return listener;
}

function toSignal(value) {
  if (value === undefined) return null;
  if (isObject(value) && signals.isSignal(value)) return value;
  throw new TypeError("EventTarget: the option 'signal' is not an AbortSignal.");
}

function find(list, callback, capture) {
  for (const listener of list) {
    if (listener.callback === callback && listener.capture === capture) return listener;
  }
  return undefined;
}

/** https://dom.spec.whatwg.org/#add-an-event-listener */
function addListener(target, type, listener) {
  const { signal } = listener;
  if (signal !== null && signals.isAborted(signal)) return;
  const lists = makeListenersOf(target);
  const list = lists.get(type);
  if (list === undefined) lists.set(type, [listener]);
  else if (find(list, listener.callback, listener.capture)) return;
  else list.push(listener);
  if (signal !== null) {
    listener.forget = () => removeListener(target, type, listener);
    signals.addAlgorithm(signal, listener.forget);
  }
  if (list === undefined && type === "abort") signals.listenersChanged(target);
}

/** https://dom.spec.whatwg.org/#remove-an-event-listener */
function removeListener(target, type, listener) {
  if (listener.removed) return;
  listener.removed = true;
  const lists = listenersOf(target);
  const list = lists.get(type);
  if (list.length > 1) list.splice(list.indexOf(listener), 1);
  else lists.delete(type);
  // A listener that is gone must not be kept alive by a signal that lives on.
  if (listener.forget !== null) signals.removeAlgorithm(listener.signal, listener.forget);
  if (list.length <= 1 && type === "abort") signals.listenersChanged(target);
}

/** Whether anything listens for events of this type. */
export function hasListeners(target, type) {
  return listenersOf(target)?.has(type) === true;
}

// ---- Event handler attributes ------------------------------------------------------

/** The value of an event handler attribute: a function, an object or null. */
export function eventHandler(target, type) {
  return handlerListener(target, type)?.handler ?? null;
}

/**
 * Set an event handler attribute. A handler keeps its place among the listeners until
 * it is set to null. `call(handler, target, event)` runs it.
 * https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes
 */
export function setEventHandler(target, type, value, call) {
  const listener = handlerListener(target, type);
  const handler = isObject(value) ? value : null;
  if (listener === undefined) {
    if (handler !== null) addHandler(target, type, handler, call);
  } else if (handler === null) {
    removeListener(target, type, listener);
  } else {
    listener.handler = handler;
  }
}

function handlerListener(target, type) {
  return listenersOf(target)?.get(type)?.find((listener) => listener.handler !== undefined);
}

function addHandler(target, type, handler, call) {
  const listener = listenerFrom((event) => call(listener.handler, target, event), undefined);
  listener.handler = handler;
  addListener(target, type, listener);
}

// ---- Dispatch -------------------------------------------------------------------------

/** Dispatch an event of the runtime's own; false if a listener canceled it. */
export function dispatchTrusted(target, event) {
  markTrusted(event);
  return dispatch(target, event);
}

// The event whose dispatch the first exception ends; then `{ thrown }` in its place.
let fragile = null;

/** The same, up to the first listener that throws: `{ thrown }`, which was reported; null without. */
export function dispatchUntilThrown(target, event) {
  const outer = fragile;
  fragile = event;
  dispatchTrusted(target, event);
  const ended = fragile;
  fragile = outer;
  return ended === event ? null : ended;
}

/** https://dom.spec.whatwg.org/#concept-event-dispatch */
function dispatch(target, event) {
  const current = target === globalTarget ? globalThis : target;
  beginDispatch(event, current);
  const type = typeOf(event);
  const list = listenersOf(target)?.get(type);
  if (list !== undefined) {
    if (list.length > 1 || list[0].capture) invokeInPhases(target, current, type, event, list);
    else if (!stopsPropagation(event)) invoke(target, current, type, event, list[0]);
  }
  return endDispatch(event);
}

function invokeInPhases(target, current, type, event, list) {
  if (list.some(captures)) invokeAll(target, current, type, event, true);
  invokeAll(target, current, type, event, false);
}

function captures(listener) {
  return listener.capture;
}

/** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke, for one phase */
function invokeAll(target, current, type, event, capture) {
  if (stopsPropagation(event)) return;
  // Asked for again in each phase: a capturing listener may have added one that does not.
  const list = listenersOf(target).get(type)?.slice() ?? [];
  for (let index = 0; index < list.length; index++) {
    const listener = list[index];
    if (listener.removed || listener.capture !== capture) continue;
    invoke(target, current, type, event, listener);
    if (stopsImmediately(event)) return;
  }
}

function invoke(target, current, type, event, listener) {
  if (listener.once) removeListener(target, type, listener);
  if (listener.passive) enterPassiveListener(event);
  try {
    callListener(listener.callback, current, event);
  } catch (error) {
    reportUncaught(error);
    if (event === fragile) {
      stopHere(event);
      fragile = { thrown: error };
    }
  }
  if (listener.passive) leavePassiveListener(event);
}

/** https://webidl.spec.whatwg.org/#call-a-user-objects-operation */
function callListener(callback, current, event) {
  if (typeof callback === "function") {
    callWith(callback, current, event);
    return;
  }
  const { handleEvent } = callback;
  if (typeof handleEvent !== "function") {
    throw new TypeError("EventTarget: the listener has no function 'handleEvent'.");
  }
  callWith(handleEvent, callback, event);
}

// ---- Exceptions that nothing caught -------------------------------------------------

let reporting = false;

/**
 * Report an exception: an "error" event at the global object, and a line in the log
 * unless a listener canceled the event.
 * https://html.spec.whatwg.org/multipage/webappapis.html#report-the-exception
 */
export function reportUncaught(error) {
  if (!reporting && hasListeners(globalTarget, "error")) {
    reporting = true;
    try {
      if (!dispatchTrusted(globalTarget, errorEventFor(error))) return;
    } finally {
      reporting = false;
    }
  }
  reportException(error);
}

/** The global function. https://html.spec.whatwg.org/multipage/webappapis.html#dom-reporterror */
export function reportError(error) {
  requireArguments(arguments.length, 1, "'reportError'");
  reportUncaught(error);
}
