// Writes values in V8's wire format: the state, the primitives, plain objects and arrays.
//
// The bytes are put together as a string of characters below 256, and become a
// Uint8Array at the very end: QuickJS concatenates strings and decodes base64 in C,
// while storing byte after byte takes some 70 ns each. Large buffers are kept aside as
// chunks, for which marks stand in the text.
//
// The state is in variables of this module, which QuickJS reaches faster than
// properties. Invariants:
//  - `busy` while an object is written: a getter may call `serialize` again, and that
//    inner call gets a state of its own;
//  - ids are given in the order in which objects are met, as V8's reader counts them;
//    the first object needs no entry in the map, so flat data never touches it.

import { encoding_encode_utf8, serialize_utf16 } from "holdfast:ops";
import { kindOf, ARRAY, PLAIN, REFUSED } from "./kinds.js";
import { notCloneable, notSerializable, proxyNotCloneable } from "./errors.js";
import { isKnownProxy, proxiesExist } from "./proxies.js";
import { assemble, CHUNK_MARK, PADDING_MARK, utf16 } from "./chunks.js";
import { WRITTEN_VERSION } from "./tags.js";

const { keys, hasOwn, getPrototypeOf } = Object;
const { btoa, atob, Uint8Array, Float64Array, Map } = globalThis;
const { fromCharCode } = String;
const { fromBase64 } = Uint8Array;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const setFromHex = uncurry(Uint8Array.prototype.setFromHex);
const reverse = uncurry(Uint8Array.prototype.reverse);
const toHexString = uncurry(BigInt.prototype.toString);
const padStart = uncurry(String.prototype.padStart);
const charCodeAt = uncurry(String.prototype.charCodeAt);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapClear = uncurry(Map.prototype.clear);
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const { isArray } = Array;

const HEADER = fromCharCode(0xff, WRITTEN_VERSION);
const MAX_CACHED_KEYS = 512;
const MAX_CACHED_KEY_CHARS = 32;
const MAX_CACHED_INTEGER = 127;
const MAX_INLINE_BYTES = 1024;
const MAX_INLINE_CHARS = 262_144;
const MAX_KEPT_IDS = 1024;
// workerd's V8 has integers of 31 bits; what is beyond writes as a double.
const SMI_LIMIT = 1 << 30;
const DEFAULTS = { writeReference: undefined };

let ids = new Map();
let root = null;
let nextId = 0;
let options = DEFAULTS;
let chunks = [];
let marked = false;
let busy = false;
const writers = [];
// Property names as they are written. An object without prototype is faster than a Map:
// names are atoms already.
let knownKeys = { __proto__: null };
let knownKeyCount = 0;
const integers = [];
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);
const BYTES = Array.from({ length: 256 }, (_, code) => fromCharCode(code));
for (let i = 0; i <= MAX_CACHED_INTEGER; i++) integers.push(`I${varint(i * 2)}`);

// ---- Entry ------------------------------------------------------------------------

/**
 * The value in V8's wire format, as Durable Object storage keeps it; a new Uint8Array.
 * `writeReference(object)` writes functions and proxies; where it is given, instances of a
 * script's classes are refused, too, as workerd does for RPC. Throws a DataCloneError for what
 * cannot be cloned, and whatever the value's getters throw.
 */
export function serialize(value, settings = DEFAULTS) {
  if (busy) return serializeInside(value, settings);
  if (marked) forgetMarks(); // of one that had no room
  if (typeof value !== "object" || value === null) return toBytes(encode(value));
  busy = true;
  options = settings;
  try {
    return toBytes(encodeObject(value));
  } finally {
    busy = false;
    if (nextId > 1) forgetObjects();
    root = null;
    nextId = 0;
    if (marked) forgetMarks();
  }
}

function toBytes(text) {
  if (!marked) return fromBase64(btoa(HEADER + text));
  const parts = chunks;
  forgetMarks();
  return assemble(HEADER + text, parts);
}

function forgetMarks() {
  marked = false;
  chunks = [];
}

function forgetObjects() {
  if (nextId > MAX_KEPT_IDS) ids = new Map();
  else mapClear(ids);
}

/** Serialize for a getter that runs while another value is being serialized. */
function serializeInside(value, settings) {
  const outer = { ids, root, nextId, options, chunks, marked };
  ids = new Map();
  forgetMarks();
  root = null;
  nextId = 0;
  busy = false;
  try {
    return serialize(value, settings);
  } finally {
    ({ ids, root, nextId, options, chunks, marked } = outer);
    busy = true;
  }
}

