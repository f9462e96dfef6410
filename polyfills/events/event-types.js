// The events that carry something, each an interface with attributes from its
// dictionary. Members are read in Web IDL's order, EventInit's first, then by name,
// and each is converted before the next is read.

import { defineView } from "../console/views.js";
import {
  defineInterface,
  isObject,
  requireArguments,
  toDictionary,
  toDOMString,
  toSequence,
  toUnsignedLong,
  toUnsignedShort,
  toUSVString,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { Event, isDispatching } from "./event.js";

/** https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  #detail;

  constructor(type, options = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'CustomEvent'");
    super(type, options);
    this.#detail = toDictionary(options).detail ?? null;
  }

  get detail() {
    return this.#detail;
  }

  /** https://dom.spec.whatwg.org/#dom-customevent-initcustomevent */
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    requireArguments(arguments.length, 1, "'initCustomEvent' on 'CustomEvent'");
    const text = toDOMString(type);
    if (isDispatching(this)) return;
    this.#detail = detail;
    super.initEvent(text, bubbles, cancelable);
  }
}

/** https://html.spec.whatwg.org/multipage/webappapis.html#errorevent */
export class ErrorEvent extends Event {
  #colno;
  #error;
  #filename;
  #lineno;
  #message;

  constructor(type, options = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'ErrorEvent'");
    super(type, options);
    const init = toDictionary(options);
    this.#colno = optional(init.colno, toUnsignedLong, 0);
    this.#error = init.error;
    this.#filename = optional(init.filename, toUSVString, "");
    this.#lineno = optional(init.lineno, toUnsignedLong, 0);
    this.#message = optional(init.message, toDOMString, "");
  }

  get message() {
    return this.#message;
  }

  get filename() {
    return this.#filename;
  }

  get lineno() {
    return this.#lineno;
  }

  get colno() {
    return this.#colno;
  }

  get error() {
    return this.#error;
  }
}

const FROM_HOST = {};

/** The event of a message, without the detour through a dictionary. */
export function messageEvent(data, origin) {
  const event = new MessageEvent(FROM_HOST, data);
  if (origin !== "") setOrigin(event, origin);
  return event;
}

let setOrigin;

/** https://html.spec.whatwg.org/multipage/comms.html#messageevent */
export class MessageEvent extends Event {
  #data;
  #lastEventId;
  #origin;
  #ports;
  #source;

  constructor(type, options = undefined) {
    if (type === FROM_HOST) {
      super("message");
      this.#data = options;
      this.#lastEventId = this.#origin = "";
      this.#ports = NO_PORTS;
      this.#source = null;
      return;
    }
    requireArguments(arguments.length, 1, "'constructor' on 'MessageEvent'");
    super(type, options);
    const init = toDictionary(options);
    this.#data = init.data ?? null;
    this.#lastEventId = optional(init.lastEventId, toDOMString, "");
    this.#origin = optional(init.origin, toUSVString, "");
    this.#ports = optional(init.ports, toPorts, NO_PORTS);
    this.#source = optional(init.source, toSource, null);
  }

  static {
    setOrigin = (event, origin) => {
      event.#origin = origin;
    };
  }

  get data() {
    return this.#data;
  }

  get origin() {
    return this.#origin;
  }

  get lastEventId() {
    return this.#lastEventId;
  }

  get source() {
    return this.#source;
  }

  get ports() {
    return this.#ports;
  }

  /** https://html.spec.whatwg.org/multipage/comms.html#dom-messageevent-initmessageevent */
  initMessageEvent(
    type,
    bubbles = false,
    cancelable = false,
    data = null,
    origin = "",
    lastEventId = "",
    source = null,
    ports = NO_PORTS,
  ) {
    requireArguments(arguments.length, 1, "'initMessageEvent' on 'MessageEvent'");
    const text = toDOMString(type);
    const originText = toUSVString(origin);
    const id = toDOMString(lastEventId);
    const from = toSource(source);
    const list = ports === NO_PORTS ? ports : toPorts(ports);
    if (isDispatching(this)) return;
    this.#data = data;
    this.#origin = originText;
    this.#lastEventId = id;
    this.#source = from;
    this.#ports = list;
    super.initEvent(text, bubbles, cancelable);
  }
}

/** https://websockets.spec.whatwg.org/#the-closeevent-interface */
export class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  constructor(type, options = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'CloseEvent'");
    super(type, options);
    const init = toDictionary(options);
    this.#code = optional(init.code, toUnsignedShort, 0);
    this.#reason = optional(init.reason, toUSVString, "");
    this.#wasClean = !!init.wasClean;
  }

  get wasClean() {
    return this.#wasClean;
  }

  get code() {
    return this.#code;
  }

  get reason() {
    return this.#reason;
  }
}

/** https://html.spec.whatwg.org/multipage/webappapis.html#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
  #promise;
  #reason;

  constructor(type, options) {
    requireArguments(arguments.length, 2, "'constructor' on 'PromiseRejectionEvent'");
    super(type, options);
    const init = toDictionary(options);
    this.#promise = init.promise;
    if (!isObject(this.#promise)) {
      throw new TypeError("Failed to construct 'PromiseRejectionEvent': promise is required.");
    }
    this.#reason = init.reason;
  }

  get promise() {
    return this.#promise;
  }

  get reason() {
    return this.#reason;
  }
}

for (const Class of [CustomEvent, ErrorEvent, MessageEvent, CloseEvent, PromiseRejectionEvent]) {
  defineInterface(Class);
  refuseToClone(Class);
}

defineView(CustomEvent, ["detail"]);
defineView(ErrorEvent, ["message", "filename", "lineno", "colno", "error"]);
defineView(MessageEvent, ["data"]);
defineView(CloseEvent, ["code", "reason", "wasClean"]);
defineView(PromiseRejectionEvent, ["promise", "reason"]);

const NO_PORTS = Object.freeze([]);

/** A dictionary member with a default. */
function optional(value, convert, fallback) {
  return value === undefined ? fallback : convert(value);
}

function toSource(value) {
  if (value === null || value === undefined) return null;
  if (isObject(value)) return value;
  throw new TypeError("MessageEvent: source is not an object.");
}

function toPorts(value) {
  return Object.freeze(toSequence(value, toPort, "MessageEvent: ports"));
}

function toPort(value) {
  if (isObject(value)) return value;
  throw new TypeError("MessageEvent: an element of ports is not a MessagePort.");
}
