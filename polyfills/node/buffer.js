// node:buffer: https://nodejs.org/docs/latest-v20.x/api/buffer.html
//
// Buffer is a function, not a class, because old code calls it without `new`; its instances
// are made by a subclass of Uint8Array that shares its prototype.

import { atob, btoa } from "../encoding/base64.js";
import { Blob } from "../files/blob.js";
import { File } from "../files/file.js";
import { codecFor, encodingName, toBinary, unknownEncoding } from "./buffer-encodings.js";
import { addNumberMethods } from "./buffer-numbers.js";
import { search } from "./buffer-search.js";
import { addTextMethods } from "./buffer-text.js";
import {
  absentFrom,
  invalidType,
  invalidValue,
  nodeError,
  outOfRange,
  requireInteger,
  requireString,
} from "./errors.js";
import { customInspect, inspect } from "./inspect.js";
import { define } from "./properties.js";
import { isAnyArrayBuffer, isUint8Array } from "./types.js";

const { copyWithin, subarray: part, toHex } = Uint8Array.prototype;
export const kMaxLength = 2 ** 32;
export const kStringMaxLength = 2 ** 30 - 1;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export let INSPECT_MAX_BYTES = 50;

class FastBuffer extends Uint8Array {}

/** Deprecated as a constructor: `Buffer.from` and `Buffer.alloc` say what they make. */
export function Buffer(value, encodingOrOffset = undefined, length = undefined) {
  if (typeof value !== "number") return Buffer.from(value, encodingOrOffset, length);
  if (typeof encodingOrOffset === "string") throw invalidType("string", "string", value);
  return Buffer.alloc(value);
}

Buffer.prototype = FastBuffer.prototype;
Object.setPrototypeOf(Buffer, Uint8Array);
const { prototype } = Buffer;
Object.defineProperty(prototype, "constructor", {
  value: Buffer,
  writable: true,
  configurable: true,
});
Object.defineProperty(Buffer, Symbol.species, { get: () => FastBuffer, configurable: true });
addNumberMethods(prototype);
addTextMethods(prototype);