// ---- Numbers and bytes ---------------------------------------------------------------

/** The character of a byte. */
export function byte(value) {
  return BYTES[value];
}

/** An unsigned 32 bit integer, seven bits to a byte, the lowest first. */
export function varint(value) {
  let text = "";
  while (value > 127) {
    text += BYTES[(value & 127) | 128];
    value >>>= 7;
  }
  return text + BYTES[value];
}

/** Eight bytes, in the host's order; the format knows no other. */
export function encodeDouble(value) {
  double[0] = value;
  return atob(toBase64(doubleBytes));
}

/** Bytes as they are. `source` is a Uint8Array that nobody else changes. */
export function encodeRaw(source) {
  if (source.length <= MAX_INLINE_BYTES) return atob(toBase64(source));
  marked = true;
  chunks.push(source);
  return CHUNK_MARK;
}

function encodeNumber(value) {
  const small = value | 0;
  if (small === value && small > 0 && small <= MAX_CACHED_INTEGER) return integers[small];
  if (small !== value || small >= SMI_LIMIT || small < -SMI_LIMIT || isNegativeZero(value)) {
    return `N${encodeDouble(value)}`;
  }
  const zigzag = (small << 1) ^ (small >> 31);
  if (zigzag < 0x80) return `I${BYTES[zigzag]}`;
  if (zigzag < 0x4000) return fromCharCode(73, (zigzag & 127) | 128, zigzag >> 7);
  if (zigzag < 0x200000) {
    return fromCharCode(73, (zigzag & 127) | 128, ((zigzag >> 7) & 127) | 128, zigzag >> 14);
  }
  return `I${varint(zigzag)}`;
}

function isNegativeZero(value) {
  return value === 0 && 1 / value < 0;
}

/**
 * The contents of a BigInt: twice the count of bytes, which is a multiple of eight,
 * plus one where it is negative; then the magnitude, its lowest byte first.
 */
export function encodeBigInt(value) {
  if (value === 0n) return "\0";
  const negative = value < 0n;
  const hex = toHexString(negative ? -value : value, 16);
  const digits = new Uint8Array(((hex.length + 15) >> 4) << 3);
  setFromHex(digits, padStart(hex, digits.length * 2, "0"));
  return varint(digits.length * 2 + (negative ? 1 : 0)) + atob(toBase64(reverse(digits)));
}

// ---- Strings and keys ------------------------------------------------------------------

/** A string with its tag: one byte to a character where all are below 256, else two. */
export function encodeString(text) {
  const { length } = text;
  if (length > MAX_INLINE_CHARS) return encodeLongString(text);
  if (!isOneByte(text)) return encodeTwoByte(text);
  return length < 128 ? `"${BYTES[length]}${text}` : `"${varint(length)}${text}`;
}

function encodeTwoByte(text) {
  marked = true;
  return `${PADDING_MARK}c${varint(text.length * 2)}${utf16(text)}`;
}

// What is put together is copied several times on its way, for which there may be no room: so a long
// text is kept aside as bytes. Only one of ASCII has as many bytes of UTF-8 as it has characters.
function encodeLongString(text) {
  const bytes = encoding_encode_utf8(text);
  if (bytes.length === text.length) return `"${varint(bytes.length)}${encodeRaw(bytes)}`;
  if (isOneByte(text)) return `"${varint(text.length)}${text}`;
  marked = true;
  return `${PADDING_MARK}c${varint(text.length * 2)}${encodeRaw(serialize_utf16(text))}`;
}

// The first character tells for most texts that are not Latin, and comparing is the
// fastest look at it; btoa tells for all.
function isOneByte(text) {
  if (text >= "\u0100") return false;
  try {
    btoa(text);
  } catch {
    return false;
  }
  return true;
}

/** A property key. Names recur, so short ones are kept as they are written. */
function encodeKey(key) {
  const { length } = key;
  const first = length === 0 ? 0 : charCodeAt(key, 0);
  if (first >= 48 && first <= 57 && isArrayIndex(key)) return encodeNumber(+key);
  const encoded = encodeString(key);
  if (length <= MAX_CACHED_KEY_CHARS && encoded[0] === '"') {
    if (knownKeyCount++ === MAX_CACHED_KEYS) {
      knownKeys = { __proto__: null };
      knownKeyCount = 1;
    }
    knownKeys[key] = encoded;
  }
  return encoded;
}

/** V8 writes array indices as numbers. https://tc39.es/ecma262/#array-index */
function isArrayIndex(key) {
  const index = key >>> 0;
  return index !== 0xffffffff && `${index}` === key;
}

