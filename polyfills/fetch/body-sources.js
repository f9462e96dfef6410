// What the streams of bodies are filled from; see streams/host-stream.js. While such a
// stream is untouched its body can be taken out again, so looking at `response.body`
// and passing it on costs no copy.

import { body_cancel, body_read, body_read_all } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { abortReason, isAborted } from "../events/abort.js";
import { copyBytes } from "../kernel/buffers.js";
import { createHostStream, hostSourceOf, HostReader, markDisturbed, takeHostSource } from "../streams/host-stream.js";

/** A body that the host keeps under a handle. */
class HostBody {
  #signal;

  /** `signal` tells why a body breaks off, where a script aborted it. */
  constructor(handle, signal) {
    this.body = handle;
    this.#signal = signal;
  }

  pull(sink) {
    return body_read(this.body).then(
      (bytes) => (bytes === undefined ? sink.close() : sink.enqueue(bytes)),
      (error) => this.#fail(error),
    );
  }

  cancel() {
    body_cancel(this.body);
  }

  readAll() {
    const reading = body_read_all(this.body);
    return this.#signal === undefined ? reading : reading.catch((error) => this.#fail(error));
  }

  #fail(error) {
    const signal = this.#signal;
    throw signal !== undefined && isAborted(signal) ? abortReason(signal) : error;
  }
}

/** A string, or bytes that nobody else changes. */
class LocalBody {
  constructor(body) {
    this.body = body;
  }

  get #bytes() {
    return typeof this.body === "string" ? encodeUtf8(this.body) : this.body;
  }

  pull(sink) {
    sink.enqueue(this.#bytes);
    sink.close();
  }

  readAll() {
    return this.#bytes;
  }
}

/** The bytes of another stream, which stays locked and counts as used. */
class ForwardedStream {
  #reader;

  constructor(stream) {
    this.#reader = new HostReader(stream);
    markDisturbed(stream);
  }

  async pull(sink) {
    const { done, value } = await this.#reader.read();
    if (done) sink.close();
    else sink.enqueue(copyBytes(value, "A chunk of a body"));
  }

  cancel(reason) {
    return this.#reader.cancel(reason);
  }
}

/** A stream of a body that is a string, bytes, or the host's handle. */
export function streamOfBody(body, signal) {
  return createHostStream(typeof body === "number" ? new HostBody(body, signal) : new LocalBody(body));
}

/** Everything behind a handle: a promise of a Uint8Array. */
export function readHandle(handle, signal) {
  return new HostBody(handle, signal).readAll();
}

/**
 * Take the string, bytes or handle out of a stream of `streamOfBody` that nobody has
 * touched: it counts as used. Undefined, and nothing done, for any other stream.
 */
export function takeBody(stream) {
  const source = hostSourceOf(stream);
  if (!(source instanceof HostBody || source instanceof LocalBody)) return undefined;
  takeHostSource(stream);
  return source.body;
}

/** A stream that gives what `stream` would have given; throws TypeError if that is locked. */
export function forwardStream(stream) {
  return createHostStream(new ForwardedStream(stream));
}
