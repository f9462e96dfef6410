// Writes values in V8's wire format: the state, the primitives, plain objects and arrays.
//
// Everything is written into one scratch buffer that grows and is kept, because making
// an ArrayBuffer costs more than writing a small value. The state is in variables of
// this module, which QuickJS reaches faster than properties. Invariants:
//  - the scratch buffer starts with the header, which is never written again;
//  - `busy` while an object is written: a getter may call `serialize` again, and that
//    inner call gets a state of its own (`aside`);
//  - ids are given in the order in which objects are met, as V8's reader counts them;
//    the first object needs no entry in the map, so flat data never touches it.

import { serialize_utf16 } from "holdfast:ops";
import { kindOf, ARRAY, PLAIN, REFUSED } from "./kinds.js";
import { notCloneable } from "./errors.js";
import { VERSION, WRITTEN_VERSION } from "./tags.js";

const { keys, hasOwn, getPrototypeOf } = Object;
const { btoa, Uint8Array, Uint16Array, DataView, Map } = globalThis;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const slice = uncurry(Uint8Array.prototype.slice);
const setBytes = uncurry(Uint8Array.prototype.set);
const setFromBase64 = uncurry(Uint8Array.prototype.setFromBase64);
const setFromHex = uncurry(Uint8Array.prototype.setFromHex);
const reverse = uncurry(Uint8Array.prototype.reverse);
const toHexString = uncurry(BigInt.prototype.toString);
const padStart = uncurry(String.prototype.padStart);
const charCodeAt = uncurry(String.prototype.charCodeAt);
const setFloat64 = uncurry(DataView.prototype.setFloat64);
const objectPrototype = Object.prototype;

const HEADER_BYTES = 2;
const INITIAL_BYTES = 4096;
const KEPT_BYTES = 1 << 18;
// Shorter strings are copied by a loop, longer ones by base64, both measured.
const MAX_LOOP_CHARS = 4;
const MAX_TWO_BYTE_LOOP_CHARS = 40;
const MAX_CACHED_KEYS = 256;
const MAX_CACHED_KEY_CHARS = 32;
const MAX_KEPT_IDS = 1024;
// workerd's V8 has integers of 31 bits; what is beyond it writes as a double.
const SMI_LIMIT = 1 << 30;

let buffer, bytes, words, view, capacity;
let pos = HEADER_BYTES;
let ids = new Map();
let root = null;
let nextId = 0;
let options;
let busy = false;
const keyCache = new Map();
const writers = [];
startBuffer();

// ---- The scratch buffer ---------------------------------------------------------

function useBuffer(size) {
  buffer = new ArrayBuffer(size);
  bytes = new Uint8Array(buffer);
  // `slice` asks for the constructor: this one keeps it away from scripts' changes.
  bytes.constructor = undefined;
  words = new Uint16Array(buffer);
  view = new DataView(buffer);
  capacity = size;
}

function startBuffer() {
  useBuffer(INITIAL_BYTES);
  bytes[0] = VERSION;
  bytes[1] = WRITTEN_VERSION;
}

/** Make room for `size` bytes more. */
function grow(size) {
  const old = bytes;
  let wanted = capacity * 2;
  while (wanted < pos + size) wanted *= 2;
  useBuffer(wanted);
  setBytes(bytes, old);
}

/** A copy of what was written. */
function finish() {
  const written = slice(bytes, 0, pos);
  if (capacity > KEPT_BYTES) startBuffer();
  return written;
}

// ---- Entry ------------------------------------------------------------------------

const DEFAULTS = { enhancedErrors: false };

/**
 * The value in V8's wire format, as Durable Object storage keeps it; a new Uint8Array.
 * `enhancedErrors` writes errors as workerd does under the compatibility flag
 * `enhanced_error_serialization`: with their own properties. Throws a DataCloneError
 * for what cannot be cloned, and whatever the value's getters throw.
 */
export function serialize(value, settings = DEFAULTS) {
  if (busy) return aside(value, settings);
  pos = HEADER_BYTES;
  if (typeof value === "object" && value !== null) return serializeObject(value, settings);
  writeValue(value);
  return finish();
}

function serializeObject(value, settings) {
  busy = true;
  options = settings;
  try {
    writeObject(value);
    return finish();
  } finally {
    forgetObjects();
    busy = false;
  }
}

function forgetObjects() {
  root = null;
  if (nextId > 1) {
    if (nextId > MAX_KEPT_IDS) ids = new Map();
    else ids.clear();
  }
  nextId = 0;
}

