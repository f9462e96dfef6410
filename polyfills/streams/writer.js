// https://streams.spec.whatwg.org/#default-writer-class

import { defineInterface, illegalInvocation, isObject, requireArguments } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { writableArgument } from "./brand.js";
import { deferred, rejectedWith } from "./promises.js";
import { releasedError, WriterState } from "./writer-state.js";

/** Writes chunks to a stream. */
export class WritableStreamDefaultWriter {
  #state;

  constructor(stream) {
    requireArguments(arguments.length, 1, "'constructor' on 'WritableStreamDefaultWriter'");
    this.#state = new WriterState(writableArgument(stream));
  }

  get closed() {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.closed.promise;
  }

  get desiredSize() {
    if (!(#state in this)) throw illegalInvocation();
    return this.#stream.controller.desiredSize;
  }

  get ready() {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    return this.#state.ready.promise;
  }

  abort(reason = undefined) {
    try {
      return this.#stream.abort(reason);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  close() {
    try {
      const stream = this.#stream;
      return stream.closing ? rejectedWith(stream.closedError("close")) : stream.close();
    } catch (error) {
      return rejectedWith(error);
    }
  }

  releaseLock() {
    if (!(#state in this)) throw illegalInvocation();
    if (this.#state.stream !== undefined) this.#state.release();
  }

  write(chunk = undefined) {
    if (!isObject(this) || !(#state in this)) return rejectedWith(illegalInvocation());
    const state = this.#state;
    if (state.stream === undefined) return rejectedWith(releasedError());
    const request = deferred();
    state.write(chunk, request);
    return request.promise;
  }

  get #stream() {
    if (!(#state in this)) throw illegalInvocation();
    const { stream } = this.#state;
    if (stream === undefined) throw releasedError();
    return stream;
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}
