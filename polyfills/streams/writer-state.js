// A writer behind its public object: https://streams.spec.whatwg.org/#ws-default-writer-abstract-ops

import { fulfilledWith, PromiseSlot, rejectedWith } from "./promises.js";
import { ENDED, ERRORING, FAILED } from "./writable-state.js";

/** The state of one writer. */
export class WriterState {
  ready = new PromiseSlot();
  closed = new PromiseSlot();
  stream;

  /** Throws a TypeError if the stream has a writer. */
  constructor(stream) {
    if (stream.locked) {
      throw new TypeError("This WritableStream is currently locked to a writer.");
    }
    this.stream = stream;
    stream.writer = this;
    const { status, storedError } = stream;
    if (status === ERRORING || status === FAILED) this.ready.reject(storedError);
    else if (status === ENDED || stream.closing || !stream.backpressure) this.ready.resolve();
    if (status === ENDED) this.closed.resolve();
    else if (status === FAILED) this.closed.reject(storedError);
  }

  /**
   * Write a chunk; `request.resolve()` or `request.reject(reason)` tells the outcome.
   * https://streams.spec.whatwg.org/#writable-stream-default-writer-write
   */
  write(chunk, request) {
    const { stream } = this;
    const { controller } = stream;
    const size = controller.sizeOf(chunk);
    // The strategy's size() is the script's: it may have released the writer.
    if (stream !== this.stream) {
      request.reject(releasedError());
    } else if (stream.status === FAILED) {
      request.reject(stream.storedError);
    } else if (stream.closing || stream.status === ENDED) {
      request.reject(stream.closedError("write to"));
    } else if (stream.status === ERRORING) {
      request.reject(stream.storedError);
    } else {
      stream.writeRequests.push(request);
      controller.write(chunk, size);
    }
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation */
  closeWithErrorPropagation() {
    const { stream } = this;
    if (stream.closing || stream.status === ENDED) return fulfilledWith();
    if (stream.status === FAILED) return rejectedWith(stream.storedError);
    return stream.close();
  }

  /** https://streams.spec.whatwg.org/#writable-stream-default-writer-release */
  release() {
    const error = releasedError();
    this.ready.reject(error);
    this.closed.reject(error);
    this.stream.writer = undefined;
    this.stream = undefined;
  }
}

/** The error of a writer that was released. */
export function releasedError() {
  return new TypeError("This WritableStream writer has been released.");
}
