// CompressionStream and DecompressionStream: https://compression.spec.whatwg.org/

import {
  compression_close,
  compression_finish,
  compression_more,
  compression_open,
  compression_write,
  compression_write_large,
} from "holdfast:ops";
import { bytesOf } from "../kernel/buffers.js";
import { defineInterface, requireArguments, toDOMString } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { createTransform } from "./transform.js";

const FORMATS = ["deflate", "deflate-raw", "gzip", "brotli"];
const UNKNOWN_FORMAT =
  "The compression format must be either 'deflate', 'deflate-raw', 'gzip' or 'brotli'.";
// What takes longer than a millisecond to compress is compressed in a thread.
const MAX_BYTES_AT_ONCE = 32_768;
// Scripts for workerd write all they have before they read: it holds up no writer. Here one is
// held up by results that would take a good part of the isolate's memory.
const WAITING = {
  __proto__: null,
  highWaterMark: 8_388_608,
  size: (piece) => piece.byteLength,
};

const MAX_HEAD_BYTES = 10; // gzip's
const NOTHING = new Uint8Array(0);

// The host lets go of streams that were neither closed nor canceled.
const abandoned = new FinalizationRegistry(compression_close);
let lastNumber = 0;

/** A transform stream from bytes to the same bytes compressed. */
export class CompressionStream {
  #sides;

  constructor(format) {
    requireArguments(arguments.length, 1, "'constructor' on 'CompressionStream'");
    this.#sides = startCoding(toFormat(format), "compress");
  }

  get readable() {
    return this.#sides.readable;
  }

  get writable() {
    return this.#sides.writable;
  }

  static {
    defineInterface(this);
  }
}

/** A transform stream from compressed bytes to the bytes themselves. */
export class DecompressionStream {
  #sides;

  constructor(format) {
    requireArguments(arguments.length, 1, "'constructor' on 'DecompressionStream'");
    this.#sides = startCoding(toFormat(format), "decompress");
  }

  get readable() {
    return this.#sides.readable;
  }

  get writable() {
    return this.#sides.writable;
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(CompressionStream, DecompressionStream);

function toFormat(value) {
  const format = toDOMString(value);
  if (!FORMATS.includes(format)) throw new TypeError(UNKNOWN_FORMAT);
  return format;
}

function startCoding(format, direction) {
  const coding = new Coding(format, direction);
  const algorithms = {
    transform: (chunk, controller) => coding.transform(chunk, controller),
    flush: (controller) => coding.flush(controller),
    cancel: () => coding.close(),
  };
  return createTransform(algorithms, { readable: WAITING });
}

/** One stream's coder on the host; it lives as long as one side of the stream can use it. */
class Coding {
  #number = ++lastNumber;
  #head; // what a compressor says before it has compressed anything; null until then

  constructor(format, direction) {
    this.#head = direction === "compress" ? null : NOTHING;
    compression_open(this.#number, format, direction);
    abandoned.register(this, this.#number);
  }

  /** https://compression.spec.whatwg.org/#compress-and-enqueue-a-chunk */
  async transform(chunk, controller) {
    try {
      await this.#code(bytesOf(chunk, "The chunk"), controller);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #code(bytes, controller) {
    const number = this.#number;
    let piece =
      bytes.byteLength > MAX_BYTES_AT_ONCE
        ? await compression_write_large(number, bytes)
        : compression_write(number, bytes);
    for (; piece.byteLength > 0; piece = compression_more(number)) {
      // A reader that has left ends the stream meanwhile.
      await controller.whenWanted();
      if (!controller.isOpen) return;
      this.#send(piece, controller);
    }
  }

  // A format's few bytes of header are no chunk of their own: scripts for workerd take what was
  // compressed of a short text for a single one.
  #send(piece, controller) {
    if (this.#head === null && piece.byteLength <= MAX_HEAD_BYTES) {
      this.#head = piece;
      return;
    }
    controller.enqueue(this.#withHead(piece));
    this.#head = NOTHING;
  }

  #withHead(piece) {
    return this.#head === null || this.#head === NOTHING ? piece : joined(this.#head, piece);
  }

  flush(controller) {
    const piece = compression_finish(this.#number);
    this.close();
    const rest = this.#withHead(piece);
    if (rest.byteLength > 0) controller.enqueue(rest);
  }

  close() {
    compression_close(this.#number);
  }
}

function joined(first, second) {
  const both = new Uint8Array(first.byteLength + second.byteLength);
  both.set(first);
  both.set(second, first.byteLength);
  return both;
}