/** Serialize for a getter that runs while another value is being serialized. */
function aside(value, settings) {
  const outer = { buffer, bytes, words, view, capacity, pos, ids, root, nextId, options };
  ids = new Map();
  root = null;
  nextId = 0;
  busy = false;
  try {
    startBuffer();
    return serialize(value, settings);
  } finally {
    ({ buffer, bytes, words, view, capacity, pos, ids, root, nextId, options } = outer);
    busy = true;
  }
}

// ---- Numbers and bytes ---------------------------------------------------------------

export function writeByte(byte) {
  if (pos === capacity) grow(1);
  bytes[pos++] = byte;
}

/** An unsigned 32 bit integer, seven bits to a byte, the lowest first. */
export function writeVarint(value) {
  if (pos + 5 > capacity) grow(5);
  while (value > 127) {
    bytes[pos++] = value | 128;
    value >>>= 7;
  }
  bytes[pos++] = value;
}

export function writeDouble(value) {
  if (pos + 8 > capacity) grow(8);
  setFloat64(view, pos, value, true);
  pos += 8;
}

/** Bytes as they are; `source` is a Uint8Array. */
export function writeRaw(source) {
  const { length } = source;
  if (pos + length > capacity) grow(length);
  setBytes(bytes, source, pos);
  pos += length;
}

function writeNumber(value) {
  if (pos + 9 > capacity) grow(9);
  const small = value | 0;
  if (
    small === value &&
    small < SMI_LIMIT &&
    small >= -SMI_LIMIT &&
    (small !== 0 || 1 / value > 0)
  ) {
    let zigzag = (small << 1) ^ (small >> 31);
    bytes[pos++] = 73; // I
    while (zigzag > 127) {
      bytes[pos++] = zigzag | 128;
      zigzag >>>= 7;
    }
    bytes[pos++] = zigzag;
  } else {
    bytes[pos++] = 78; // N
    setFloat64(view, pos, value, true);
    pos += 8;
  }
}

/**
 * The contents of a BigInt: twice the count of bytes, which is a multiple of eight,
 * plus one where it is negative; then the magnitude, its lowest byte first.
 */
export function writeBigInt(value) {
  const negative = value < 0n;
  if (value === 0n) return writeByte(0);
  let hex = toHexString(negative ? -value : value, 16);
  const size = ((hex.length + 15) >> 4) << 3;
  writeVarint(size * 2 + (negative ? 1 : 0));
  hex = padStart(hex, size * 2, "0");
  if (pos + size > capacity) grow(size);
  const digits = new Uint8Array(buffer, pos, size);
  setFromHex(digits, hex);
  reverse(digits);
  pos += size;
}

// ---- Strings ------------------------------------------------------------------------

/** A string with its tag: one byte to a character where all are below 256, else two. */
export function writeString(text) {
  const { length } = text;
  if (pos + length + 6 > capacity) grow(length + 6);
  if (length > MAX_LOOP_CHARS) return writeLongString(text, length);
  const start = pos;
  bytes[pos++] = 34; // "
  bytes[pos++] = length;
  for (let i = 0; i < length; i++) {
    const code = charCodeAt(text, i);
    if (code > 255) {
      pos = start;
      return writeTwoByteString(text, length);
    }
    bytes[pos++] = code;
  }
}

function writeLongString(text, length) {
  let encoded;
  // The first character tells for most texts that are not Latin; btoa tells for all.
  if (charCodeAt(text, 0) > 255) return writeTwoByteString(text, length);
  try {
    encoded = btoa(text);
  } catch {
    return writeTwoByteString(text, length);
  }
  bytes[pos++] = 34; // "
  writeVarint(length);
  setFromBase64(new Uint8Array(buffer, pos, length), encoded);
  pos += length;
}

/** V8 reads two-byte characters only at even positions: a zero byte pads. */
function writeTwoByteString(text, length) {
  const size = length * 2;
  if (pos + size + 8 > capacity) grow(size + 8);
  if ((pos + 1 + varintBytes(size)) & 1) bytes[pos++] = 0;
  bytes[pos++] = 99; // c
  writeVarint(size);
  if (length > MAX_TWO_BYTE_LOOP_CHARS) {
    setBytes(bytes, serialize_utf16(text), pos);
  } else {
    for (let i = 0, word = pos >> 1; i < length; i++) words[word++] = charCodeAt(text, i);
  }
  pos += size;
}

