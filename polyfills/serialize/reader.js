// Reads values in V8's wire format: the state, the primitives, plain objects and arrays.
//
// The data may be forged. Whatever is read past its end is `undefined` and leads to a
// tag that does not exist; so bounds are checked only where a length decides how much
// memory is taken, and once at the end. No script's code runs in between, so the state
// is in variables of this module.

import { serialize_text } from "holdfast:ops";
import { ownValue } from "../kernel/own-properties.js";
import { UNREADABLE, dataCloneError } from "./errors.js";
import { HEADERLESS_VERSION, VERSION, WRITTEN_VERSION } from "./tags.js";

const { atob, Uint8Array, Uint16Array, DataView, BigInt } = globalThis;
const { fromCharCode } = String;
const { apply } = Reflect;
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { min } = Math;
const substring = uncurry(String.prototype.substring);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const toHex = uncurry(Uint8Array.prototype.toHex);
const slice = uncurry(Uint8Array.prototype.slice);
const reverse = uncurry(Uint8Array.prototype.reverse);
const getFloat64 = uncurry(DataView.prototype.getFloat64);
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;

const WINDOW_BYTES = 1 << 14;
// Up to here characters one by one are cheaper than asking the host, measured.
const MAX_TWO_BYTE_APPLY_CHARS = 60;
const NOTHING = new Uint8Array(0);
const RESERVED = Symbol("an object that is being read");

let data = NOTHING;
let buffer, base, end, pos;
let view = null;
let text = "";
let textStart = 0;
let textEnd = 0;
let version;
let objects = [];
const readers = [];

/** The error for data that this reader cannot make sense of. */
export function unreadable() {
  return dataCloneError(UNREADABLE);
}

// ---- Entry --------------------------------------------------------------------------

/**
 * The value that `bytes` (a Uint8Array) holds in V8's wire format.
 * Throws a DataCloneError for what is truncated, forged or nested too deeply.
 */
export function deserialize(bytes) {
  data = bytes;
  try {
    return readWhole(0, bytes.length);
  } catch (error) {
    throw asDataCloneError(error);
  } finally {
    forget();
  }
}

/** The values that lie end to end in `bytes`, each of so many of them; throws as `deserialize`. */
export function deserializeAll(bytes, lengths) {
  const values = [];
  let start = 0;
  data = bytes;
  try {
    for (let i = 0; i < lengths.length; i++) {
      // The engine's JSON.parse makes doubles of all numbers, and its arrays are slow to find what is
      // at a double.
      values[i] = readWhole(start, (start + lengths[i]) | 0);
      start = end;
    }
    return values;
  } catch (error) {
    throw asDataCloneError(error);
  } finally {
    forget();
  }
}

function readWhole(from, to) {
  pos = from;
  end = to;
  if (data[pos] === VERSION && data[pos + 1] === WRITTEN_VERSION) {
    pos += 2;
    version = WRITTEN_VERSION;
  } else readHeader();
  const value = readValue();
  if (!(pos <= end)) throw unreadable();
  if (objects.length !== 0) objects = [];
  return value;
}

function forget() {
  data = NOTHING;
  buffer = undefined;
  text = "";
  textEnd = 0;
  view = null;
  if (objects.length !== 0) objects = [];
}

function asDataCloneError(error) {
  return error?.name === "DataCloneError" ? error : unreadable();
}

function readHeader() {
  if (data[pos] !== VERSION) {
    version = HEADERLESS_VERSION;
    return;
  }
  pos++;
  version = readVarint();
  if (version > WRITTEN_VERSION) {
    throw dataCloneError("Unable to deserialize cloned data due to invalid or unsupported version.");
  }
}

/** The version of the format that the data was written in. */
export function wireVersion() {
  return version;
}

// ---- Numbers and bytes ------------------------------------------------------------------

export function readByte() {
  return data[pos++];
}

/** The next tag, left where it is; zero bytes before it are padding. */
export function peekTag() {
  while (data[pos] === 0) pos++;
  return data[pos];
}

/** An unsigned 32 bit integer. */
export function readVarint() {
  let byte = data[pos++];
  if (byte < 128) return byte;
  let value = byte & 127;
  let shift = 7;
  do {
    byte = data[pos++];
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte > 127 && shift < 35);
  return value >>> 0;
}

export function readDouble() {
  if (pos + 8 > end) throw unreadable();
  view ??= new DataView(data.buffer, data.byteOffset, data.length);
  const value = getFloat64(view, pos, true);
  pos += 8;
  return value;
}

/** A view of the next `size` bytes, which are the data's. */
export function readRaw(size) {
  if (!(size <= end - pos)) throw unreadable();
  if (buffer === undefined) {
    buffer = data.buffer;
    base = data.byteOffset;
  }
  const bytes = new Uint8Array(buffer, base + pos, size);
  pos += size;
  return bytes;
}

function readZigzag() {
  let value = data[pos++];
  if (value > 127) {
    pos--;
    value = readVarint();
  }
  return (value >>> 1) ^ -(value & 1);
}

/** The contents of a BigInt; see writeBigInt. */
export function readBigInt() {
  const field = readVarint();
  const digits = slice(readRaw((field >>> 1) & ~7));
  if (digits.length === 0) return 0n;
  const magnitude = BigInt(`0x${toHex(reverse(digits))}`);
  return field & 1 ? -magnitude : magnitude;
}

// ---- Strings ------------------------------------------------------------------------------

