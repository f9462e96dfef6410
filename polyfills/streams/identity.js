// Cloudflare's byte channels:
// https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/
//
// Bytes written, or a string's as UTF-8, come out of the readable side, which takes BYOB
// readers. A write is done once its bytes were read. `desiredSize` and `ready` tell of what waits only where a
// highWaterMark asks for it, as in workerd: who writes waits for the writes, as pipes do.

import { addAbortAlgorithm } from "../events/abort.js";
import { encodeUtf8 } from "../encoding/utf8.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { defineInterface, requireArguments } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { ByteControllerState } from "./byte-controller-state.js";
import { deferred } from "./promises.js";
import { ReadableState } from "./readable-state.js";
import { ReadableStream } from "./readable.js";
import { extractHighWaterMark, toStrategy } from "./strategies.js";
import { Sides, TransformStream } from "./transform.js";
import { WritableControllerState } from "./writable-controller.js";
import { WritableState } from "./writable-state.js";
import { WritableStream } from "./writable.js";

const nothing = () => undefined;
const uncounted = () => 0;

const OBJECT_WRITTEN =
  "This TransformStream is being used as a byte stream, but received an object of " +
  "non-ArrayBuffer/ArrayBufferView type on its writable side.";
const TOO_MANY_BYTES = "Attempt to write too many bytes through a FixedLengthStream.";
const CANCELLED = "Stream was cancelled.";
const CLOSED_EARLY = "FixedLengthStream did not see all expected bytes before close().";

/** The two sides of a byte channel and what is on its way between them. */
class Channel {
  #readable = new ReadableState();
  #writable = new WritableState();
  #expected;
  #written = 0;
  #unread = undefined;
  #watching = false;

  constructor(strategy, expectedLength) {
    this.#expected = expectedLength;
    this.#readable.expectedLength = expectedLength;
    const counts = strategy.highWaterMark !== undefined;
    const highWaterMark = Math.min(extractHighWaterMark(strategy, 1), expectedLength ?? Infinity);
    const sink = {
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
      abort: (reason) => this.#readable.controller.error(reason),
    };
    if (counts) new WritableControllerState(this.#writable, sink, highWaterMark, byteLength);
    else new WritableControllerState(this.#writable, sink, 1, uncounted);
    this.#writable.awaitsEachWrite = !counts;
    new ByteControllerState(this.#readable, {
      __proto__: null,
      // One byte, so that `pull` is called whenever all was read.
      highWaterMark: 1,
      pull: () => this.#allRead(),
      cancel: (reason) => this.#cancel(reason),
    });
    this.#writable.controller.start(nothing);
    this.#readable.controller.start(nothing);
  }

  get sides() {
    return new Sides(new ReadableStream(this.#readable), new WritableStream(this.#writable));
  }

  #write(chunk) {
    const bytes = this.#accept(chunk);
    if (bytes.byteLength === 0) return undefined;
    this.#watchForAbort();
    this.#unread = deferred();
    const { promise } = this.#unread;
    this.#readable.controller.enqueueOwn(bytes);
    return promise;
  }

  #accept(chunk) {
    try {
      const bytes = toBytes(chunk);
      this.#written += bytes.byteLength;
      if (this.#written > this.#expected) {
        throw new TypeError(TOO_MANY_BYTES);
      }
      return bytes;
    } catch (error) {
      this.#readable.controller.error(error);
      throw error;
    }
  }

  #allRead() {
    if (this.#unread === undefined) return;
    this.#unread.resolve();
    this.#unread = undefined;
  }

  /** An abort must not wait for the write under way: nobody may ever read it. */
  #watchForAbort() {
    if (this.#watching) return;
    this.#watching = true;
    const { signal } = this.#writable.controller;
    addAbortAlgorithm(signal, () => this.#fail(signal.reason));
  }

  #fail(reason) {
    this.#readable.controller.error(reason);
    this.#unread?.reject(reason);
    this.#unread = undefined;
  }

  #close() {
    if (this.#written < this.#expected) {
      const error = new TypeError(CLOSED_EARLY);
      this.#readable.controller.error(error);
      throw error;
    }
    this.#readable.controller.end();
  }

  // Who writes is told of an error in any case, as in workerd: also where a client has left.
  #cancel(reason = new Error(CANCELLED)) {
    this.#writable.controller.errorIfNeeded(reason);
    this.#unread?.reject(reason);
    this.#unread = undefined;
  }
}

/** How many bytes a chunk counts for; what cannot be written counts for none. */
function byteLength(chunk) {
  if (typeof chunk === "string") return encodeUtf8(chunk).length;
  return ArrayBuffer.isView(chunk) || isArrayBuffer(chunk) ? chunk.byteLength : 0;
}

function toBytes(chunk) {
  if (typeof chunk === "string") return encodeUtf8(chunk);
  if (ArrayBuffer.isView(chunk) || isArrayBuffer(chunk)) return copyBytes(chunk);
  throw new TypeError(OBJECT_WRITTEN);
}

/** A TransformStream of bytes that passes them on as they are. */
export class IdentityTransformStream extends TransformStream {
  constructor(queuingStrategy = undefined) {
    const isOurs = queuingStrategy instanceof Channel;
    super((isOurs ? queuingStrategy : new Channel(toStrategy(queuingStrategy))).sides);
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

/**
 * An IdentityTransformStream that takes exactly so many bytes; a response or request
 * with it as body has a Content-Length.
 */
export class FixedLengthStream extends IdentityTransformStream {
  constructor(expectedLength, queuingStrategy = undefined) {
    requireArguments(arguments.length, 1, "'constructor' on 'FixedLengthStream'");
    const length = toLength(expectedLength);
    super(new Channel(toStrategy(queuingStrategy), length));
  }

  static {
    defineInterface(this);
    refuseToClone(this);
  }
}

function toLength(value) {
  const number = typeof value === "bigint" ? Number(value) : +value;
  const length = Math.trunc(number);
  if (Number.isSafeInteger(length) && number >= 0) return length;
  throw new TypeError("FixedLengthStream requires an integer expected length less than 2^53.");
}
