// The global object's event methods. Events of the runtime (`fetch`, `scheduled`, …)
// go to the script's handlers; any other type behaves as on every EventTarget.

import { EventTarget, globalTarget } from "../events/event-target.js";
import { addListener, isRuntimeEvent, removeListener } from "./service-worker.js";

const { addEventListener: add, removeEventListener: remove, dispatchEvent: dispatch } =
  EventTarget.prototype;

/** https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener */
export function addEventListener(type, listener, options) {
  if (isRuntimeEvent(type)) addListener(type, listener);
  else add.call(globalTarget, type, listener, options);
}

/** https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener */
export function removeEventListener(type, listener, options) {
  if (isRuntimeEvent(type)) removeListener(type, listener);
  else remove.call(globalTarget, type, listener, options);
}

/** https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent */
export function dispatchEvent(event) {
  return dispatch.call(globalTarget, event);
}
