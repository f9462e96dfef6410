// https://streams.spec.whatwg.org/#ts-class

import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { deferred } from "./promises.js";
import { ReadableStream } from "./readable.js";
import { extractHighWaterMark, extractSize, toStrategy } from "./strategies.js";
import { TransformState } from "./transform-state.js";
import { toTransformer } from "./underlying.js";
import { WritableStream } from "./writable.js";

/** What a transformer sends its results to. */
export class TransformStreamDefaultController {
  #state;

  constructor(state = undefined) {
    if (!(state instanceof TransformState)) throw illegalConstructor();
    this.#state = state;
  }

  get desiredSize() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.desiredSize;
  }

  enqueue(chunk = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.enqueue(chunk);
  }

  error(reason = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.error(reason);
  }

  terminate() {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.terminate();
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** The two sides of a transform stream, made elsewhere, for its subclasses. */
export class Sides {
  readable;
  writable;

  constructor(readable, writable) {
    this.readable = readable;
    this.writable = writable;
  }
}

/** A writable stream whose chunks come out of a readable one, transformed. */
export class TransformStream {
  #sides;

  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    if (transformer instanceof Sides) {
      this.#sides = transformer;
    } else {
      const queuings = [toStrategy(writableStrategy), toStrategy(readableStrategy)];
      this.#sides = startTransform(toTransformer(transformer), ...queuings);
    }
  }

  get readable() {
    if (!(#sides in this)) throw illegalInvocation();
    return this.#sides.readable;
  }

  get writable() {
    if (!(#sides in this)) throw illegalInvocation();
    return this.#sides.writable;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** https://streams.spec.whatwg.org/#ts-constructor */
function startTransform(transformer, writableStrategy, readableStrategy) {
  const readableQueuing = {
    __proto__: null,
    highWaterMark: extractHighWaterMark(readableStrategy, 0),
    size: extractSize(readableStrategy),
  };
  const writableQueuing = {
    __proto__: null,
    highWaterMark: extractHighWaterMark(writableStrategy, 1),
    size: extractSize(writableStrategy),
  };
  const state = new TransformState(transformer, writableQueuing, readableQueuing);
  state.controller = new TransformStreamDefaultController(state);
  state.readable.expectedLength = transformer.expectedLength;
  if (transformer.start === undefined) {
    state.startAtOnce();
  } else {
    const started = deferred();
    state.start(started.promise);
    // A start that throws leaves both sides waiting, and the constructor throws.
    started.resolve(transformer.start(state.controller));
  }
  return new Sides(new ReadableStream(state.readable), new WritableStream(state.writable));
}

const ONE = { __proto__: null, highWaterMark: 1, size: undefined };
const NONE = { __proto__: null, highWaterMark: 0, size: undefined };
const DEFAULTS = { __proto__: null };

/**
 * A transform stream of the runtime's own: `transform(chunk, state)`, `flush(state)` and
 * `cancel(reason)` are algorithms that return undefined or a promise, or throw;
 * `state.enqueue(chunk)` sends a result. Returns its Sides.
 */
export function createTransform(algorithms, { writable = ONE, readable = NONE } = DEFAULTS) {
  const state = new TransformState(algorithms, writable, readable);
  state.controller = state;
  state.startAtOnce();
  return new Sides(new ReadableStream(state.readable), new WritableStream(state.writable));
}
