// Streams as the rest of the runtime sees them; none of this is visible to scripts.
//
// A host stream is a byte stream whose source is an object of ours:
//
//   pull(sink)       called when a reader waits; answers with `sink.enqueue(bytes)`,
//                    `sink.close()` or `sink.error(reason)`, now or when the promise
//                    that it returns settles; a rejection errors the stream
//   cancel(reason)   the reader wants no more; may return a promise
//   readAll()        optional: everything at once, in place of `pull`; a Uint8Array
//                    that nobody else holds, or a promise of one
//   byteLength       optional: how much there is to come
//
// Until somebody reads or locks the stream its source can be taken over whole
// (`takeHostSource`), so that bytes which are only passed on never enter the stream.

import { bytesOf, copyBuffer, describeView } from "../kernel/buffers.js";
import { isReadableStream, readableArgument } from "./brand.js";
import { ByteControllerState } from "./byte-controller-state.js";
import { streamFrom } from "./from.js";
import { deferred, fulfilledWith, markHandled, performThen, rejectedWith } from "./promises.js";
import { CLOSED, ERRORED, READABLE, ReadableState } from "./readable-state.js";
import { ReadableStream } from "./readable.js";
import { DefaultReaderState, ReadPromise } from "./reader-state.js";
import { copyChunk, tee } from "./tee.js";

const NO_BYTES = "This ReadableStream did not return bytes.";

export { isReadableStream };

// ---- Making streams -----------------------------------------------------------------

/** What a host source fills its stream with. */
class HostSink {
  #controller;

  constructor(controller) {
    this.#controller = controller;
  }

  /** Hand over a Uint8Array that nobody else holds; an empty one is skipped. */
  enqueue(bytes) {
    if (bytes.byteLength > 0) this.#controller.enqueueOwn(bytes);
  }

  close() {
    this.#controller.end();
  }

  error(reason) {
    this.#controller.error(reason);
  }

  /** Whether the stream still takes bytes; not after an end, an error or a cancel. */
  get isOpen() {
    return this.#controller.canCloseOrEnqueue;
  }
}

function hostState(source) {
  const state = new ReadableState();
  let sink;
  const controller = new ByteControllerState(state, {
    __proto__: null,
    source,
    pull: () => source.pull((sink ??= new HostSink(controller))),
    cancel: (reason) => source.cancel?.(reason),
  });
  controller.started = true;
  return state;
}

/** A ReadableStream of a host source (see above). */
export function createHostStream(source) {
  return new ReadableStream(hostState(source));
}

/** The source of bytes that are there already. */
class BytesSource {
  #bytes;