function varintBytes(value) {
  let count = 1;
  while (value > 127) {
    value >>>= 7;
    count++;
  }
  return count;
}

// ---- Property keys ---------------------------------------------------------------------

/** A key of a plain object. Names recur, so short ones are kept as they are written. */
function writeKey(key) {
  const known = keyCache.get(key);
  if (known === undefined) return writeNewKey(key);
  const size = key.length + 2;
  if (pos + size > capacity) grow(size);
  setBytes(bytes, known, pos);
  pos += size;
}

function writeNewKey(key) {
  const { length } = key;
  const first = length === 0 ? 0 : charCodeAt(key, 0);
  if (first >= 48 && first <= 57 && isArrayIndex(key)) return writeNumber(+key);
  writeString(key);
  const start = pos - length - 2;
  if (length > MAX_CACHED_KEY_CHARS || bytes[start] !== 34 || bytes[start + 1] !== length) return;
  if (keyCache.size === MAX_CACHED_KEYS) keyCache.clear();
  keyCache.set(key, slice(bytes, start, pos));
}

/** V8 writes array indices as numbers. https://tc39.es/ecma262/#array-index */
function isArrayIndex(key) {
  const index = key >>> 0;
  return index !== 0xffffffff && `${index}` === key;
}

// ---- Values -------------------------------------------------------------------------------

export function writeValue(value) {
  const type = typeof value;
  if (type === "string") writeString(value);
  else if (type === "number") writeNumber(value);
  else if (type === "object" && value !== null) writeObject(value);
  else if (type === "boolean") writeByte(value ? 84 : 70); // T F
  else if (type === "object") writeByte(48); // 0
  else if (type === "undefined") writeByte(95); // _
  else if (type === "bigint") {
    writeByte(90); // Z
    writeBigInt(value);
  } else throw notCloneable(value);
}

function writeObject(value) {
  if (nextId !== 0 && writeReference(value)) return;
  const prototype = getPrototypeOf(value);
  const kind = kindOf(value, prototype);
  if (kind === PLAIN) {
    assignId(value);
    writePlain(value, prototype);
  } else if (kind === ARRAY) {
    assignId(value);
    writeArray(value);
  } else if (kind === REFUSED) {
    throw notCloneable(value);
  } else {
    writers[kind](value, options);
  }
}

/** Write a reference if the object was met before; whether it was. */
export function writeReference(value) {
  const id = value === root ? 0 : ids.get(value);
  if (id === undefined) return false;
  writeByte(94); // ^
  writeVarint(id);
  return true;
}

/** Give the object the next id. */
export function assignId(value) {
  if (nextId === 0) root = value;
  else ids.set(value, nextId);
  nextId++;
}

/** Say how objects of one more kind are written: `write(value, options)`. */
export function defineWriter(kind, write) {
  writers[kind] = write;
}

// ---- Plain objects and arrays ---------------------------------------------------------------

function writePlain(value, prototype) {
  writeByte(111); // o
  writeVarintAfter(123, writeProperties(value, keys(value), 0, prototype !== objectPrototype)); // {
}

function writeVarintAfter(tag, count) {
  writeByte(tag);
  writeVarint(count);
}

/**
 * The properties named by `names` from `start` on; how many there were. A getter may
 * have deleted some by now. That shows as `undefined`, unless the object inherits.
 */
export function writeProperties(value, names, start, inherits) {
  let count = 0;
  for (let i = start; i < names.length; i++) {
    const name = names[i];
    if (inherits && !hasOwn(value, name)) continue;
    const item = value[name];
    if (item === undefined && !hasOwn(value, name)) continue;
    writeKey(name);
    writeValue(item);
    count++;
  }
  return count;
}

function writeArray(array) {
  const { length } = array;
  const names = keys(array);
  if (names.length < length || (length > 0 && names[length - 1] !== `${length - 1}`)) {
    return writeSparseArray(array, names, length);
  }
  writeByte(65); // A
  writeVarint(length);
  for (let i = 0; i < length; i++) {
    const item = array[i];
    // A getter may have made holes.
    if (item === undefined && !hasOwn(array, i)) writeByte(45); // -
    else writeValue(item);
  }
  writeVarintAfter(36, writeProperties(array, names, length, true)); // $
  writeVarint(length);
}

function writeSparseArray(array, names, length) {
  writeByte(97); // a
  writeVarint(length);
  writeVarintAfter(64, writeProperties(array, names, 0, true)); // @
  writeVarint(length);
}