/** The same memory as a Buffer. */
function wrap(bytes) {
  return new FastBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function requireSize(size) {
  if (typeof size !== "number") throw invalidType("size", "number", size);
  if (!(size >= 0 && size <= kMaxLength))
    throw outOfRange("size", `>= 0 && <= ${kMaxLength}`, size);
}

function fromArrayLike(list) {
  const buffer = new FastBuffer(Math.max(0, Math.trunc(list.length) || 0));
  if (ArrayBuffer.isView(list)) buffer.set(list);
  else for (let i = 0; i < buffer.length; i++) buffer[i] = list[i];
  return buffer;
}

function fromObject(object) {
  if (object.length !== undefined || isAnyArrayBuffer(object.buffer)) {
    return typeof object.length === "number" ? fromArrayLike(object) : new FastBuffer(0);
  }
  return object.type === "Buffer" && Array.isArray(object.data)
    ? fromArrayLike(object.data)
    : undefined;
}

function fromMemory(memory, byteOffset, length) {
  const offset = byteOffset === undefined ? 0 : +byteOffset || 0;
  const room = memory.byteLength - offset;
  if (room < 0)
    throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"offset" is outside of buffer bounds');
  if (length === undefined) return new FastBuffer(memory, offset);
  const size = +length > 0 ? +length : 0;
  if (size > room)
    throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", '"length" is outside of buffer bounds');
  return new FastBuffer(memory, offset, size);
}

// Functions of the old kind: some code calls `new Buffer.allocUnsafeSlow(size)`.
const statics = {
  poolSize: 8192,

  from: function from(value, encodingOrOffset = undefined, length = undefined) {
    if (typeof value === "string")
      return wrap(
        codecFor(typeof encodingOrOffset === "string" ? encodingOrOffset : "utf8").encode(value),
      );
    if (typeof value === "object" && value !== null) {
      if (isAnyArrayBuffer(value)) return fromMemory(value, encodingOrOffset, length);
      const primitive = value.valueOf?.();
      if (
        primitive != null &&
        primitive !== value &&
        (typeof primitive === "string" || typeof primitive === "object")
      ) {
        return Buffer.from(primitive, encodingOrOffset, length);
      }
      const buffer = fromObject(value);
      if (buffer !== undefined) return buffer;
      if (typeof value[Symbol.toPrimitive] === "function") {
        const text = value[Symbol.toPrimitive]("string");
        if (typeof text === "string") return Buffer.from(text, encodingOrOffset);
      }
    }
    throw invalidType(
      "first argument",
      ["string", "Buffer", "ArrayBuffer", "Array", "Array-like Object"],
      value,
    );
  },

  copyBytesFrom: function copyBytesFrom(view, offset = undefined, length = undefined) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView)
      throw invalidType("view", ["TypedArray"], view);
    if (offset !== undefined) requireInteger(offset, "offset", 0);
    if (length !== undefined) requireInteger(length, "length", 0);
    const start = offset ?? 0;
    const part = view.slice(start, length === undefined ? undefined : start + length);
    return wrap(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  },

  alloc: function alloc(size, fill = undefined, encoding = undefined) {
    requireSize(size);
    const buffer = new FastBuffer(size);
    if (fill === undefined || fill === 0 || size === 0) return buffer;
    return buffer.fill(fill, 0, buffer.length, encoding);
  },

  allocUnsafe: function allocUnsafe(size) {
    requireSize(size);
    return new FastBuffer(size);
  },

  allocUnsafeSlow: function allocUnsafeSlow(size) {
    return Buffer.allocUnsafe(size);
  },

  isBuffer: function isBuffer(value) {
    return value instanceof Buffer;
  },

  isEncoding: function isEncoding(encoding) {
    return typeof encoding === "string" && encoding !== "" && encodingName(encoding) !== undefined;
  },

  byteLength: function byteLength(value, encoding = undefined) {
    if (typeof value === "string") {
      const name = encodingName(encoding) ?? "utf8";
      return codecFor(name).count(value);
    }
    if (ArrayBuffer.isView(value) || isAnyArrayBuffer(value)) return value.byteLength;
    throw invalidType("string", ["string", "Buffer", "ArrayBuffer"], value);
  },

  compare: function compare(left, right) {
    if (!isUint8Array(left)) throw invalidType("buf1", ["Buffer", "Uint8Array"], left);
    if (!isUint8Array(right)) throw invalidType("buf2", ["Buffer", "Uint8Array"], right);
    return compareBytes(left, right);
  },

  concat: function concat(list, length = undefined) {
    if (!Array.isArray(list)) throw invalidType("list", "Array", list);
    if (list.length === 0) return new FastBuffer(0);
    for (let i = 0; i < list.length; i++) {
      if (!isUint8Array(list[i]))
        throw invalidType(`list[${i}]`, ["Buffer", "Uint8Array"], list[i]);
    }
    if (length === undefined) length = list.reduce((sum, part) => sum + part.length, 0);
    else requireInteger(length, "length", 0, kMaxLength);
    const buffer = new FastBuffer(length);
    let at = 0;
    for (const part of list) {
      if (at + part.length > length) {
        buffer.set(part.subarray(0, length - at), at);
        break;
      }
      buffer.set(part, at);
      at += part.length;
    }
    return buffer;
  },
};
define(Buffer, statics);

const COMPARED_BYTES = 1024; // at a time, as texts, which the engine compares faster than a loop

function compareBytes(left, right) {
  const length = Math.min(left.length, right.length);
  let same = 0;
  while (same + COMPARED_BYTES <= length) {
    const end = same + COMPARED_BYTES;
    if (toHex.call(part.call(left, same, end)) !== toHex.call(part.call(right, same, end))) break;
    same = end;
  }
  for (let i = same; i < length; i++) if (left[i] !== right[i]) return left[i] < right[i] ? -1 : 1;
  return left.length === right.length ? 0 : left.length < right.length ? -1 : 1;
}

// ---- Methods ----------------------------------------------------------------------------

function sliceBounds(buffer, start, end) {
  const { length } = buffer;
  const clamp = (value) => {
    const n = Math.trunc(+value) || 0;
    return n < 0 ? Math.max(0, n + length) : Math.min(n, length);
  };
  const from = clamp(start);
  const to = end === undefined ? length : clamp(end);
  return [from, Math.max(from, to)];
}

