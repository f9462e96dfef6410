// Readers behind their public objects: https://streams.spec.whatwg.org/#rs-readers
//
// A read request is an object with `chunk(chunk)`, `close(view)` and `error(reason)`;
// exactly one of them is called once, `close` with a view only for a BYOB reader. One that
// `takesRest` is given what is there when the stream ends, be it less than it asked for.

import { deferred, fulfilledWith, PromiseSlot, rejectedWith } from "./promises.js";
import { Queue } from "./queue.js";
import { CLOSED, ERRORED, READABLE } from "./readable-state.js";

/** The state of one reader of either kind. */
class ReaderState {
  closed = new PromiseSlot();
  requests = new Queue();
  stream;

  /** Throws a TypeError if the stream has a reader. */
  constructor(stream) {
    if (stream.locked) {
      throw new TypeError("This ReadableStream is currently locked to a reader.");
    }
    this.stream = stream;
    stream.reader = this;
    if (stream.status === CLOSED) this.closed.resolve();
    else if (stream.status === ERRORED) this.closed.reject(stream.storedError);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-reader-generic-cancel */
  cancel(reason) {
    return this.stream === undefined ? rejectedWith(releasedError()) : this.stream.cancel(reason);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-reader-generic-release */
  release() {
    const { stream } = this;
    this.closed.reject(releasedError());
    stream.controller.releaseSteps();
    stream.reader = undefined;
    this.stream = undefined;
    if (this.requests.length === 0) return;
    const error = releasedError();
    for (const request of this.requests.takeAll()) request.error(error);
  }
}

/** https://streams.spec.whatwg.org/#default-reader-class */
export class DefaultReaderState extends ReaderState {
  isByob = false;

  /** As what the runtime itself reads by. */
  static ofHost(stream) {
    const state = new DefaultReaderState(stream);
    const { controller } = stream;
    if (controller.isByte) controller.chunkSize ??= controller.hostChunkSize;
    return state;
  }

  /** https://streams.spec.whatwg.org/#readable-stream-default-reader-read */
  read(request) {
    const { stream } = this;
    stream.disturbed = true;
    if (stream.status === READABLE) stream.controller.pullSteps(request);
    else if (stream.status === CLOSED) request.close(undefined);
    else request.error(stream.storedError);
  }
}

/** https://streams.spec.whatwg.org/#byob-reader-class */
export class ByobReaderState extends ReaderState {
  isByob = true;

  /** Throws a TypeError unless the stream is a byte stream. */
  constructor(stream) {
    if (!stream.controller.isByte) {
      throw new TypeError("This ReadableStream does not support BYOB reads.");
    }
    super(stream);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-byob-reader-read */
  read(view, min, request) {
    const { stream } = this;
    stream.disturbed = true;
    if (stream.status === ERRORED) request.error(stream.storedError);
    else stream.controller.pullInto(view, min, request);
  }
}

/** The error of a reader that was released. */
export function releasedError() {
  return new TypeError("This ReadableStream reader has been released.");
}

/**
 * The read request of a public `read()`. Where the outcome is known at once its
 * promise is made settled, which costs a third of a pending one.
 */
export class ReadPromise {
  settled = undefined;
  waiting = undefined;

  chunk(value) {
    this.#fulfill({ value, done: false });
  }

  close(value) {
    this.#fulfill({ value, done: true });
  }

  error(reason) {
    if (this.waiting === undefined) this.settled = rejectedWith(reason);
    else this.waiting.reject(reason);
  }

  /** The promise; to be asked for once, after the read was started. */
  get promise() {
    if (this.settled !== undefined) return this.settled;
    this.waiting = deferred();
    return this.waiting.promise;
  }

  #fulfill(result) {
    if (this.waiting === undefined) this.settled = fulfilledWith(result);
    else this.waiting.resolve(result);
  }
}

/** That of `readAtLeast()`: the stream is done once there was nothing left to read. */
export class ReadOfRest extends ReadPromise {
  takesRest = true;

  close(view) {
    if (view !== undefined && view.byteLength > 0) this.chunk(view);
    else super.close(view);
  }
}
