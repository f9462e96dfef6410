// Event handler attributes (`onabort`, `onmessage`, …) as accessors of an interface.
// https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes

import { cancelEvent } from "./event.js";
import { eventHandler, setEventHandler } from "./event-target.js";

const callWith = Function.prototype.call.bind(Function.prototype.call);

/** Give the prototype of a class derived from EventTarget an attribute `on<type>`. */
export function defineEventHandler(Class, type) {
  const accessors = {
    get [`on${type}`]() {
      return eventHandler(this, type);
    },
    set [`on${type}`](value) {
      setEventHandler(this, type, value, callHandler);
    },
  };
  const descriptor = Object.getOwnPropertyDescriptor(accessors, `on${type}`);
  Object.defineProperty(Class.prototype, `on${type}`, descriptor);
}

/** https://html.spec.whatwg.org/multipage/webappapis.html#the-event-handler-processing-algorithm */
function callHandler(handler, target, event) {
  // An object that cannot be called is kept as the attribute's value and does nothing.
  if (typeof handler !== "function") return;
  if (callWith(handler, target, event) === false) cancelEvent(event);
}