function swap(buffer, size) {
  if (buffer.length % size !== 0) {
    throw nodeError(
      RangeError,
      "ERR_INVALID_BUFFER_SIZE",
      `Buffer size must be a multiple of ${size * 8}-bits`,
    );
  }
  const { length } = buffer;
  const half = size / 2;
  for (let i = 0; i < length; i += size) {
    for (let j = 0, left = i, right = i + size - 1; j < half; j++, left++, right--) {
      const byte = buffer[left];
      buffer[left] = buffer[right];
      buffer[right] = byte;
    }
  }
  return buffer;
}

const methods = {
  toJSON() {
    return { type: "Buffer", data: Array.from(this) };
  },

  inspect(depth, options) {
    return showBuffer(this, depth, options);
  },

  equals(other) {
    if (!isUint8Array(other)) throw invalidType("otherBuffer", ["Buffer", "Uint8Array"], other);
    return this === other || (this.length === other.length && compareBytes(this, other) === 0);
  },

  compare(
    target,
    targetStart = 0,
    targetEnd = target?.length,
    sourceStart = 0,
    sourceEnd = this.length,
  ) {
    if (!isUint8Array(target)) throw invalidType("target", ["Buffer", "Uint8Array"], target);
    requireInteger(targetStart, "targetStart", 0, kMaxLength);
    requireInteger(targetEnd, "targetEnd", 0, target.length);
    requireInteger(sourceStart, "sourceStart", 0, kMaxLength);
    requireInteger(sourceEnd, "sourceEnd", 0, this.length);
    if (sourceStart >= sourceEnd) return targetStart >= targetEnd ? 0 : -1;
    if (targetStart >= targetEnd) return 1;
    return compareBytes(
      this.subarray(sourceStart, sourceEnd),
      target.subarray(targetStart, targetEnd),
    );
  },

  indexOf(value, byteOffset = undefined, encoding = undefined) {
    return search(this, value, byteOffset, encoding, true);
  },

  lastIndexOf(value, byteOffset = undefined, encoding = undefined) {
    return search(this, value, byteOffset, encoding, false);
  },

  includes(value, byteOffset = undefined, encoding = undefined) {
    return search(this, value, byteOffset, encoding, true) !== -1;
  },

  slice(start = 0, end = undefined) {
    return this.subarray(start, end);
  },

  subarray(start = 0, end = undefined) {
    const [from, to] = sliceBounds(this, start, end);
    return new FastBuffer(this.buffer, this.byteOffset + from, to - from);
  },

  copy(target, targetStart = 0, sourceStart = 0, sourceEnd = this.length) {
    if (!isUint8Array(target)) throw invalidType("target", ["Buffer", "Uint8Array"], target);
    const toInteger = (value, name, preset) => {
      if (value === undefined) return preset;
      const n = Math.trunc(+value) || 0;
      if (n < 0) throw outOfRange(name, ">= 0", n);
      return n;
    };
    const at = toInteger(targetStart, "targetStart", 0);
    const from = toInteger(sourceStart, "sourceStart", 0);
    if (from > this.length) throw outOfRange("sourceStart", `>= 0 && <= ${this.length}`, from);
    const to = Math.min(toInteger(sourceEnd, "sourceEnd", this.length), this.length);
    if (at >= target.length || from >= to) return 0;
    const count = Math.min(to - from, target.length - at);
    Uint8Array.prototype.set.call(
      target,
      new Uint8Array(this.buffer, this.byteOffset + from, count),
      at,
    );
    return count;
  },

  fill(value, offset = undefined, end = undefined, encoding = undefined) {
    if (typeof value === "string") {
      if (typeof offset === "string") [encoding, offset, end] = [offset, undefined, undefined];
      else if (typeof end === "string") [encoding, end] = [end, undefined];
      encoding ??= undefined;
      if (encodingName(encoding) === undefined) {
        requireString(encoding, "encoding");
        throw unknownEncoding(encoding);
      }
    }
    if (offset !== undefined) {
      requireInteger(offset, "offset", 0, kMaxLength);
      if (end !== undefined) requireInteger(end, "end", 0, this.length);
    }
    const [from, to] = offset === undefined ? [0, this.length] : [offset, end ?? this.length];
    if (from >= to) return this;
    if (typeof value !== "string" && !ArrayBuffer.isView(value)) {
      Uint8Array.prototype.fill.call(
        this,
        typeof value === "boolean" ? +value : +value & 255,
        from,
        to,
      );
      return this;
    }
    const bytes =
      typeof value === "string"
        ? codecFor(encoding).encode(value)
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (bytes.length === 0) {
      if (typeof value === "string" && value === "")
        return Uint8Array.prototype.fill.call(this, 0, from, to);
      throw invalidValue("value", value);
    }
    // What is there is doubled until all of it is.
    this.set(part.call(bytes, 0, Math.min(bytes.length, to - from)), from);
    for (let size = bytes.length; from + size < to; size *= 2)
      copyWithin.call(this, from + size, from, Math.min(from + size, to - size));
    return this;
  },

  swap16() {
    return swap(this, 2);
  },

  swap32() {
    return swap(this, 4);
  },

  swap64() {
    return swap(this, 8);
  },
};

