// https://streams.spec.whatwg.org/#default-reader-class

import { defineInterface, illegalInvocation, isObject, requireArguments } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { readableArgument } from "./brand.js";
import { rejectedWith } from "./promises.js";
import { DefaultReaderState, releasedError, ReadPromise } from "./reader-state.js";

/** Reads a stream chunk by chunk. */
export class ReadableStreamDefaultReader {
  #state;

  constructor(stream) {
    requireArguments(arguments.length, 1, "'constructor' on 'ReadableStreamDefaultReader'");
    this.#state = new DefaultReaderState(readableArgument(stream));
  }

  get closed() {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.closed.promise;
  }

  cancel(reason = undefined) {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.cancel(reason);
  }

  read() {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    const state = this.#state;
    if (state.stream === undefined) return rejectedWith(releasedError());
    const request = new ReadPromise();
    state.read(request);
    return request.promise;
  }

  releaseLock() {
    if (!(#state in this)) throw illegalInvocation();
    if (this.#state.stream !== undefined) this.#state.release();
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}
