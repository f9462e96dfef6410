// Async iteration: https://streams.spec.whatwg.org/#rs-asynciterator
//
// The object is Web IDL's: calls queue up behind the one under way, and end for good
// with the first end or error. https://webidl.spec.whatwg.org/#idl-async-iterable

import { defineInterface, illegalInvocation } from "../kernel/webidl.js";
import { deferred, fulfilledWith, performThen, rejectedWith } from "./promises.js";
import { DefaultReaderState } from "./reader-state.js";

const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}.prototype),
);
const END = { __proto__: null };

class ReadableStreamAsyncIterator {
  #reader;
  #preventCancel;
  #ongoing = undefined;
  #finished = false;

  constructor(stream, preventCancel) {
    this.#reader = new DefaultReaderState(stream);
    this.#preventCancel = preventCancel;
  }

  next() {
    if (!(#reader in this)) return rejectedWith(illegalInvocation());
    const step = () => this.#next();
    this.#ongoing = this.#ongoing === undefined ? step() : performThen(this.#ongoing, step, step);
    return this.#ongoing;
  }

  return(value) {
    if (!(#reader in this)) return rejectedWith(illegalInvocation());
    const step = () => this.#return(value);
    this.#ongoing = this.#ongoing === undefined ? step() : performThen(this.#ongoing, step, step);
    return performThen(this.#ongoing, () => ({ value, done: true }));
  }

  #next() {
    if (this.#finished) return fulfilledWith({ value: undefined, done: true });
    const request = new IterationRequest(this.#reader);
    this.#reader.read(request);
    return performThen(
      request.result.promise,
      (chunk) => {
        this.#ongoing = undefined;
        if (chunk !== END) return { value: chunk, done: false };
        this.#finished = true;
        return { value: undefined, done: true };
      },
      (reason) => {
        this.#ongoing = undefined;
        this.#finished = true;
        throw reason;
      },
    );
  }

  /** https://streams.spec.whatwg.org/#ref-for-asynchronous-iterator-return */
  #return(value) {
    if (this.#finished) return fulfilledWith({ value, done: true });
    this.#finished = true;
    const reader = this.#reader;
    const canceled = this.#preventCancel ? fulfilledWith() : reader.cancel(value);
    reader.release();
    return canceled;
  }

  static {
    delete this.prototype.constructor;
    Object.setPrototypeOf(this.prototype, AsyncIteratorPrototype);
    defineInterface(this, "ReadableStream AsyncIterator");
  }
}

class IterationRequest {
  result = deferred();
  reader;

  constructor(reader) {
    this.reader = reader;
  }

  chunk(chunk) {
    this.result.resolve(chunk);
  }

  close() {
    this.reader.release();
    this.result.resolve(END);
  }

  error(reason) {
    this.reader.release();
    this.result.reject(reason);
  }
}

/** An async iterator of a stream's chunks; throws a TypeError if the stream is locked. */
export function iterate(stream, preventCancel) {
  return new ReadableStreamAsyncIterator(stream, preventCancel);
}