  constructor(bytes) {
    this.#bytes = bytes;
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

/** A ReadableStream of these bytes, which become the stream's own. */
export function createByteStream(bytes) {
  return createHostStream(new BytesSource(bytes));
}

/** A ReadableStream that was read to its end. */
export function createSpentStream() {
  const state = hostState({});
  state.disturbed = true;
  state.controller.close();
  return new ReadableStream(state);
}

/** `ReadableStream.from` that scripts cannot replace. */
export function streamFromIterable(iterable) {
  return new ReadableStream(streamFrom(iterable));
}

// ---- Asking ---------------------------------------------------------------------------

/** Whether a stream was ever read from or canceled. */
export const isDisturbed = (stream) => readableArgument(stream).disturbed;
export const isLocked = (stream) => readableArgument(stream).locked;
export const isReadable = (stream) => readableArgument(stream).status === READABLE;
export const isClosed = (stream) => readableArgument(stream).status === CLOSED;
export const isErrored = (stream) => readableArgument(stream).status === ERRORED;

/** How many bytes an untouched stream will give; undefined where nobody knows. */
export function knownLength(stream) {
  return readableArgument(stream).knownLength;
}

/** Say how many bytes a stream will give, as its writer has promised. */
export function promiseLength(stream, bytes) {
  readableArgument(stream).expectedLength = bytes;
}

/** The source given to `createHostStream`, while the stream is untouched; else undefined. */
export function hostSourceOf(stream) {
  return readableArgument(stream).untouchedSource;
}

// ---- Taking ---------------------------------------------------------------------------

/**
 * Take the source of an untouched host stream over without reading it: the stream
 * counts as read to its end. Returns undefined, and does nothing, for any other stream.
 */
export function takeHostSource(stream) {
  const state = readableArgument(stream);
  const source = state.untouchedSource;
  if (source === undefined) return undefined;
  state.disturbed = true;
  state.controller.close();
  return source;
}

/** Make a stream count as used although nobody has read from it. */
export function markDisturbed(stream) {
  readableArgument(stream).disturbed = true;
}

/** Cancel a stream whether or not it is locked; the promise never counts as unhandled. */
export function cancelStream(stream, reason) {
  const promise = readableArgument(stream).cancel(reason);
  markHandled(promise);
  return promise;
}

/**
 * Two streams with the same content, for `clone()`: chunks of bytes are copied for the
 * second. The stream gets locked; throws a TypeError if it is.
 * https://fetch.spec.whatwg.org/#concept-body-clone
 */
export function teeForClone(stream) {
  const [first, second] = tee(readableArgument(stream), copyChunk);
  return [new ReadableStream(first), new ReadableStream(second)];
}

/** A lock on a stream, for the runtime's own reading. */
export class HostReader {
  #state;

  /** Throws a TypeError if the stream is locked. */
  constructor(stream) {
    this.#state = DefaultReaderState.ofHost(readableArgument(stream));
  }

  /** A promise of { value, done }, `value` being a chunk of any kind. */
  read() {
    const request = new ReadPromise();
    this.#state.read(request);
    return request.promise;
  }

  /** The reader wants no more; the promise never counts as unhandled. */
  cancel(reason) {
    const promise = this.#state.cancel(reason);
    markHandled(promise);
    return promise;
  }

  release() {
    if (this.#state.stream !== undefined) this.#state.release();
  }
}

/**
 * Read a stream to its end: a promise of what `convert` makes of all its bytes, in a
 * Uint8Array that nobody else holds. Rejects with what `convert` throws, with the stream's error, or a TypeError if the stream is locked or gives
 * anything but bytes. https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-all-bytes
 */
export function readAllBytes(stream, convert = (bytes) => bytes) {
  try {
    const state = readableArgument(stream);
    const source = state.untouchedSource;
    if (source?.readAll === undefined) return new Collector(state, convert).run();
    takeHostSource(stream);
    const bytes = source.readAll();
    return bytes instanceof Promise ? performThen(bytes, convert) : fulfilledWith(convert(bytes));
  } catch (error) {
    return rejectedWith(error);
  }
}

/** Collects the chunks of a stream; the read request of all its own reads. */
class Collector {
  #reader;
  #owned;
  #convert;
  #chunks = [];
  #total = 0;
  #inLoop = false;
  #again = false;
  #done = deferred();

  constructor(state, convert) {
    this.#reader = DefaultReaderState.ofHost(state);
    this.#convert = convert;
    this.#owned = state.controller.isByte; // its chunks are nobody else's
  }

  run() {
    this.#readOn();
    return this.#done.promise;
  }

  /** Reads what is there in a loop, not by recursion. */
  #readOn() {
    this.#inLoop = true;
    do {
      this.#again = false;
      this.#reader.read(this);
    } while (this.#again);
    this.#inLoop = false;
  }

  chunk(chunk) {
    let bytes;
    try {
      bytes = bytesOf(chunk);
    } catch {
      const error = new TypeError(NO_BYTES);
      this.#done.reject(error);
      markHandled(this.#reader.cancel(error));
      return;
    }
    this.#chunks.push(this.#owned ? bytes : new Uint8Array(bytes));
    this.#total += bytes.byteLength;
    if (this.#inLoop) this.#again = true;
    else this.#readOn();
  }

  close() {
    try {
      this.#done.resolve(this.#convert(this.#joined()));
    } catch (error) {
      this.#done.reject(error);
    }
  }

  error(reason) {
    this.#done.reject(reason);
  }

  #joined() {
    const chunks = this.#chunks;
    if (chunks.length === 1) return whole(chunks[0]);
    const all = new Uint8Array(this.#total);
    let offset = 0;
    for (let i = 0; i < chunks.length; i++) {
      all.set(chunks[i], offset);
      offset += chunks[i].byteLength;
    }
    return all;
  }
}

/** The bytes on a buffer of exactly their size. */
function whole(bytes) {
  const { buffer, byteOffset, byteLength } = describeView(bytes);
  if (buffer.byteLength === byteLength) return bytes;
  return new Uint8Array(copyBuffer(buffer, byteOffset, byteLength));
}
