// What a ReadableStream is behind its public object.
//
// The standard's operations on streams, controllers and readers call each other. Here
// each is a method of the state it changes; a state reaches the others through its
// fields, so the modules need not import one another:
//
//   ReadableState  .controller   pullSteps, cancelSteps, releaseSteps
//                  .reader       closed, requests, isByob
//
// https://streams.spec.whatwg.org/#rs-abstract-ops

import { fulfilledWith, performThen, promiseOf, rejectedWith } from "./promises.js";

export const READABLE = 0;
export const CLOSED = 1;
export const ERRORED = 2;

const toUndefined = () => undefined;

/** The state of one readable stream. */
export class ReadableState {
  status = READABLE;
  storedError = undefined;
  disturbed = false;
  reader = undefined;
  controller = undefined;
  // Of a stream whose writer promised so many bytes, as FixedLengthStream does.
  expectedLength = undefined;

  get locked() {
    return this.reader !== undefined;
  }

  /** What was given to `createHostStream`, while nobody has touched the stream. */
  get untouchedSource() {
    const untouched = !this.disturbed && !this.locked && this.status === READABLE;
    return untouched ? this.controller.source : undefined;
  }

  /** How many bytes an untouched stream will give; undefined where nobody knows. */
  get knownLength() {
    return this.expectedLength ?? this.untouchedSource?.byteLength;
  }

  /** How many reads of a BYOB reader wait. */
  get waitingByobReads() {
    const { reader } = this;
    return reader === undefined || !reader.isByob ? 0 : reader.requests.length;
  }

  /** https://streams.spec.whatwg.org/#readable-stream-fulfill-read-request */
  fulfillRead(chunk, isDone) {
    const request = this.reader.requests.shift();
    if (isDone) request.close(chunk);
    else request.chunk(chunk);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-cancel */
  cancel(reason) {
    this.disturbed = true;
    if (this.status === CLOSED) return fulfilledWith();
    if (this.status === ERRORED) return rejectedWith(this.storedError);
    this.close();
    const { reader } = this;
    if (reader !== undefined && reader.isByob) {
      for (const request of reader.requests.takeAll()) request.close(undefined);
    }
    const { controller } = this;
    return performThen(promiseOf((why) => controller.cancelSteps(why), reason), toUndefined);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-close */
  close() {
    this.status = CLOSED;
    const { reader } = this;
    if (reader === undefined) return;
    reader.closed.resolve();
    if (reader.isByob || reader.requests.length === 0) return;
    for (const request of reader.requests.takeAll()) request.close(undefined);
  }

  /** https://streams.spec.whatwg.org/#readable-stream-error */
  error(reason) {
    this.status = ERRORED;
    this.storedError = reason;
    const { reader } = this;
    if (reader === undefined) return;
    reader.closed.reject(reason);
    for (const request of reader.requests.takeAll()) request.error(reason);
  }
}