function readOneByteString() {
  let size = data[pos++];
  if (size > 127) {
    pos--;
    size = readVarint();
  }
  if (size > WINDOW_BYTES) return serialize_text(readRaw(size), "latin-1");
  const start = pos;
  pos += size;
  if (pos > textEnd) moveWindow(start, size);
  return substring(text, start - textStart, pos - textStart);
}

/**
 * Make the bytes from `start` on the window: a string of them, of which one-byte strings
 * are parts. So that data that is mostly buffers does not pay for it, the window has a
 * limited size; a longer string is made by itself.
 */
function moveWindow(start, size) {
  if (!(size <= end - start)) throw unreadable();
  const length = min(WINDOW_BYTES, data.length - start);
  text = atob(toBase64(new Uint8Array(data.buffer, data.byteOffset + start, length)));
  textStart = start;
  textEnd = start + length;
}

function readTwoByteString() {
  const size = readVarint();
  if (size & 1) throw unreadable();
  const bytes = readRaw(size);
  const length = size >> 1;
  if (length > MAX_TWO_BYTE_APPLY_CHARS) return serialize_text(bytes, "utf-16-le");
  // Typed arrays have to be aligned, the data need not.
  const aligned = (base + pos) & 1 ? slice(bytes) : bytes;
  return apply(fromCharCode, null, new Uint16Array(aligned.buffer, aligned.byteOffset, length));
}

/** Text in UTF-8 after its length in bytes, without a tag. */
export function readText() {
  const size = readVarint();
  return size === 0 ? "" : serialize_text(readRaw(size), "utf-8");
}

/** A string with its tag; before version 12 some strings were UTF-8 without one. */
export function readString() {
  if (version < 12) return readText();
  const value = readValue();
  if (typeof value !== "string") throw unreadable();
  return value;
}

// ---- Values -----------------------------------------------------------------------------------

export function readValue() {
  const tag = data[pos++];
  switch (tag) {
    case 34: // "
      return readOneByteString();
    case 73: // I
      return readZigzag();
    case 111: // o
      return readProperties(keep({}), 123, objectPrototype); // {
    case 65: // A
      return readDenseArray();
    case 84: // T
      return true;
    case 70: // F
      return false;
    case 48: // 0
      return null;
    case 95: // _
      return undefined;
    case 78: // N
      return readDouble();
    case 99: // c
      return readTwoByteString();
    case 0: // padding
      return readValue();
    case 94: // ^
      return readReference();
    case 97: // a
      return readSparseArray();
    case 85: // U
      return readVarint();
    case 83: // S
      return readText();
    case 90: // Z
      return readBigInt();
    case 63: // ?, a count that nobody needs
      readVarint();
      return readValue();
  }
  const read = readers[tag];
  if (read === undefined) throw unreadable();
  return read(tag);
}

/** Say how one more tag is read: `read(tag)`. */
export function defineReader(tag, read) {
  readers[tag] = read;
}

// ---- Objects ------------------------------------------------------------------------------------

/** Give the object the next id; returns the object. */
export function keep(object) {
  objects.push(object);
  return object;
}

/** Take the next id for an object that cannot be made yet. */
export function reserve() {
  return objects.push(RESERVED) - 1;
}

/** The object for an id that was reserved; returns the object. */
export function fill(id, object) {
  objects[id] = object;
  return object;
}

function readReference() {
  const object = objects[readVarint()];
  if (object === undefined || object === RESERVED) throw unreadable();
  return afterReference(object);
}

// A reference to a buffer may be followed by a view of it.
let afterReference = (object) => object;

/** Say what a reference to an object may turn into. */
export function defineAfterReference(read) {
  afterReference = read;
}

/**
 * Properties up to the end's tag and their count, put on `object`, whose prototype is
 * `prototype`; returns the object.
 */
function readProperties(object, endTag, prototype) {
  let count = 0;
  for (let tag = data[pos]; tag !== endTag; tag = data[pos]) {
    if (tag === 0) {
      pos++;
      continue;
    }
    let key;
    if (tag === 34) {
      pos++;
      key = readOneByteString();
    } else {
      key = readValue();
      if (typeof key !== "string" && typeof key !== "number") throw unreadable();
    }
    count++;
    // Objects in objects are read right here, for the stack has room for some hundreds
    // of frames only.
    let value;
    const next = data[pos];
    if (next === 111) {
      pos++;
      value = readProperties(keep({}), 123, objectPrototype);
    } else value = next === 65 ? (pos++, readDenseArray()) : readValue();
    // Assigning would run a setter that is inherited, above all that of __proto__.
    if (key in prototype) ownValue(object, key, value);
    else object[key] = value;
  }
  pos++;
  if (readVarint() !== count) throw unreadable();
  return object;
}

function readDenseArray() {
  const length = readVarint();
  if (!(length <= end - pos)) throw unreadable();
  const array = keep([]);
  for (let i = 0; i < length; i++) {
    const tag = peekTag();
    if (tag === 45) pos++; // -
    else if (tag === 65) {
      pos++;
      array[i] = readDenseArray();
    } else if (tag === 111) {
      pos++;
      array[i] = readProperties(keep({}), 123, objectPrototype);
    } else {
      const value = readValue();
      // Until version 10, undefined stood for a hole as well.
      if (value !== undefined || version > 10) array[i] = value;
    }
  }
  array.length = length;
  readProperties(array, 36, arrayPrototype); // $
  if (readVarint() !== length) throw unreadable();
  return array;
}

function readSparseArray() {
  const length = readVarint();
  const array = keep([]);
  array.length = length;
  readProperties(array, 64, arrayPrototype); // @
  if (readVarint() !== length) throw unreadable();
  return array;
}
