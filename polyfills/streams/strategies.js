// Queuing strategies: https://streams.spec.whatwg.org/#qs-api

import {
  defineInterface,
  illegalInvocation,
  isObject,
  requireArguments,
  toDictionary,
  toOptionalFunction,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";

// Scripts see one `size` function per class, the same on each access.
const byteLengthSize = { size: (chunk) => chunk.byteLength }.size;
const countSize = { size: () => 1 }.size;

function highWaterMarkOf(init, name) {
  if (!isObject(init)) {
    throw new TypeError(`Failed to construct '${name}': parameter 1 is not an object.`);
  }
  const mark = init.highWaterMark;
  if (mark === undefined) {
    throw new TypeError(`Failed to construct '${name}': highWaterMark is required.`);
  }
  return +mark;
}

/** https://streams.spec.whatwg.org/#blqs-class */
export class ByteLengthQueuingStrategy {
  #highWaterMark;

  constructor(init) {
    requireArguments(arguments.length, 1, "'constructor' on 'ByteLengthQueuingStrategy'");
    this.#highWaterMark = highWaterMarkOf(init, "ByteLengthQueuingStrategy");
  }

  get highWaterMark() {
    if (!(#highWaterMark in this)) throw illegalInvocation();
    return this.#highWaterMark;
  }

  get size() {
    if (!(#highWaterMark in this)) throw illegalInvocation();
    return byteLengthSize;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** https://streams.spec.whatwg.org/#cqs-class */
export class CountQueuingStrategy {
  #highWaterMark;

  constructor(init) {
    requireArguments(arguments.length, 1, "'constructor' on 'CountQueuingStrategy'");
    this.#highWaterMark = highWaterMarkOf(init, "CountQueuingStrategy");
  }

  get highWaterMark() {
    if (!(#highWaterMark in this)) throw illegalInvocation();
    return this.#highWaterMark;
  }

  get size() {
    if (!(#highWaterMark in this)) throw illegalInvocation();
    return countSize;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** { highWaterMark, size } of a QueuingStrategy; each undefined where it is missing. */
export function toStrategy(value) {
  if (value === undefined) return NONE;
  const dictionary = toDictionary(value, "The queuing strategy");
  const mark = dictionary.highWaterMark;
  const highWaterMark = mark === undefined ? undefined : +mark;
  const size = toOptionalFunction(dictionary.size, "The queuing strategy's size");
  return { highWaterMark, size };
}

const NONE = Object.freeze({ highWaterMark: undefined, size: undefined });

/** https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark */
export function extractHighWaterMark({ highWaterMark }, otherwise) {
  if (highWaterMark === undefined) return otherwise;
  if (highWaterMark >= 0) return highWaterMark;
  throw new RangeError("The high water mark must be a non-negative number.");
}

/**
 * What sizes chunks: a function, or undefined where every chunk counts as one, as it
 * does with CountQueuingStrategy.
 * https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function
 */
export function extractSize({ size }) {
  if (size === undefined || size === countSize) return undefined;
  return (chunk) => +size(chunk);
}
