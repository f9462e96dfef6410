// DigestStream, Workers' own way to digest what is streamed:
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#digeststream
//
// The digest under way is the host's; it is forgotten when the stream ends or is lost.

import {
  crypto_run,
  crypto_stream_add,
  crypto_stream_add_large,
  crypto_stream_begin,
  crypto_stream_drop,
  crypto_stream_end,
  crypto_take,
} from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { bufferOfArray, byteLengthOfArray, bytesOf, isArrayBuffer } from "../kernel/buffers.js";
import { defineInterface, requireArguments } from "../kernel/webidl.js";
import { deferred, markHandled } from "../streams/promises.js";
import { WritableStream } from "../streams/writable.js";
import { normalize } from "./algorithms.js";
import { isLarge } from "./digest.js";

const CHECKSUMS = ["crc32", "crc32c", "crc64nvme"];
const NOT_BYTES =
  "DigestStream is a byte stream but received an object of non-ArrayBuffer/ArrayBufferView/" +
  "string type on its writable side.";

const DISPOSED = "The DigestStream was disposed.";

const lost = new FinalizationRegistry(crypto_stream_drop);
let lastNumber = 0;

/** A digest under way, as an underlying sink. */
class Digest {
  number = ++lastNumber;
  promised = deferred();
  bytesWritten = 0;
  controller = undefined;

  constructor(name) {
    crypto_stream_begin(this.number, name);
    // Who aborts the stream knows it, and need not look at the digest.
    markHandled(this.promised.promise);
  }

  write(chunk) {
    const bytes = toBytes(chunk);
    const byteLength = byteLengthOfArray(bytes);
    this.bytesWritten += byteLength;
    if (isLarge(bytes)) return addMany(this.number, bytes);
    if (byteLength > 0) crypto_stream_add(this.number, bytes);
    return undefined;
  }

  close() {
    this.promised.resolve(bufferOfArray(crypto_stream_end(this.number)));
  }

  abort(reason) {
    crypto_stream_drop(this.number);
    this.promised.reject(reason);
  }

  dispose() {
    const reason = new TypeError(DISPOSED);
    this.abort(reason);
    this.controller.error(reason);
  }
}

async function addMany(stream, bytes) {
  const job = crypto_stream_add_large(stream, bytes);
  if (job !== undefined) crypto_take(await crypto_run(job));
}

function toBytes(chunk) {
  if (typeof chunk === "string") return encodeUtf8(chunk);
  if (ArrayBuffer.isView(chunk) || isArrayBuffer(chunk)) return bytesOf(chunk);
  throw new TypeError(NOT_BYTES);
}

/** A WritableStream of bytes; when it is closed, `digest` is fulfilled with their digest. */
export class DigestStream extends WritableStream {
  #digest;

  constructor(algorithm) {
    requireArguments(arguments.length, 1, "constructor 'DigestStream'");
    const isChecksum = CHECKSUMS.includes(algorithm?.name ?? algorithm);
    const name = isChecksum ? `${algorithm.name ?? algorithm}` : normalize(algorithm, "digest").name;
    const digest = new Digest(name);
    super({
      __proto__: null,
      start: (controller) => void (digest.controller = controller),
      write: (chunk) => digest.write(chunk),
      close: () => digest.close(),
      abort: (reason) => digest.abort(reason),
    });
    this.#digest = digest;
    lost.register(this, digest.number);
  }

  get digest() {
    return this.#digest.promised.promise;
  }

  get bytesWritten() {
    return BigInt(this.#digest.bytesWritten);
  }

  /** Give up: what is written from now on fails, and so does the digest. */
  [Symbol.dispose]() {
    this.#digest.dispose();
  }
}

defineInterface(DigestStream);
