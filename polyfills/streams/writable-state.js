// What a WritableStream is behind its public object; see readable-state.js on how the
// states reach each other.
//
//   WritableState  .controller   write, close, abortSteps, errorSteps, started
//                  .writer       ready, closed
//
// A write or close request is an object with `resolve()` and `reject(reason)`.
// https://streams.spec.whatwg.org/#ws-abstract-ops

import { deferred, fulfilledWith, performThen, promiseOf, rejectedWith } from "./promises.js";
import { Queue } from "./queue.js";

export const WRITABLE = 0;
export const ERRORING = 1;
export const FAILED = 2;
export const ENDED = 3;

/** The state of one writable stream. */
export class WritableState {
  status = WRITABLE;
  storedError = undefined;
  writer = undefined;
  controller = undefined;
  backpressure = false;
  awaitsEachWrite = false; // of pipes, since its size tells of no backpressure
  writeRequests = new Queue();
  inFlightWrite = undefined;
  closeRequest = undefined;
  inFlightClose = undefined;
  pendingAbort = undefined;

  get locked() {
    return this.writer !== undefined;
  }

  /** https://streams.spec.whatwg.org/#writable-stream-close-queued-or-in-flight */
  get closing() {
    return this.closeRequest !== undefined || this.inFlightClose !== undefined;
  }

  /** https://streams.spec.whatwg.org/#writable-stream-abort */
  abort(reason) {
    if (this.#isOver) return fulfilledWith();
    this.controller.signalAbort(reason);
    // Listeners of the signal ran; they may have ended the stream.
    if (this.#isOver) return fulfilledWith();
    if (this.pendingAbort !== undefined) return this.pendingAbort.promise;
    const wasErroring = this.status === ERRORING;
    const { promise, resolve, reject } = deferred();
    this.pendingAbort = {
      promise,
      resolve,
      reject,
      wasErroring,
      reason: wasErroring ? undefined : reason,
    };
    if (!wasErroring) this.startErroring(reason);
    return promise;
  }

  get #isOver() {
    return this.status === ENDED || this.status === FAILED;
  }

  /** https://streams.spec.whatwg.org/#writable-stream-close */
  close() {
    if (this.#isOver) return rejectedWith(this.closedError("close"));
    const request = deferred();
    this.closeRequest = request;
    const { writer } = this;
    if (writer !== undefined && this.backpressure && this.status === WRITABLE) {
      writer.ready.resolve();
    }
    this.controller.close();
    return request.promise;
  }

  /** The TypeError of an act on a stream that is closed or about to be. */
  closedError(act) {
    const how = this.status === FAILED ? "errored" : "closed";
    return new TypeError(`Cannot ${act} a WritableStream that is ${how}.`);
  }

  // ---- Errors ----------------------------------------------------------------------

  /** https://streams.spec.whatwg.org/#writable-stream-deal-with-rejection */
  dealWithRejection(error) {
    if (this.status === WRITABLE) this.startErroring(error);
    else this.finishErroring();
  }

  /** https://streams.spec.whatwg.org/#writable-stream-start-erroring */
  startErroring(reason) {
    this.status = ERRORING;
    this.storedError = reason;
    if (this.writer !== undefined) this.writer.ready.reject(reason);
    const busy = this.inFlightWrite !== undefined || this.inFlightClose !== undefined;
    if (!busy && this.controller.started) this.finishErroring();
  }

  /** https://streams.spec.whatwg.org/#writable-stream-finish-erroring */
  finishErroring() {
    this.status = FAILED;
    const { controller, storedError, pendingAbort } = this;
    controller.errorSteps();
    for (const request of this.writeRequests.takeAll()) request.reject(storedError);
    this.pendingAbort = undefined;
    if (pendingAbort === undefined) {
      this.#rejectClosed();
    } else if (pendingAbort.wasErroring) {
      pendingAbort.reject(storedError);
      this.#rejectClosed();
    } else {
      this.#finishAbort(pendingAbort);
    }
  }

  #finishAbort(pendingAbort) {
    const { controller } = this;
    performThen(
      promiseOf((why) => controller.abortSteps(why), pendingAbort.reason),
      () => {
        pendingAbort.resolve();
        this.#rejectClosed();
      },
      (reason) => {
        pendingAbort.reject(reason);
        this.#rejectClosed();
      },
    );
  }

  /** https://streams.spec.whatwg.org/#writable-stream-reject-close-and-closed-promise-if-needed */
  #rejectClosed() {
    if (this.closeRequest !== undefined) {
      this.closeRequest.reject(this.storedError);
      this.closeRequest = undefined;
    }
    if (this.writer !== undefined) this.writer.closed.reject(this.storedError);
  }

  // ---- What is in flight --------------------------------------------------------------

  markWriteInFlight() {
    this.inFlightWrite = this.writeRequests.shift();
  }

  markCloseInFlight() {
    this.inFlightClose = this.closeRequest;
    this.closeRequest = undefined;
  }

  finishWrite() {
    this.inFlightWrite.resolve();
    this.inFlightWrite = undefined;
  }

  failWrite(error) {
    this.inFlightWrite.reject(error);
    this.inFlightWrite = undefined;
    this.dealWithRejection(error);
  }

  /** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close */
  finishClose() {
    this.inFlightClose.resolve();
    this.inFlightClose = undefined;
    if (this.status === ERRORING) {
      // The error came too late: everything was written.
      this.storedError = undefined;
      if (this.pendingAbort !== undefined) {
        this.pendingAbort.resolve();
        this.pendingAbort = undefined;
      }
    }
    this.status = ENDED;
    if (this.writer !== undefined) this.writer.closed.resolve();
  }

  /** https://streams.spec.whatwg.org/#writable-stream-finish-in-flight-close-with-error */
  failClose(error) {
    this.inFlightClose.reject(error);
    this.inFlightClose = undefined;
    if (this.pendingAbort !== undefined) {
      this.pendingAbort.reject(error);
      this.pendingAbort = undefined;
    }
    this.dealWithRejection(error);
  }

  /** https://streams.spec.whatwg.org/#writable-stream-update-backpressure */
  updateBackpressure(backpressure) {
    if (this.writer !== undefined && backpressure !== this.backpressure) {
      if (backpressure) this.writer.ready.renew();
      else this.writer.ready.resolve();
    }
    this.backpressure = backpressure;
  }
}
