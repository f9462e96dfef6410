// A Buffer's bytes as text, and text as its bytes.
// https://nodejs.org/docs/latest-v20.x/api/buffer.html#buftostringencoding-start-end

import { codecFor, encodingName, unknownEncoding } from "./buffer-encodings.js";
import { boundsError } from "./buffer-numbers.js";
import { nodeError, requireInteger } from "./errors.js";
import { define } from "./properties.js";

const methods = {
  toString(encoding = undefined, start = 0, end = this.length) {
    if (encoding === null || encoding === "") throw unknownEncoding(encoding);
    const codec = codecFor(encoding);
    const from = start <= 0 ? 0 : Math.trunc(start) || 0;
    const to = end === undefined || end > this.length ? this.length : Math.trunc(end) || 0;
    if (from >= this.length || to <= from) return "";
    const whole = from === 0 && to === this.length;
    return codec.decode(
      new Uint8Array(this.buffer, this.byteOffset + from, whole ? this.length : to - from),
    );
  },

  write(string, offset = undefined, length = undefined, encoding = undefined) {
    if (typeof string !== "string")
      throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "argument must be a string");
    if (typeof offset === "string" && length === undefined) [encoding, offset] = [offset, undefined];
    else if (typeof length === "string") [encoding, length] = [length, undefined];
    if (offset === undefined) offset = 0;
    else requireInteger(offset, "offset", 0, this.length);
    const room = this.length - offset;
    if (length === undefined) length = room;
    else {
      requireInteger(length, "length", 0, this.length);
      length = Math.min(length, room);
    }
    const name = encodingName(encoding);
    if (name === undefined) throw unknownEncoding(encoding);
    return writeText(this, codecFor(name).encode(string), offset, length, name);
  },
};

/** Whole characters only. */
function writeText(buffer, bytes, offset, length, encoding) {
  let count = Math.min(bytes.length, length);
  if (count < bytes.length) {
    if (encoding === "utf16le") count -= count % 2;
    else if (encoding === "utf8") while (count > 0 && (bytes[count] & 0xc0) === 0x80) count--;
  }
  buffer.set(bytes.subarray(0, count), offset);
  return count;
}

methods.toLocaleString = methods.toString;

for (const [name, encoding] of Object.entries({
  ascii: "ascii",
  base64: "base64",
  base64url: "base64url",
  hex: "hex",
  latin1: "latin1",
  ucs2: "utf16le",
  utf8: "utf8",
})) {
  methods[`${name}Slice`] = function slice(start = 0, end = this.length) {
    return this.toString(encoding, start, end);
  };
  methods[`${name}Write`] = function write(string, offset = 0, length = this.length - offset) {
    if (offset < 0 || offset > this.length) throw boundsError(offset, this.length);
    return this.write(string, offset, length, encoding);
  };
}

/** Gives a prototype the methods. */
export function addTextMethods(prototype) {
  define(prototype, methods);
}
