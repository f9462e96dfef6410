// https://streams.spec.whatwg.org/#ws-default-controller-class

import { createAbortSignal, signalAbort } from "../events/abort.js";
import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { react, runAlgorithm } from "./promises.js";
import { SizedQueue } from "./queue.js";
import { ENDED, ERRORING, WRITABLE } from "./writable-state.js";

const nothing = () => undefined;
const CLOSE = { __proto__: null };

/**
 * The state of a writable stream's controller. `write(chunk, controller)`, `close()`
 * and `abort(reason)` are algorithms as `runAlgorithm` takes them; `controller` is
 * what `start` got as its argument.
 */
export class WritableControllerState {
  stream;
  highWaterMark;
  queue = new SizedQueue();
  started = false;
  #algorithms;
  #size;
  #controller = undefined;
  #signal = undefined;
  #abortReason = undefined;
  #aborted = false;
  #onWritten = undefined;
  #onWriteFailed = undefined;

  constructor(stream, { write = nothing, close = nothing, abort = nothing }, highWaterMark, size) {
    this.stream = stream;
    this.#algorithms = { write, close, abort };
    this.#size = size;
    this.highWaterMark = highWaterMark;
    stream.controller = this;
    stream.backpressure = this.#backpressure;
  }

  /** https://streams.spec.whatwg.org/#set-up-writable-stream-default-controller */
  start(algorithm, controller) {
    this.#controller = controller;
    react(
      algorithm(controller),
      () => this.begin(),
      (reason) => {
        this.started = true;
        this.stream.dealWithRejection(reason);
      },
    );
  }

  /** The sink has started. */
  begin() {
    this.started = true;
    this.#advance();
  }

  get desiredSize() {
    const { status } = this.stream;
    if (status === WRITABLE) return this.highWaterMark - this.queue.total;
    return status === ENDED ? 0 : null;
  }

  get #backpressure() {
    return this.highWaterMark <= this.queue.total;
  }

  /** The AbortSignal of `controller.signal`, made when it is first asked for. */
  get signal() {
    if (this.#signal === undefined) {
      this.#signal = createAbortSignal();
      if (this.#aborted) signalAbort(this.#signal, this.#abortReason);
    }
    return this.#signal;
  }

  signalAbort(reason) {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#abortReason = reason;
    if (this.#signal !== undefined) signalAbort(this.#signal, reason);
  }

  /** https://streams.spec.whatwg.org/#ws-default-controller-private-abort */
  abortSteps(reason) {
    const { abort } = this.#algorithms;
    this.#clearAlgorithms();
    return abort(reason);
  }

  /** https://streams.spec.whatwg.org/#ws-default-controller-private-error */
  errorSteps() {
    this.queue.reset();
  }

  #clearAlgorithms() {
    this.#algorithms = undefined;
    this.#size = undefined;
  }

  // ---- What writers call -----------------------------------------------------------

  /**
   * The size of a chunk by the strategy; 1 where asking for it failed, which errors
   * the stream. https://streams.spec.whatwg.org/#writable-stream-default-controller-get-chunk-size
   */
  sizeOf(chunk) {
    const size = this.#size;
    if (size === undefined) return 1;
    try {
      return size(chunk);
    } catch (error) {
      this.errorIfNeeded(error);
      return 1;
    }
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-controller-write */
  write(chunk, size) {
    const { stream } = this;
    try {
      this.queue.enqueue(chunk, size);
    } catch (error) {
      this.errorIfNeeded(error);
      return;
    }
    if (stream.status === WRITABLE && !stream.closing) {
      stream.updateBackpressure(this.#backpressure);
    }
    this.#advance();
  }

  close() {
    this.queue.enqueue(CLOSE, 0);
    this.#advance();
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-controller-error */
  error(reason) {
    this.#clearAlgorithms();
    this.stream.startErroring(reason);
  }

  errorIfNeeded(reason) {
    if (this.stream.status === WRITABLE) this.error(reason);
  }

  // ---- Working the queue off -------------------------------------------------------

  /** https://streams.spec.whatwg.org/#writable-stream-default-controller-advance-queue-if-needed */
  #advance() {
    const { stream } = this;
    if (!this.started || stream.inFlightWrite !== undefined) return;
    if (stream.status === ERRORING) {
      stream.finishErroring();
    } else if (this.queue.length > 0) {
      const chunk = this.queue.peek();
      if (chunk === CLOSE) this.#close();
      else this.#write(chunk);
    }
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-controller-process-close */
  #close() {
    const { stream } = this;
    stream.markCloseInFlight();
    this.queue.dequeue();
    const { close } = this.#algorithms;
    this.#clearAlgorithms();
    runAlgorithm(
      close,
      undefined,
      undefined,
      () => stream.finishClose(),
      (reason) => stream.failClose(reason),
    );
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-controller-process-write */
  #write(chunk) {
    this.stream.markWriteInFlight();
    if (this.#onWritten === undefined) {
      this.#onWritten = () => this.#written();
      this.#onWriteFailed = (reason) => this.#writeFailed(reason);
    }
    const { write } = this.#algorithms;
    runAlgorithm(write, chunk, this.#controller, this.#onWritten, this.#onWriteFailed);
  }

  #written() {
    const { stream } = this;
    stream.finishWrite();
    this.queue.dequeue();
    if (stream.status === WRITABLE && !stream.closing) {
      stream.updateBackpressure(this.#backpressure);
    }
    this.#advance();
  }

  #writeFailed(reason) {
    const { stream } = this;
    if (stream.status === WRITABLE) this.#clearAlgorithms();
    stream.failWrite(reason);
  }
}

/** What an underlying sink tells of itself. */
export class WritableStreamDefaultController {
  #state;

  constructor(state = undefined) {
    if (!(state instanceof WritableControllerState)) throw illegalConstructor();
    this.#state = state;
  }

  get signal() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.signal;
  }

  error(reason = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.errorIfNeeded(reason);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}
