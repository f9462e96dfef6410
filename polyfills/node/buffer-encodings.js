// The encodings of Buffer: text to bytes and back.
// https://nodejs.org/docs/latest-v20.x/api/buffer.html#buffers-and-character-encodings

import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { nodeError } from "./errors.js";

const { fromBase64, fromHex } = Uint8Array;
const { atob, btoa } = globalThis;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const toHex = uncurry(Uint8Array.prototype.toHex);
const { fromCharCode } = String;

const KEEP_MARK = { ignoreBOM: true };
const URL_ALPHABET = { alphabet: "base64url", omitPadding: true };
const MAX_ARGUMENTS = 8192;

const NAMES = {
  __proto__: null,
  utf8: "utf8",
  "utf-8": "utf8",
  ucs2: "utf16le",
  "ucs-2": "utf16le",
  utf16le: "utf16le",
  "utf-16le": "utf16le",
  latin1: "latin1",
  binary: "latin1",
  base64: "base64",
  base64url: "base64url",
  hex: "hex",
  ascii: "ascii",
};

/** The encoding's one name among its many; undefined where there is none. */
export function encodingName(encoding) {
  if (encoding === undefined || encoding === null || encoding === "") return "utf8";
  return NAMES[encoding] ?? NAMES[`${encoding}`.toLowerCase()];
}

/** The codec of an encoding. Throws ERR_UNKNOWN_ENCODING. */
export function codecFor(encoding) {
  const name = encodingName(encoding);
  if (name === undefined) throw unknownEncoding(encoding);
  return codecs[name];
}

export function unknownEncoding(encoding) {
  return nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
}

/** A character for each byte. */
export function toBinary(bytes) {
  return atob(toBase64(bytes));
}

/** A byte for each character, of which the lowest eight bits count. */
function fromBinary(text) {
  if (!/[^\x00-\xff]/.test(text)) return fromBase64(btoa(text));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Lenient: both alphabets, and whatever else there is in between is skipped. */
function bytesOfBase64(text) {
  try {
    return fromBase64(text);
  } catch {
    const end = text.indexOf("=");
    const kept = (end === -1 ? text : text.slice(0, end))
      .replaceAll("-", "+")
      .replaceAll("_", "/")
      .replace(/[^A-Za-z0-9+/]/g, "");
    return fromBase64(kept.length % 4 === 1 ? kept.slice(0, -1) : kept);
  }
}

function bytesOfHex(text) {
  const whole = text.length % 2 === 0 ? text : text.slice(0, -1);
  try {
    return fromHex(whole);
  } catch {
    const valid = /^(?:[0-9a-f]{2})*/i.exec(whole)[0];
    return fromHex(valid);
  }
}

function bytesOfUtf16(text) {
  // The engine widens faster than a loop does.
  if (!/[^\x00-\xff]/.test(text)) return new Uint8Array(new Uint16Array(fromBinary(text)).buffer);
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return new Uint8Array(units.buffer);
}

function textOfUtf16(bytes) {
  const count = bytes.length >>> 1;
  const units = new Uint16Array(count);
  new Uint8Array(units.buffer).set(bytes.subarray(0, count * 2));
  let text = "";
  for (let i = 0; i < count; i += MAX_ARGUMENTS) {
    text += fromCharCode.apply(null, units.subarray(i, i + MAX_ARGUMENTS));
  }
  return text;
}

/** Seven bits of each byte; four bytes at a time, and only where there is an eighth bit. */
function textOfAscii(bytes) {
  const text = toBinary(bytes);
  if (!/[\x80-\xff]/.test(text)) return text;
  const words = new Uint32Array((bytes.length + 3) >>> 2);
  const plain = new Uint8Array(words.buffer, 0, bytes.length);
  plain.set(bytes);
  for (let i = 0; i < words.length; i++) words[i] &= 0x7f7f7f7f;
  return toBinary(plain);
}

/** How many bytes base64 text stands for, by its length alone, as Node.js counts. */
function base64Length(text) {
  let { length } = text;
  if (text.charCodeAt(length - 1) === 61) length--;
  if (length > 1 && text.charCodeAt(length - 1) === 61) length--;
  return (length * 3) >>> 2;
}

const codecs = {
  utf8: {
    encode: encodeUtf8,
    decode: (bytes) => decodeUtf8(bytes, KEEP_MARK),
    count: utf8Length,
    unit: 1,
  },
  utf16le: { encode: bytesOfUtf16, decode: textOfUtf16, count: (text) => text.length * 2, unit: 2 },
  latin1: { encode: fromBinary, decode: toBinary, count: (text) => text.length, unit: 1 },
  ascii: { encode: fromBinary, decode: textOfAscii, count: (text) => text.length, unit: 1 },
  base64: {
    encode: bytesOfBase64,
    decode: (bytes) => toBase64(bytes),
    count: base64Length,
    unit: 1,
  },
  base64url: {
    encode: bytesOfBase64,
    decode: (bytes) => toBase64(bytes, URL_ALPHABET),
    count: base64Length,
    unit: 1,
  },
  hex: {
    encode: bytesOfHex,
    decode: (bytes) => toHex(bytes),
    count: (text) => text.length >>> 1,
    unit: 1,
  },
};

function utf8Length(text) {
  return /[^\x00-\x7f]/.test(text) ? encodeUtf8(text).length : text.length;
}
