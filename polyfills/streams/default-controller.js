// https://streams.spec.whatwg.org/#rs-default-controller-class

import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { ControllerState } from "./controller-state.js";
import { SizedQueue } from "./queue.js";
import { ERRORED, READABLE } from "./readable-state.js";

/** The state of a default controller: see ControllerState. `size` may be undefined for one. */
export class DefaultControllerState extends ControllerState {
  isByte = false;
  size;

  constructor(stream, { pull, cancel, highWaterMark = 1, size }) {
    super(stream, new SizedQueue(), { pull, cancel, highWaterMark });
    this.size = size;
  }

  /** https://streams.spec.whatwg.org/#rs-default-controller-private-pull */
  pullSteps(request) {
    const { queue } = this;
    if (queue.length > 0) {
      const chunk = queue.dequeue();
      if (this.closeRequested && queue.length === 0) {
        this.clearAlgorithms();
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
    this.clearAlgorithms(); // nothing can call them any more: the stream is closed
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
    this.clearAlgorithms();
    this.stream.close();
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-controller-error */
  error(reason) {
    if (this.stream.status !== READABLE) return;
    this.queue.reset();
    this.clearAlgorithms();
    this.stream.error(reason);
  }

  clearAlgorithms() {
    super.clearAlgorithms();
    this.size = undefined;
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
