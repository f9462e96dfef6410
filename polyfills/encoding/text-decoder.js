// TextDecoder: https://encoding.spec.whatwg.org/#interface-textdecoder

import { encoding_decode_last, encoding_decode_part } from "holdfast:ops";
import { describeView, viewKind, bytesOf } from "../kernel/buffers.js";
import { defineInterface, toDictionary, toDOMString } from "../kernel/webidl.js";
import { encodingOf } from "./labels.js";
import { decodeUtf8 } from "./utf8.js";

const NO_BYTES = new Uint8Array(0);
const INPUT = "Failed to execute 'decode' on 'TextDecoder': parameter 1";

/** Decodes bytes of one encoding, all at once or as a stream of chunks. */
export class TextDecoder {
  #encoding;
  #fatal = false;
  #ignoreBOM = false;
  /** The decoder under way; undefined between streams. */
  #stream;

  constructor(label = "utf-8", options = undefined) {
    this.#encoding = decodable(toDOMString(label));
    if (options !== undefined) {
      const members = toDictionary(options, "Failed to construct 'TextDecoder': parameter 2");
      this.#fatal = Boolean(members.fatal);
      this.#ignoreBOM = Boolean(members.ignoreBOM);
    }
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(input = undefined, options = undefined) {
    const encoding = this.#encoding;
    const bytes = input === undefined ? NO_BYTES : source(input);
    const more = options !== undefined && Boolean(toDictionary(options, INPUT).stream);
    if (encoding === "utf-8" && !more && this.#stream === undefined) {
      return decodeUtf8(bytes, { fatal: this.#fatal, ignoreBOM: this.#ignoreBOM });
    }
    const stream = (this.#stream ??= new Stream(encoding, this.#fatal, this.#ignoreBOM));
    if (more) return stream.part(bytes);
    this.#stream = undefined;
    return stream.last(bytes);
  }
}

/** What a decoder remembers between the chunks of one stream. */
class Stream {
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
    if (count !== 0) this.#held = input.slice(input.length - count);
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

function decodable(label) {
  const encoding = label === "utf-8" ? label : encodingOf(label);
  if (encoding === undefined || encoding === "replacement") {
    throw new RangeError(`"${label}" is not a valid encoding.`);
  }
  return encoding;
}

/** The bytes of an [AllowShared] buffer source; shared ones are copied. */
function source(input) {
  const kind = viewKind(input);
  if (kind === "Uint8Array") return input;
  if (kind !== undefined) {
    const { buffer, byteOffset, byteLength } = describeView(input);
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (input instanceof SharedArrayBuffer) return new Uint8Array(input);
  return bytesOf(input, INPUT);
}

defineInterface(TextDecoder);
