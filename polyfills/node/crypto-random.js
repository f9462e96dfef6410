// Random values: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptorandombytessize-callback

import * as random from "../crypto/random.js";
import { Buffer } from "./buffer.js";
import { bytesOf } from "./bytes.js";
import {
  invalidType,
  outOfRange,
  requireBoolean,
  requireFunction,
  requireObject,
} from "./errors.js";
import { nextTick } from "./stream-base.js";

const MAX_BYTES = 2 ** 31 - 1;
const PIECE_BYTES = 65_536;
const MAX_RANGE = 2 ** 48 - 1;

function requireSize(size) {
  if (typeof size !== "number") throw invalidType("size", "number", size);
  if (!(size >= 0 && size <= MAX_BYTES)) throw outOfRange("size", `>= 0 && <= ${MAX_BYTES}`, size);
}

/** In pieces, so that the host never holds more than one of them. */
function fillRandomly(bytes) {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, bytes.length - at);
    bytes.set(random.randomBytes(size), at);
  }
  return bytes;
}

export function randomBytes(size, callback = undefined) {
  requireSize(size);
  if (callback !== undefined) requireFunction(callback, "callback");
  const bytes = fillRandomly(Buffer.alloc(Math.floor(size)));
  if (callback === undefined) return bytes;
  nextTick(callback, null, bytes);
  return undefined;
}
export const pseudoRandomBytes = randomBytes;

/** A count of elements as whole bytes. */
function bytesOfCount(count, name, unit, most) {
  if (typeof count !== "number") throw invalidType(name, "number", count);
  const bytes = count * unit;
  if (!(bytes >= 0 && bytes <= most)) throw outOfRange(name, `>= 0 && <= ${most}`, bytes);
  return Math.trunc(bytes);
}

export function randomFillSync(buffer, offset = 0, size = undefined) {
  if (!ArrayBuffer.isView(buffer) && !(buffer instanceof ArrayBuffer))
    throw invalidType("buf", ["ArrayBuffer", "ArrayBufferView"], buffer);
  const unit = buffer.BYTES_PER_ELEMENT ?? 1;
  const start = bytesOfCount(offset, "offset", unit, buffer.byteLength);
  const length =
    size === undefined
      ? buffer.byteLength - start
      : bytesOfCount(size, "size", unit, MAX_BYTES);
  if (start + length > buffer.byteLength)
    throw outOfRange("size + offset", `<= ${buffer.byteLength}`, start + length);
  fillRandomly(bytesOf(buffer).subarray(start, start + length));
  return buffer;
}

export function randomFill(buffer, offset, size, callback) {
  if (typeof offset === "function") [callback, offset, size] = [offset, 0, undefined];
  else if (typeof size === "function") [callback, size] = [size, undefined];
  requireFunction(callback, "callback");
  randomFillSync(buffer, offset, size);
  nextTick(callback, null, buffer);
}

/** A whole number from `min` up to, not including, `max`, each as likely as the other. */
export function randomInt(min, max, callback) {
  if (max === undefined || typeof max === "function") [callback, max, min] = [max, min, 0];
  if (callback !== undefined) requireFunction(callback, "callback");
  if (!Number.isSafeInteger(min)) throw invalidType("min", "a safe integer", min);
  if (!Number.isSafeInteger(max)) throw invalidType("max", "a safe integer", max);
  if (max <= min) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  const range = max - min;
  if (range > MAX_RANGE) throw outOfRange("max - min", `<= ${MAX_RANGE}`, range);
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value;
  do value = Buffer.from(random.randomBytes(6).buffer).readUIntBE(0, 6);
  while (value >= limit);
  const result = (value % range) + min;
  if (callback === undefined) return result;
  nextTick(callback, undefined, result);
  return undefined;
}

export function randomUUID(options = undefined) {
  if (options !== undefined) {
    requireObject(options, "options");
    const { disableEntropyCache = false } = options;
    requireBoolean(disableEntropyCache, "options.disableEntropyCache");
  }
  return random.randomUUID();
}