// ---- Values -------------------------------------------------------------------------------

/** The value with its tag; for a value inside the one that is being serialized. */
export function encode(value) {
  const type = typeof value;
  if (type === "string") return encodeString(value);
  if (type === "number") return encodeNumber(value);
  if (type === "object") return value === null ? "0" : encodeObject(value);
  if (type === "boolean") return value ? "T" : "F";
  if (type === "undefined") return "_";
  if (type === "bigint") return `Z${encodeBigInt(value)}`;
  if (type === "function" && options.writeReference !== undefined) {
    return encodeReference(value) ?? options.writeReference(value);
  }
  throw notCloneable(value);
}

/**
 * An object. Plain objects and dense arrays are written right here: a level of nesting
 * costs one frame of the stack, of which there is room for some hundreds.
 */
function encodeObject(value) {
  if (nextId !== 0) {
    const reference = encodeReference(value);
    if (reference !== null) return reference;
  }
  if (proxiesExist && isKnownProxy(value)) {
    if (options.writeReference === undefined) throw proxyNotCloneable();
    return options.writeReference(value);
  }
  const prototype = getPrototypeOf(value);
  if (prototype !== objectPrototype) {
    const kind =
      prototype === arrayPrototype && isArray(value) ? ARRAY : kindOf(value, prototype);
    if (kind === REFUSED) throw notCloneable(value);
    if (kind !== PLAIN && kind !== ARRAY) return writers[kind](value);
    if (kind === PLAIN && options.writeReference !== undefined) throw notPlain(value, prototype);
    if (kind === ARRAY) {
      assignId(value);
      const { length } = value;
      const names = keys(value);
      if (names.length < length || (length > 0 && names[length - 1] !== `${length - 1}`)) {
        return encodeSparseArray(value, names, length);
      }
      const size = length < 128 ? BYTES[length] : varint(length);
      let text = `A${size}`;
      for (let i = 0; i < length; i++) {
        const item = value[i];
        if (typeof item === "object" && item !== null) text += encodeObject(item);
        // A getter may have made holes.
        else text += item === undefined && !hasOwn(value, i) ? "-" : encode(item);
      }
      return text + encodeArrayEnd(value, names, length, size);
    }
  }
  assignId(value);
  const names = keys(value);
  const { length } = names;
  const inherits = prototype !== objectPrototype;
  let text = "o";
  let count = length;
  for (let i = 0; i < length; i++) {
    const name = names[i];
    // A getter may have deleted it by now; that shows as `undefined` unless one inherits.
    const item = inherits && !hasOwn(value, name) ? undefined : value[name];
    if (typeof item === "object" && item !== null) {
      text += (knownKeys[name] ?? encodeKey(name)) + encodeObject(item);
    } else if (item === undefined && !hasOwn(value, name)) count--;
    else text += (knownKeys[name] ?? encodeKey(name)) + encode(item);
  }
  return count < 128 ? `${text}{${BYTES[count]}` : `${text}{${varint(count)}`;
}

function notPlain(value, prototype) {
  const { name } = prototype === null ? Object : (value.constructor ?? Object);
  return notSerializable(String(name));
}

/** A reference to an object that was met before; null for any other. */
export function encodeReference(value) {
  const id = value === root ? 0 : mapGet(ids, value);
  return id === undefined ? null : `^${varint(id)}`;
}

/** Give the object the next id. */
export function assignId(value) {
  if (nextId === 0) root = value;
  else mapSet(ids, value, nextId);
  nextId++;
}

/** Say how objects of one more kind are written: `write(value)`, a string. */
export function defineWriter(kind, write) {
  writers[kind] = write;
}

// ---- The rest of arrays ------------------------------------------------------------------

function encodeArrayEnd(array, names, length, size) {
  if (names.length === length) return `$\0${size}`;
  const { text, count } = encodeProperties(array, names, length);
  return `${text}$${varint(count)}${size}`;
}

function encodeSparseArray(array, names, length) {
  const size = varint(length);
  const { text, count } = encodeProperties(array, names, 0);
  return `a${size}${text}@${varint(count)}${size}`;
}

/** The properties named by `names` from `start` on that are still there. */
function encodeProperties(value, names, start) {
  let text = "";
  let count = 0;
  for (let i = start; i < names.length; i++) {
    const name = names[i];
    if (!hasOwn(value, name)) continue;
    text += encodeKey(name) + encode(value[name]);
    count++;
  }
  return { text, count };
}
