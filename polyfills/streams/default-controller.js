// https://streams.spec.whatwg.org/#rs-default-controller-class

import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { react, runAlgorithm } from "./promises.js";
import { SizedQueue } from "./queue.js";
import { ERRORED, READABLE } from "./readable-state.js";

const nothing = () => undefined;

/**
 * The state of a default controller. `pull(controller)` and `cancel(reason)` are
 * algorithms as `runAlgorithm` takes them; `size` may be undefined for one.
 */
export class DefaultControllerState {
  isByte = false;
  stream;
  pull;
  cancel;
  highWaterMark;
  size;
  queue = new SizedQueue();
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  source = undefined;
  #onPulled = undefined;
  #onFailed = undefined;

  constructor(stream, { pull, cancel = nothing, highWaterMark = 1, size }) {
    this.stream = stream;
    this.pull = pull;
    this.cancel = cancel;
    this.highWaterMark = highWaterMark;
    this.size = size;
    stream.controller = this;
  }

  /** https://streams.spec.whatwg.org/#set-up-readable-stream-default-controller */
  start(algorithm, controller) {
    react(
      algorithm(controller),
      () => this.begin(),
      (reason) => this.error(reason),
    );
  }

  /** The source has started. */
  begin() {
    this.started = true;
    this.pullIfNeeded();
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-can-close-or-enqueue */
  get canCloseOrEnqueue() {
    return !this.closeRequested && this.stream.status === READABLE;
  }

  get desiredSize() {
    const { status } = this.stream;
    if (status === READABLE) return this.highWaterMark - this.queue.total;
    return status === ERRORED ? null : 0;
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-should-call-pull */
  get shouldPull() {
    const { stream } = this;
    if (this.closeRequested || stream.status !== READABLE || !this.started) return false;
    if (this.highWaterMark > this.queue.total) return true;
    return stream.reader !== undefined && stream.reader.requests.length > 0;
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-call-pull-if-needed */
  pullIfNeeded() {
    // A source without `pull` need not be asked, and nobody can tell.
    if (this.pull === undefined || !this.shouldPull) return;
    if (this.pulling) {
      this.pullAgain = true;
      return;
    }
    this.pulling = true;
    if (this.#onPulled === undefined) this.#prepareToPull();
    runAlgorithm(this.pull, this, undefined, this.#onPulled, this.#onFailed);
  }

  #prepareToPull() {
    this.#onPulled = () => {
      this.pulling = false;
      if (!this.pullAgain) return;
      this.pullAgain = false;
      this.pullIfNeeded();
    };
    this.#onFailed = (reason) => this.error(reason);
  }

  /** https://streams.spec.whatwg.org/#rs-default-controller-private-pull */
  pullSteps(request) {
    const { queue } = this;
    if (queue.length > 0) {
      const chunk = queue.dequeue();
      if (this.closeRequested && queue.length === 0) {
        this.#clearAlgorithms();
        this.stream.close();
      } else {
        this.pullIfNeeded();
      }
      request.chunk(chunk);
    } else {
      this.stream.reader.requests.push(request);
      this.pullIfNeeded();
    }
  }

  /** https://streams.spec.whatwg.org/#rs-default-controller-private-cancel */
  cancelSteps(reason) {
    this.queue.reset();
    const { cancel } = this;
    this.#clearAlgorithms(); // nothing can call them any more: the stream is closed
    return cancel(reason);
  }

  releaseSteps() {}

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-enqueue */
  enqueue(chunk) {
    if (!this.canCloseOrEnqueue) return;
    const { reader } = this.stream;
    if (reader !== undefined && reader.requests.length > 0) reader.requests.shift().chunk(chunk);
    else if (this.size === undefined) this.queue.enqueue(chunk, 1);
    else this.#enqueueSized(chunk);
    this.pullIfNeeded();
  }

  #enqueueSized(chunk) {
    const { size } = this;
    try {
      this.queue.enqueue(chunk, size(chunk));
    } catch (error) {
      this.error(error);
      throw error;
    }
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-close */
  close() {
    if (!this.canCloseOrEnqueue) return;
    this.closeRequested = true;
    if (this.queue.length > 0) return;
    this.#clearAlgorithms();
    this.stream.close();
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-error */
  error(reason) {
    if (this.stream.status !== READABLE) return;
    this.queue.reset();
    this.#clearAlgorithms();
    this.stream.error(reason);
  }

  // What the algorithms hold can be collected while the stream is still referenced.
  #clearAlgorithms() {
    this.pull = this.size = undefined;
    this.cancel = nothing;
  }
}

/** What an underlying source fills its stream with. */
export class ReadableStreamDefaultController {
  #state;

  constructor(state = undefined) {
    if (!(state instanceof DefaultControllerState)) throw illegalConstructor();
    this.#state = state;
  }

  get desiredSize() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#state.desiredSize;
  }

  close() {
    if (!(#state in this)) throw illegalInvocation();
    if (!this.#state.canCloseOrEnqueue) throw closedError(this.#state, "close");
    this.#state.close();
  }

  enqueue(chunk = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    if (!this.#state.canCloseOrEnqueue) throw closedError(this.#state, "enqueue into");
    this.#state.enqueue(chunk);
  }

  error(reason = undefined) {
    if (!(#state in this)) throw illegalInvocation();
    this.#state.error(reason);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/** The TypeError of an act on a stream that can no longer be filled. */
export function closedError({ stream }, act) {
  const how = stream.status === ERRORED ? "errored" : "closed";
  return new TypeError(`Cannot ${act} a ReadableStream that is ${how}.`);
}
