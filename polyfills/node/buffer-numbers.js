// Reading and writing numbers in a Buffer: the methods that are made of one table.
// https://nodejs.org/docs/latest-v20.x/api/buffer.html#bufreadbigint64beoffset

import { invalidType, nodeError, outOfRange } from "./errors.js";
import { define } from "./properties.js";

const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

/** The error of an offset that leads out of `length` bytes. */
export function boundsError(value, length, name = undefined) {
  if (Math.floor(value) !== value) {
    if (typeof value !== "number") return invalidType(name ?? "offset", "number", value);
    return outOfRange(name ?? "offset", "an integer", value);
  }
  if (length < 0) {
    return nodeError(
      RangeError,
      "ERR_BUFFER_OUT_OF_BOUNDS",
      "Attempt to access memory outside buffer bounds",
    );
  }
  return outOfRange(name ?? "offset", `>= ${name === undefined ? 0 : 1} and <= ${length}`, value);
}

function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw invalidType("offset", "number", offset);
  if (!(offset >= 0 && offset + size <= buffer.length && Number.isInteger(offset))) {
    throw boundsError(offset, buffer.length - size);
  }
}

function checkValue(value, min, max, size) {
  if (value <= max && value >= min) return;
  if (typeof value !== "bigint" && Number.isNaN(value)) return;
  const n = typeof min === "bigint" ? "n" : "";
  let range;
  if (size <= 4) range = `>= ${min} and <= ${max}`;
  else if (min === 0 || min === 0n) range = `>= 0${n} and < 2${n} ** ${size * 8}${n}`;
  else range = `>= -(2${n} ** ${size * 8 - 1}${n}) and < 2${n} ** ${size * 8 - 1}${n}`;
  throw outOfRange("value", range, value);
}

const METHODS = { __proto__: null };

function addPair(names, read, write) {
  for (const name of names) {
    METHODS[`read${name}`] = read;
    METHODS[`write${name}`] = write;
  }
}

/** Integers and floats that DataView knows. */
function defineFixed(names, type, size, little, min, max) {
  const get = DataView.prototype[`get${type}`];
  const set = DataView.prototype[`set${type}`];
  addPair(
    names,
    function read(offset = 0) {
      checkOffset(this, offset, size);
      return get.call(view(this), offset, little);
    },
    function write(value, offset = 0) {
      if (min !== undefined) {
        if (typeof min !== "bigint") value = +value;
        else if (typeof value !== "bigint") throw invalidType("value", "bigint", value);
        checkValue(value, min, max, size);
      }
      checkOffset(this, offset, size);
      set.call(view(this), offset, value, little);
      return offset + size;
    },
  );
}

defineFixed(["UInt8", "Uint8"], "Uint8", 1, true, 0, 0xff);
defineFixed(["Int8"], "Int8", 1, true, -0x80, 0x7f);
for (const [end, little] of [
  ["LE", true],
  ["BE", false],
]) {
  defineFixed([`UInt16${end}`, `Uint16${end}`], "Uint16", 2, little, 0, 0xffff);
  defineFixed([`Int16${end}`], "Int16", 2, little, -0x8000, 0x7fff);
  defineFixed([`UInt32${end}`, `Uint32${end}`], "Uint32", 4, little, 0, 0xffffffff);
  defineFixed([`Int32${end}`], "Int32", 4, little, -0x80000000, 0x7fffffff);
  defineFixed([`BigUInt64${end}`, `BigUint64${end}`], "BigUint64", 8, little, 0n, 2n ** 64n - 1n);
  defineFixed([`BigInt64${end}`], "BigInt64", 8, little, -(2n ** 63n), 2n ** 63n - 1n);
  defineFixed([`Float${end}`], "Float32", 4, little);
  defineFixed([`Double${end}`], "Float64", 8, little);
  for (const signed of [false, true]) defineSized(end, little, signed);
}

/** Integers of one to six bytes. */
function defineSized(end, little, signed) {
  const names = signed ? [`Int${end}`] : [`UInt${end}`, `Uint${end}`];
  const check = (buffer, offset, size) => {
    if (size === undefined) throw invalidType("byteLength", "number", size);
    if (typeof size !== "number") throw invalidType("byteLength", "number", size);
    if (!(size >= 1 && size <= 6 && Number.isInteger(size)))
      throw boundsError(size, 6, "byteLength");
    if (buffer !== null) checkOffset(buffer, offset, size);
  };
  addPair(
    names,
    function read(offset, byteLength) {
      if (offset === undefined) throw invalidType("offset", "number", offset);
      check(this, offset, byteLength);
      let value = 0;
      for (let i = 0; i < byteLength; i++) {
        value = value * 256 + this[little ? offset + byteLength - 1 - i : offset + i];
      }
      const limit = 2 ** (8 * byteLength - 1);
      return signed && value >= limit ? value - 2 * limit : value;
    },
    function write(value, offset, byteLength) {
      value = +value;
      check(null, offset, byteLength);
      const bits = 8 * byteLength;
      const [min, max] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
      checkValue(value, min, max, byteLength);
      if (offset === undefined) throw invalidType("offset", "number", offset);
      checkOffset(this, offset, byteLength);
      let rest = Math.trunc(value) || 0;
      if (rest < 0) rest += 2 ** bits;
      for (let i = 0; i < byteLength; i++) {
        this[little ? offset + i : offset + byteLength - 1 - i] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      return offset + byteLength;
    },
  );
}

/** Put the methods on Buffer's prototype, under their names. */
export function addNumberMethods(prototype) {
  define(prototype, METHODS);
}
