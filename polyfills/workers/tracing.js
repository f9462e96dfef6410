// `tracing` of `cloudflare:workers`, and `ctx.tracing`: spans of a script's own.
// https://developers.cloudflare.com/workers/observability/traces/
//
// Nothing records traces here, so spans are what they are in workerd outside of a trace: the
// callbacks run, the active span follows them, and what is told of a span is checked and dropped.

import { wrongArgument } from "../kernel/arguments.js";
import { currentFrame, runInFrame } from "../kernel/frames.js";
import { isObject } from "../kernel/webidl.js";

const FROM_TRACING = {};
const STATUSES = ["unset", "ok", "error"];
const NO_STATUS = "Span status code must be 'unset', 'ok', or 'error'.";
const { apply } = Reflect;
const { then } = Promise.prototype;

let requireSpan;

/** A span, which nobody records. */
class Span {
  #isSpan = true;

  constructor(key) {
    if (key !== FROM_TRACING) throw new TypeError("Illegal constructor");
  }

  static {
    requireSpan = (value) => isObject(value) && #isSpan in value;
  }

  /** False: what is told of the span goes nowhere. */
  get isTraced() {
    this.#check();
    return false;
  }

  /** Tell a boolean, a number or a string of the span; undefined tells nothing. */
  setAttribute(key, value) {
    this.#check();
    requireArgument(arguments.length > 0, "setAttribute", "Span", 1, "string");
    checkAttribute(`${key}`, value);
    return this;
  }

  /** Tell all own properties of an object. */
  setAttributes(attributes) {
    this.#check();
    const isSet = isObject(attributes) && !Array.isArray(attributes);
    requireArgument(isSet, "setAttributes", "Span", 1, "object");
    for (const [key, value] of Object.entries(attributes)) checkAttribute(key, value);
    return this;
  }

  /** Tell how it went: `{ code: "unset" | "ok" | "error", message }`. */
  setStatus(status) {
    this.#check();
    requireArgument(isObject(status), "setStatus", "Span", 1, "TracingSpanStatus");
    if (!STATUSES.includes(`${status.code}`)) throw new TypeError(NO_STATUS);
    return this;
  }

  /** Tell of an exception, any value. */
  recordException() {
    this.#check();
    requireArgument(arguments.length > 0, "recordException", "Span", 1, "Value");
  }

  /** What tells the span to others: the ids of none. */
  spanContext() {
    this.#check();
    return { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
  }

  /** Call the span otherwise. */
  updateName(name) {
    this.#check();
    requireArgument(arguments.length > 0, "updateName", "Span", 1, "string");
    `${name}`; // what has no text is refused
    return this;
  }

  /** The span is over. */
  end() {
    this.#check();
  }

  #check() {
    return this.#isSpan;
  }

  get [Symbol.toStringTag]() {
    return "Span";
  }
}

// What is none of these counts as a number, which symbols and bigints are not.
function checkAttribute(key, value) {
  if (typeof value === "bigint" || typeof value === "symbol") {
    const type = typeof value === "bigint" ? "BigInt" : "Symbol";
    throw new TypeError(`Cannot convert a ${type} value to a number`);
  }
  return value;
}

function requireArgument(isRight, method, owner, number, type) {
  if (!isRight) throw wrongArgument(method, owner, number, type);
}

class Tracing {
  #active = {}; // the key of frames by which the active span is known

  constructor(key) {
    if (key !== FROM_TRACING) throw new TypeError("Illegal constructor");
  }

  /** Call `callback(span, ...args)` with a span that is over when it is, and what it returns. */
  enterSpan(name, callback, ...args) {
    checkCall("enterSpan", arguments.length, name, callback);
    const span = new Span(FROM_TRACING);
    const result = this.#run(span, callback, [span, ...args]);
    return result instanceof Promise ? apply(then, result, []) : result;
  }

  /** The same with a span that the script ends. */
  startActiveSpan(name, callback, ...args) {
    checkCall("startActiveSpan", arguments.length, name, callback);
    const span = new Span(FROM_TRACING);
    return this.#run(span, callback, [span, ...args]);
  }

  /** A span that is not active, and that the script ends. */
  startSpan(name) {
    requireArgument(arguments.length > 0, "startSpan", "Tracing", 1, "string");
    `${name}`; // what has no text is refused
    this.#active; // of a Tracing
    return new Span(FROM_TRACING);
  }

  /** Call `callback(...args)` with this span being the active one. */
  withActiveSpan(span, callback, ...args) {
    requireArgument(requireSpan(span), "withActiveSpan", "Tracing", 1, "Span");
    requireArgument(typeof callback === "function", "withActiveSpan", "Tracing", 2, "Function");
    return this.#run(span, callback, args);
  }

  /** The span that is active. */
  getActiveSpan() {
    return currentFrame()?.get(this.#active) ?? new Span(FROM_TRACING);
  }

  #run(span, callback, args) {
    const frame = new Map(currentFrame()).set(this.#active, span);
    return runInFrame(frame, (...given) => apply(callback, globalThis, given), args);
  }

  get Span() {
    return Span;
  }

  get [Symbol.toStringTag]() {
    return "Tracing";
  }
}

function checkCall(method, count, name, callback) {
  requireArgument(count > 0, method, "Tracing", 1, "string");
  `${name}`; // what has no text is refused
  requireArgument(typeof callback === "function", method, "Tracing", 2, "Function");
}

/** The only one there is. */
export const tracing = new Tracing(FROM_TRACING);
