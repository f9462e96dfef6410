// Decoding a stream of chunks, for TextDecoder and TextDecoderStream.

import { encoding_decode_last, encoding_decode_part } from "holdfast:ops";
import { bytesOf, describeView, viewKind } from "../kernel/buffers.js";
import { encodingOf } from "./labels.js";

const NO_BYTES = new Uint8Array(0);

/** What a decoder remembers between the chunks of one stream. */
export class IncrementalDecoder {
  #encoding;
  #errors;
  /** Whether a byte order mark at the front is still to be dropped. */
  #dropsMark;
  /** Bytes at the end of the last chunk that need those of the next. */
  #held = NO_BYTES;
  /** The host's decoder's state, a small number; only ISO-2022-JP has any. */
  #state = 0;

  constructor(encoding, fatal, ignoreBOM) {
    this.#encoding = encoding;
    this.#errors = fatal ? "strict" : "replace";
    this.#dropsMark = !ignoreBOM && encoding.startsWith("utf-");
  }

  /** The text in a part of the stream; more parts will follow. */
  part(bytes) {
    const input = this.#withHeld(bytes);
    const answer = encoding_decode_part(this.#encoding, input, this.#state, this.#errors);
    // The first character tells how many bytes to hold, and the state.
    const head = answer.charCodeAt(0);
    const count = head & 15;
    this.#state = head >> 4;
    if (count !== 0) this.#held = lastBytes(input, count);
    return this.#withoutMark(answer.slice(1));
  }

  /** The text in the last part of the stream, or in the only one. */
  last(bytes) {
    const input = this.#withHeld(bytes);
    const text = encoding_decode_last(this.#encoding, input, this.#state, this.#errors);
    return this.#withoutMark(text);
  }

  #withHeld(bytes) {
    const held = this.#held;
    if (held.length === 0) return bytes;
    this.#held = NO_BYTES;
    const joined = new Uint8Array(held.length + bytes.length);
    joined.set(held);
    joined.set(bytes, held.length);
    return joined;
  }

  #withoutMark(text) {
    if (!this.#dropsMark || text === "") return text;
    this.#dropsMark = false;
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

/** A copy of the last `count` bytes, in a plain Uint8Array. */
function lastBytes({ buffer, byteOffset, byteLength }, count) {
  return new Uint8Array(buffer, byteOffset + byteLength - count, count).slice();
}

/** The name of the encoding with this label; throws a RangeError if none can be decoded. */
export function decodableEncoding(label) {
  const encoding = label === "utf-8" ? label : encodingOf(label);
  if (encoding === undefined || encoding === "replacement") {
    throw new RangeError(`"${label}" is not a valid encoding.`);
  }
  return encoding;
}

/** The bytes of an [AllowShared] buffer source, without a copy. */
export function sourceBytes(input, what) {
  const kind = viewKind(input);
  if (kind === "Uint8Array" && input.length !== 0) return input;
  if (kind !== undefined) {
    const { buffer, byteOffset, byteLength } = describeView(input);
    return byteLength === 0 ? NO_BYTES : new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (input instanceof SharedArrayBuffer) return new Uint8Array(input);
  return bytesOf(input, what);
}
