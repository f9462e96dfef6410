// What a TransformStream is behind its public object: a writable and a readable state
// and the algorithms that join them. https://streams.spec.whatwg.org/#ts-abstract-ops

import { DefaultControllerState } from "./default-controller.js";
import {
  deferred,
  fulfilledWith,
  later,
  performThen,
  promiseOf,
  rejectedWith,
  resolvedWith,
} from "./promises.js";
import { ERRORED, ReadableState } from "./readable-state.js";
import { WritableControllerState } from "./writable-controller.js";
import { ERRORING, FAILED, WritableState } from "./writable-state.js";

const nothing = () => undefined;

/**
 * The state of one transform stream. `transform(chunk, controller)`, `flush(controller)`
 * and `cancel(reason)` are algorithms as `runAlgorithm` takes them.
 */
export class TransformState {
  readable = new ReadableState();
  writable = new WritableState();
  controller = undefined; // what `transform` and `flush` get
  #algorithms;
  #backpressure = true;
  #change = deferred();
  #finish = undefined;

  constructor({ transform, flush = nothing, cancel = nothing }, writableQueuing, readableQueuing) {
    const passOn = (chunk) => void this.enqueue(chunk);
    this.#algorithms = { transform: transform ?? passOn, flush, cancel };
    const sink = {
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
      abort: (reason) => this.#abort(reason),
    };
    const { highWaterMark, size } = writableQueuing;
    new WritableControllerState(this.writable, sink, highWaterMark, size);
    new DefaultControllerState(this.readable, {
      __proto__: null,
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(reason),
      highWaterMark: readableQueuing.highWaterMark,
      size: readableQueuing.size,
    });
  }

  /** Start both sides; they wait for `promise`. */
  start(promise) {
    const wait = () => resolvedWith(promise);
    this.writable.controller.start(wait);
    this.readable.controller.start(wait);
  }

  /** Start both sides as after a fulfilled promise, which takes three microtasks. */
  startAtOnce() {
    const begin = () => {
      this.writable.controller.begin();
      this.readable.controller.begin();
    };
    later(() => later(() => later(begin)));
  }

  // ---- What transformers call --------------------------------------------------------

  get desiredSize() {
    return this.readable.controller.desiredSize;
  }

  /** Whether results are still taken: not after an end, an error or a cancel. */
  get isOpen() {
    return this.readable.controller.canCloseOrEnqueue;
  }

  /**
   * A promise that the reader wants more, or has left; undefined where it does now. It is
   * rejected, or this throws, where the writer has aborted.
   */
  whenWanted() {
    if (this.#backpressure) return performThen(this.#change.promise, () => this.#checkWriter());
    return this.#checkWriter();
  }

  #checkWriter() {
    if (this.writable.status === ERRORING) throw this.writable.storedError;
  }

  /** https://streams.spec.whatwg.org/#transform-stream-default-controller-enqueue */
  enqueue(chunk) {
    const { controller } = this.readable;
    if (!controller.canCloseOrEnqueue) {
      throw new TypeError("Cannot enqueue into a TransformStream whose readable side is not open.");
    }
    try {
      controller.enqueue(chunk);
    } catch (error) {
      this.#errorWritable(error);
      throw this.readable.storedError;
    }
    if (!controller.shouldPull && !this.#backpressure) this.#setBackpressure(true);
  }

  /** https://streams.spec.whatwg.org/#transform-stream-error */
  error(reason) {
    this.readable.controller.error(reason);
    this.#errorWritable(reason);
  }

  /** https://streams.spec.whatwg.org/#transform-stream-default-controller-terminate */
  terminate() {
    this.readable.controller.close();
    this.#errorWritable(new TypeError("The TransformStream has been terminated."));
  }

  /** https://streams.spec.whatwg.org/#transform-stream-error-writable-and-unblock-write */
  #errorWritable(reason) {
    this.#clearAlgorithms();
    this.writable.controller.errorIfNeeded(reason);
    this.#unblockWrite();
  }

  #unblockWrite() {
    if (this.#backpressure) this.#setBackpressure(false);
  }

  #setBackpressure(backpressure) {
    this.#change.resolve();
    this.#change = deferred();
    this.#backpressure = backpressure;
  }

  #clearAlgorithms() {
    this.#algorithms = undefined;
  }

  // ---- The writable side's sink ---------------------------------------------------------

  /** https://streams.spec.whatwg.org/#transform-stream-default-sink-write-algorithm */
  #write(chunk) {
    if (!this.#backpressure) return this.#transform(chunk);
    return performThen(this.#change.promise, () => {
      if (this.writable.status === ERRORING) throw this.writable.storedError;
      return this.#transform(chunk);
    });
  }

  #transform(chunk) {
    let promise;
    try {
      promise = this.#algorithms.transform(chunk, this.controller);
    } catch (error) {
      promise = rejectedWith(error);
    }
    return performThen(promise ?? fulfilledWith(), undefined, (reason) => {
      this.error(reason);
      throw reason;
    });
  }

  /** https://streams.spec.whatwg.org/#transform-stream-default-sink-close-algorithm */
  #close() {
    const { readable } = this;
    return this.#finishWith("flush", this.controller, {
      isBroken: () => readable.status === ERRORED,
      brokenBy: () => readable.storedError,
      succeed: () => readable.controller.close(),
      fail: (reason) => readable.controller.error(reason),
    });
  }

  /** https://streams.spec.whatwg.org/#transform-stream-default-sink-abort-algorithm */
  #abort(reason) {
    const { readable } = this;
    return this.#finishWith("cancel", reason, {
      isBroken: () => readable.status === ERRORED,
      brokenBy: () => readable.storedError,
      succeed: () => readable.controller.error(reason),
      fail: (error) => readable.controller.error(error),
    });
  }

  // ---- The readable side's source ---------------------------------------------------------

  /** https://streams.spec.whatwg.org/#transform-stream-default-source-pull-algorithm */
  #pull() {
    this.#setBackpressure(false);
    return this.#change.promise;
  }

  /** https://streams.spec.whatwg.org/#transform-stream-default-source-cancel */
  #cancel(reason) {
    const { writable } = this;
    const fail = (error) => {
      writable.controller.errorIfNeeded(error);
      this.#unblockWrite();
    };
    return this.#finishWith("cancel", reason, {
      isBroken: () => writable.status === FAILED,
      brokenBy: () => writable.storedError,
      succeed: () => fail(reason),
      fail,
    });
  }

  /**
   * Run the transformer's last algorithm, once, whichever side ends first; the other
   * side learns of it by `succeed` or `fail`.
   */
  #finishWith(name, argument, { isBroken, brokenBy, succeed, fail }) {
    if (this.#finish !== undefined) return this.#finish.promise;
    const finish = (this.#finish = deferred());
    // They are gone where `transform` failed while an abort was waiting for it.
    const algorithm = this.#algorithms?.[name] ?? nothing;
    const ended = promiseOf(algorithm, argument);
    this.#clearAlgorithms();
    performThen(
      ended,
      () => {
        if (isBroken()) {
          finish.reject(brokenBy());
          return;
        }
        succeed();
        finish.resolve();
      },
      (reason) => {
        fail(reason);
        finish.reject(reason);
      },
    );
    return finish.promise;
  }
}
