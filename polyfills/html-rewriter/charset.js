// Text in and out of the bytes of a document's encoding, as binary strings.

import { html_encode } from "holdfast:ops";
import { IncrementalDecoder } from "../encoding/incremental.js";
import { encodingOf } from "../encoding/labels.js";
import { decodeUtf8 } from "../encoding/utf8.js";

const { atob, btoa, encodeURIComponent, unescape } = globalThis;
const { fromBase64 } = Uint8Array;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);

const NON_ASCII = /[^\x00-\x7f]/;
const NOT_ON_ASCII = ["utf-16le", "utf-16be", "iso-2022-jp", "replacement"];
const KEEPING_MARK = { ignoreBOM: true };
// A character that UTF-8 begins at the end of some bytes, and that more bytes may complete.
const UNFINISHED = /(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$/;

/** A character for each byte. */
export const binaryOf = (bytes) => atob(toBase64(bytes));
/** The bytes of such a string. */
export const bytesOfBinary = (binary) => fromBase64(btoa(binary));

/** The encoding of one document. */
export class Charset {
  #encoding;

  /** `label` is undefined where the document does not tell. Throws a TypeError for others. */
  constructor(label) {
    this.#encoding = label === undefined ? "utf-8" : encodingOf(label);
    if (this.#encoding === undefined) {
      throw new TypeError("Parser error: Unknown character encoding has been provided.");
    }
    if (NOT_ON_ASCII.includes(this.#encoding)) {
      throw new TypeError("Parser error: Expected ASCII-compatible encoding.");
    }
  }

  /** The text in a whole piece. */
  decode(binary) {
    if (!NON_ASCII.test(binary)) return binary;
    const bytes = bytesOfBinary(binary);
    if (this.#encoding === "utf-8") return decodeUtf8(bytes, KEEPING_MARK);
    return new IncrementalDecoder(this.#encoding, false, true).last(bytes);
  }

  /** Decodes a text that comes in pieces. */
  textDecoder() {
    const decoder = new IncrementalDecoder(this.#encoding, false, true);
    return (binary) => (NON_ASCII.test(binary) || binary === "" ? decoder.part(bytesOfBinary(binary)) : this.#ascii(decoder, binary));
  }

  #ascii(decoder, binary) {
    return this.#encoding === "utf-8" ? binary : decoder.part(bytesOfBinary(binary));
  }

  /** How many bytes at the end of a text have to wait for more. */
  unfinished(binary) {
    if (this.#encoding !== "utf-8") return 0;
    return UNFINISHED.exec(binary.slice(-3))?.[0].length ?? 0;
  }

  /** The text in this encoding; what it does not have becomes a character reference. */
  encode(text) {
    if (!NON_ASCII.test(text)) return text;
    if (this.#encoding === "utf-8") return unescape(encodeURIComponent(text.toWellFormed()));
    return html_encode(text.toWellFormed(), this.#encoding);
  }
}
