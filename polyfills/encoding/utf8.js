// UTF-8 in both directions.
//
// Short strings never leave the isolate: QuickJS's percent-coding and base64 functions
// run in C and, put one after the other, code a character in some ten nanoseconds,
// where a loop in JavaScript takes a hundred. A "binary string" below has a character
// per byte. Longer ones are cheaper on the host, in spite of the call.

import { encoding_encode_utf8, encoding_decode_utf8 } from "holdfast:ops";

const { fromBase64 } = Uint8Array;
const { atob, btoa, decodeURIComponent, encodeURIComponent, escape, unescape } = globalThis;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const match = uncurry(RegExp.prototype.exec);
const isWellFormed = uncurry(String.prototype.isWellFormed);
const toWellFormed = uncurry(String.prototype.toWellFormed);

const MAX_LOCAL_CHARACTERS = 160;
const MAX_LOCAL_BYTES = 192;
const NON_ASCII = /[\x80-\xff]/;
const NO_OPTIONS = Object.freeze({ __proto__: null });

/** The UTF-8 bytes of a string; lone surrogates become U+FFFD. */
export function encodeUtf8(string) {
  const text = isWellFormed(string) ? string : toWellFormed(string);
  return text.length <= MAX_LOCAL_CHARACTERS
    ? fromBase64(btoa(unescape(encodeURIComponent(text))))
    : encoding_encode_utf8(text);
}

/**
 * The string in a Uint8Array of UTF-8. A byte order mark is dropped unless `ignoreBOM`;
 * malformed bytes become U+FFFD or, if `fatal`, a TypeError.
 */
export function decodeUtf8(bytes, options = NO_OPTIONS) {
  const text = decodeKeepingMark(bytes, options.fatal === true);
  return text.charCodeAt(0) === 0xfeff && options.ignoreBOM !== true ? text.slice(1) : text;
}

function decodeKeepingMark(bytes, fatal) {
  const { length } = bytes;
  if (length === 0) return "";
  if (length > MAX_LOCAL_BYTES) return encoding_decode_utf8(bytes, fatal ? "strict" : "replace");
  const binary = atob(toBase64(bytes));
  if (match(NON_ASCII, binary) === null) return binary;
  try {
    return decodeURIComponent(escape(binary));
  } catch {
    return encoding_decode_utf8(bytes, fatal ? "strict" : "replace");
  }
}
