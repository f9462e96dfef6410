// A lock on a writable stream, for the runtime's own writing: whatever a script has put in the place
// of the methods that scripts call, it goes on working.

import { writableArgument } from "./brand.js";
import { deferred, rejectedWith } from "./promises.js";
import { WriterState } from "./writer-state.js";

/** Writes to a stream; methods as a WritableStreamDefaultWriter has them. */
export class HostWriter {
  #state;

  /** Throws a TypeError if the stream is locked. */
  constructor(stream) {
    this.#state = new WriterState(writableArgument(stream));
  }

  write(chunk) {
    const request = deferred();
    this.#state.write(chunk, request);
    return request.promise;
  }

  close() {
    const { stream } = this.#state;
    return stream.closing ? rejectedWith(stream.closedError("close")) : stream.close();
  }

  abort(reason) {
    return this.#state.stream.abort(reason);
  }
}