function showBuffer(buffer, depth, options) {
  const shown = Math.min(INSPECT_MAX_BYTES, buffer.length);
  let text = Uint8Array.prototype.slice
    .call(buffer, 0, shown)
    .toHex()
    .replace(/(..)(?=.)/g, "$1 ");
  const rest = buffer.length - shown;
  if (rest > 0) text += ` ... ${rest} more byte${rest > 1 ? "s" : ""}`;
  const extras = Object.keys(buffer).filter((key) => `${key >>> 0}` !== key);
  if (extras.length > 0 && options !== undefined) {
    const own = Object.assign(
      Object.create(null),
      Object.fromEntries(extras.map((key) => [key, buffer[key]])),
    );
    if (shown > 0) text += ", ";
    text += inspect(own, { ...options, breakLength: Infinity, compact: true }).slice(
      "[Object: null prototype] { ".length,
      -2,
    );
  }
  return `<${buffer.constructor.name} ${text}>`;
}

define(prototype, methods);
Object.defineProperty(prototype, customInspect, {
  value: methods.inspect,
  writable: true,
  configurable: true,
});
for (const [name, key] of [
  ["parent", "buffer"],
  ["offset", "byteOffset"],
]) {
  Object.defineProperty(prototype, name, {
    get() {
      return this instanceof Buffer ? this[key] : undefined;
    },
    enumerable: true,
    configurable: true,
  });
}

// ---- The module's other functions ---------------------------------------------------------

export function SlowBuffer(size) {
  return Buffer.allocUnsafeSlow(size);
}
SlowBuffer.prototype = prototype;

function bytesOfInput(input) {
  if (isAnyArrayBuffer(input)) return new Uint8Array(input);
  if (ArrayBuffer.isView(input) && !(input instanceof DataView))
    return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw invalidType("input", ["ArrayBuffer", "Buffer", "TypedArray"], input);
}

export function isAscii(input) {
  return !/[^\x00-\x7f]/.test(toBinary(bytesOfInput(input)));
}

export function isUtf8(input) {
  const bytes = bytesOfInput(input);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The bytes of a text in one encoding as those in another. */
export function transcode(source, fromEncoding, toEncoding) {
  if (!isUint8Array(source)) throw invalidType("source", ["Buffer", "Uint8Array"], source);
  const to = encodingName(toEncoding);
  if (encodingName(fromEncoding) === undefined || to === undefined) {
    const code = "U_ILLEGAL_ARGUMENT_ERROR";
    throw Object.assign(new Error(`Unable to transcode Buffer [${code}]`), { code, errno: 1 });
  }
  const text = Buffer.from(source).toString(fromEncoding);
  const limit = to === "ascii" ? 0x7f : to === "latin1" ? 0xff : Infinity;
  return Buffer.from(
    Array.from(text, (c) => (c.codePointAt(0) > limit ? "?" : c)).join(""),
    toEncoding,
  );
}

export const { resolveObjectURL } = absentFrom("buffer");
export { atob, Blob, btoa, File };

const module = {
  atob,
  Blob,
  btoa,
  Buffer,
  constants,
  File,
  isAscii,
  isUtf8,
  kMaxLength,
  kStringMaxLength,
  resolveObjectURL,
  SlowBuffer,
  transcode,
};
Object.defineProperty(module, "INSPECT_MAX_BYTES", {
  get: () => INSPECT_MAX_BYTES,
  set(value) {
    if (typeof value !== "number" || !(value >= 0))
      throw outOfRange("INSPECT_MAX_BYTES", "a non-negative number", value);
    INSPECT_MAX_BYTES = value;
  },
  enumerable: true,
});
export default module;
