// Event: https://dom.spec.whatwg.org/#interface-event
//
// There is no tree here, so a path has one target and two phases matter: none and
// at the target. An event's flags share one integer: events are made per message.

import { defineView } from "../console/views.js";
import {
  defineConstants,
  defineInterface,
  requireArguments,
  toDictionary,
  toDOMString,
} from "../kernel/webidl.js";
import { sinceOrigin } from "../performance/clock.js";

const BUBBLES = 1;
const CANCELABLE = 2;
const COMPOSED = 4;
const CANCELED = 8;
const STOP_PROPAGATION = 16;
const STOP_IMMEDIATE = 32;
const IN_PASSIVE_LISTENER = 64;
const DISPATCHING = 128;
const TRUSTED = 256;

const { defineProperty } = Object;

/** Whether an object is an Event. */
export let isEvent;
// What dispatch asks of an event and does to it; the class sets them. Each throws a
// TypeError for what is no Event.
export let typeOf, beginDispatch, endDispatch, isDispatching;
export let stopsPropagation, stopsImmediately, stopHere;
export let markTrusted, markUntrusted, enterPassiveListener, leavePassiveListener, cancelEvent;
let isTrusted;

/** An event as scripts make and receive it. */
export class Event {
  #type;
  #flags;
  #target = null;
  #currentTarget = null;
  #timeStamp = sinceOrigin();

  constructor(type, options = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'Event'");
    this.#type = toDOMString(type);
    this.#flags = options === undefined ? 0 : flagsOf(options);
    // [LegacyUnforgeable]: every event has it as its own, from one shared getter.
    defineProperty(this, "isTrusted", isTrustedDescriptor);
  }

  get type() {
    return this.#type;
  }

  get target() {
    return this.#target;
  }

  get srcElement() {
    return this.#target;
  }

  get currentTarget() {
    return this.#currentTarget;
  }

  composedPath() {
    return this.#currentTarget === null ? [] : [this.#currentTarget];
  }

  get eventPhase() {
    return this.#currentTarget === null ? 0 : 2;
  }

  stopPropagation() {
    this.#flags |= STOP_PROPAGATION;
  }

  get cancelBubble() {
    return (this.#flags & STOP_PROPAGATION) !== 0;
  }

  set cancelBubble(value) {
    this.#flags |= value ? STOP_PROPAGATION : 0;
  }

  stopImmediatePropagation() {
    this.#flags |= STOP_PROPAGATION | STOP_IMMEDIATE;
  }

  get bubbles() {
    return (this.#flags & BUBBLES) !== 0;
  }

  get cancelable() {
    return (this.#flags & CANCELABLE) !== 0;
  }

  get returnValue() {
    return (this.#flags & CANCELED) === 0;
  }

  set returnValue(value) {
    this.#flags |= value || !cancels(this.#flags) ? 0 : CANCELED;
  }

  preventDefault() {
    cancelEvent(this);
  }

  get defaultPrevented() {
    return (this.#flags & CANCELED) !== 0;
  }

  get composed() {
    return (this.#flags & COMPOSED) !== 0;
  }

  get timeStamp() {
    return this.#timeStamp;
  }

  /** https://dom.spec.whatwg.org/#dom-event-initevent */
  initEvent(type, bubbles = false, cancelable = false) {
    const flags = this.#flags;
    requireArguments(arguments.length, 1, "'initEvent' on 'Event'");
    const text = toDOMString(type);
    if (flags & DISPATCHING) return;
    this.#type = text;
    this.#target = null;
    this.#flags =
      (flags & COMPOSED) | (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0);
  }

  static {
    isEvent = (value) => #flags in value;
    typeOf = (event) => event.#type;
    beginDispatch = (event, target) => {
      event.#flags |= DISPATCHING;
      event.#target = event.#currentTarget = target;
    };
    endDispatch = (event) => {
      event.#flags &= ~(DISPATCHING | STOP_PROPAGATION | STOP_IMMEDIATE);
      event.#currentTarget = null;
      return (event.#flags & CANCELED) === 0;
    };
    isDispatching = (event) => (event.#flags & DISPATCHING) !== 0;
    stopsPropagation = (event) => (event.#flags & STOP_PROPAGATION) !== 0;
    stopsImmediately = (event) => (event.#flags & STOP_IMMEDIATE) !== 0;
    stopHere = (event) => {
      event.#flags |= STOP_PROPAGATION | STOP_IMMEDIATE;
    };
    isTrusted = (event) => (event.#flags & TRUSTED) !== 0;
    markTrusted = (event) => {
      event.#flags |= TRUSTED;
    };
    markUntrusted = (event) => {
      event.#flags &= ~TRUSTED;
    };
    enterPassiveListener = (event) => {
      event.#flags |= IN_PASSIVE_LISTENER;
    };
    leavePassiveListener = (event) => {
      event.#flags &= ~IN_PASSIVE_LISTENER;
    };
    /** https://dom.spec.whatwg.org/#set-the-canceled-flag */
    cancelEvent = (event) => {
      event.#flags |= cancels(event.#flags) ? CANCELED : 0;
    };
  }
}

defineInterface(Event);
defineConstants(Event, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });

defineView(Event, ["type", "defaultPrevented", "cancelable", "timeStamp"]);

const isTrustedDescriptor = {
  ...Object.getOwnPropertyDescriptor({ get isTrusted() { return isTrusted(this); } }, "isTrusted"),
  configurable: false,
};

/** Whether an event with these flags may be canceled now. */
function cancels(flags) {
  return (flags & (CANCELABLE | IN_PASSIVE_LISTENER)) === CANCELABLE;
}

/** The members of EventInit, read in their order. */
function flagsOf(options) {
  const { bubbles, cancelable, composed } = toDictionary(options, "EventInit");
  return (bubbles ? BUBBLES : 0) | (cancelable ? CANCELABLE : 0) | (composed ? COMPOSED : 0);
}
