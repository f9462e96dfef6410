// Buffer's indexOf, lastIndexOf and includes:
// https://nodejs.org/docs/latest-v20.x/api/buffer.html#bufindexofvalue-byteoffset-encoding

import { codecFor, encodingName, toBinary } from "./buffer-encodings.js";
import { invalidType } from "./errors.js";
import { isUint8Array } from "./types.js";

const MIN_WINDOW = 1024;
const MAX_WINDOW = 65_536;
const { subarray: part } = Uint8Array.prototype;

/** Where a search begins; -1 where there is nothing to search. */
function searchStart(length, offset, needle, forward) {
  if (offset < 0) {
    if (offset + length >= 0) return length + offset;
    return forward || needle === 0 ? 0 : -1;
  }
  if (offset + needle <= length) return offset;
  if (needle === 0) return length;
  return forward ? -1 : length - 1;
}

/** Where `value` is first (or last) found from an offset on; -1 where it is not. */
export function search(buffer, value, byteOffset, encoding, forward) {
  if (typeof byteOffset === "string") {
    encoding = byteOffset;
    byteOffset = undefined;
  }
  let offset = Math.min(Math.max(+byteOffset, -0x80000000), 0x7fffffff);
  if (Number.isNaN(offset)) offset = forward ? 0 : buffer.length;
  offset = Math.trunc(offset);
  if (typeof value === "number") {
    const start = searchStart(buffer.length, offset, 1, forward);
    if (start < 0 || buffer.length === 0) return -1;
    const method = forward ? Uint8Array.prototype.indexOf : Uint8Array.prototype.lastIndexOf;
    return method.call(buffer, value & 255, start);
  }
  let unit = 1;
  let needle = value;
  if (typeof value === "string") {
    const codec = codecFor(encoding);
    ({ unit } = codec);
    needle = codec.encode(value);
  } else if (!isUint8Array(value)) {
    throw invalidType("value", ["number", "string", "Buffer", "Uint8Array"], value);
  } else if (encodingName(encoding) === "utf16le") unit = 2;
  return searchBytes(buffer, needle, offset, unit, forward);
}

function searchBytes(buffer, needle, offset, unit, forward) {
  const { length } = buffer;
  const size = needle.length;
  let at = searchStart(length, offset, size, forward);
  if (size === 0) return at;
  if (length === 0 || at < 0 || size > length || (forward && at + size > length)) return -1;
  if (unit === 2) {
    if (length < 2 || size < 2) return -1;
    at -= at % 2;
  }
  if (!forward) at = Math.min(at, length - size);
  if (unit === 1) return (forward ? firstFrom : lastUpTo)(buffer, needle, at);
  const step = forward ? unit : -unit;
  for (; at >= 0 && at + size <= length; at += step) {
    let i = 0;
    while (i < size && buffer[at + i] === needle[i]) i++;
    if (i === size) return at;
  }
  return -1;
}

// As texts, which the engine searches, in windows that grow: what is near costs little.

function firstFrom(buffer, needle, at) {
  const { length } = buffer;
  const text = toBinary(needle);
  for (let from = at, width = MIN_WINDOW; from + needle.length <= length; ) {
    const end = Math.min(length, from + width + needle.length - 1);
    const found = toBinary(part.call(buffer, from, end)).indexOf(text);
    if (found >= 0) return from + found;
    from += width;
    width = Math.min(2 * width, MAX_WINDOW);
  }
  return -1;
}

function lastUpTo(buffer, needle, at) {
  const text = toBinary(needle);
  for (let last = at, width = MIN_WINDOW; last >= 0; ) {
    const from = Math.max(0, last - width + 1);
    const found = toBinary(part.call(buffer, from, last + needle.length)).lastIndexOf(text);
    if (found >= 0) return from + found;
    last = from - 1;
    width = Math.min(2 * width, MAX_WINDOW);
  }
  return -1;
}
