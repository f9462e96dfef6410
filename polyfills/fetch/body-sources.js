// What the streams of bodies are filled from; see streams/host-stream.js. While such a
// stream is untouched its body can be taken out again, so looking at `response.body`
// and passing it on costs no copy.

import {
  body_cancel,
  body_decode,
  body_gather,
  body_json,
  body_length,
  body_read,
  body_read_all,
  body_read_text,
} from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { abortReason, isAborted } from "../events/abort.js";
import { copyBytes } from "../kernel/buffers.js";
import {
  createHostStream,
  hostSourceOf,
  isLocked,
  knownLength,
  lockedReader,
  markDisturbed,
  takeHostSource,
} from "../streams/on-demand.js";

// A body that nobody can reach any more is let go of on the host.
const abandoned = new FinalizationRegistry(body_cancel);

/**
 * A body that the host keeps under a handle. Who takes the handle over must give it to
 * an op at once: when this object is gone, the host drops what it still keeps.
 */
export class HostBody {
  handle;
  #signal;

  /** `signal` tells why a body breaks off, where a script aborted it. */
  constructor(handle, signal = undefined) {
    this.handle = handle;
    this.#signal = signal;
    abandoned.register(this, handle);
  }

  get byteLength() {
    const length = body_length(this.handle);
    return length < 0 ? undefined : length;
  }

  pull(sink) {
    return body_read(this.handle).then(
      (bytes) => (bytes === undefined ? sink.close() : sink.enqueue(bytes)),
      (error) => this.#fail(error),
    );
  }

  cancel() {
    body_cancel(this.handle);
  }

  readAll() {
    return this.#guarded(body_read_all(this.handle));
  }

  /** Everything as a string: the host decodes it. */
  readText() {
    return this.#guarded(body_read_text(this.handle));
  }

  /** What everything holds as JSON: the engine parses the bytes as they came. */
  readJson() {
    return this.#guarded(body_gather(this.handle)).then(() => body_json(this.handle));
  }

  throwIfAborted() {
    const signal = this.#signal;
    if (signal !== undefined && isAborted(signal)) throw abortReason(signal);
  }

  #guarded(reading) {
    return this.#signal === undefined ? reading : reading.catch((error) => this.#fail(error));
  }

  /** The same body, decoded. */
  decoded(coding) {
    return new HostBody(body_decode(this.handle, coding), this.#signal);
  }

  #fail(error) {
    this.throwIfAborted();
    throw error;
  }
}

/** A body as the host gives it: its handle becomes a HostBody, the rest stays. */
export function bodyFromHost(body, signal = undefined) {
  return typeof body === "number" ? new HostBody(body, signal) : body;
}

/** A body decoded: a HostBody, or a string or bytes that a decoder takes over. */
export function decodeBody(body, coding) {
  return body instanceof HostBody ? body.decoded(coding) : new HostBody(body_decode(body, coding));
}

/** A string, or bytes that nobody else changes. */
class LocalBody {
  constructor(body) {
    this.body = body;
  }

  get #bytes() {
    return typeof this.body === "string" ? encodeUtf8(this.body) : this.body;
  }

  get byteLength() {
    return this.#bytes.byteLength;
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
  byteLength;

  constructor(stream) {
    this.byteLength = knownLength(stream);
    this.#reader = lockedReader(stream);
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

/** A body that came by RPC: who answers with it hears of a client that leaves, as where the stream is its own. */
export class BodyByRpc extends HostBody {}

/** Whether a stream is such a body's, and untouched. */
export const isByRpc = (stream) => hostSourceOf(stream) instanceof BodyByRpc;

/** A stream of a body: a HostBody, a string, or bytes that become the stream's own. */
export function streamOfBody(body) {
  return createHostStream(body instanceof HostBody ? body : new LocalBody(body));
}

/**
 * Take the body out of a stream of `streamOfBody` that nobody has touched: it counts as
 * used. Undefined, and nothing done, for any other stream.
 */
export function takeBody(stream) {
  const source = hostSourceOf(stream);
  const isHost = source instanceof HostBody;
  if (!isHost && !(source instanceof LocalBody)) return undefined;
  takeHostSource(stream);
  lock(stream);
  return isHost ? source : source.body;
}

/** Lock a stream for good, as one that is read to its end stays. Returns it. */
export function lock(stream) {
  if (!isLocked(stream)) lockedReader(stream);
  return stream;
}

/** A stream that gives what `stream` would have given; throws TypeError if that is locked. */
export function forwardStream(stream) {
  return createHostStream(new ForwardedStream(stream));
}
