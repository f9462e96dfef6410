// What ArrayBuffers and their views are made of, read without the help of their
// prototypes, which scripts may change.

import { DETACHED, dataCloneError, notCloneable } from "./errors.js";
import { VIEW_TAGS } from "./tags.js";

const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const getter = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
const gettersOf = (prototype, names) => names.map((name) => getter(prototype, name));

const { Uint8Array } = globalThis;
const arrays = getPrototypeOf(Uint8Array.prototype);
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const bufferMaxLength = getter(ArrayBuffer.prototype, "maxByteLength");
const isResizable = getter(ArrayBuffer.prototype, "resizable");
export const isDetached = getter(ArrayBuffer.prototype, "detached");
const resize = uncurry(ArrayBuffer.prototype.resize);
const sharedLength = getter(SharedArrayBuffer.prototype, "byteLength");
const arrayName = getter(arrays, Symbol.toStringTag);
const keysOfArray = uncurry(arrays.keys);
const setBytes = uncurry(arrays.set);
const slice = uncurry(arrays.slice);
const PARTS = ["buffer", "byteOffset", "byteLength"];
const ofArray = gettersOf(arrays, PARTS);
const ofDataView = gettersOf(DataView.prototype, PARTS);

const VIEW_CLASSES = { __proto__: null };
for (const name of Object.keys(VIEW_TAGS)) VIEW_CLASSES[name] = globalThis[name];

const ELEMENT_BYTES = {
  __proto__: null,
  Int16Array: 2,
  Uint16Array: 2,
  Float16Array: 2,
  Int32Array: 4,
  Uint32Array: 4,
  Float32Array: 4,
  Float64Array: 8,
  BigInt64Array: 8,
  BigUint64Array: 8,
};

/** The view of `buffer` that has these parts; see viewFacts. */
export function viewOf(buffer, { name, byteOffset, byteLength, tracking }) {
  const Class = VIEW_CLASSES[name];
  if (tracking) return new Class(buffer, byteOffset);
  return new Class(buffer, byteOffset, byteLength / elementBytes(name));
}

/** The bytes to an element of the view class with this name. */
export function elementBytes(name) {
  return ELEMENT_BYTES[name] ?? 1;
}

/** Whether an ArrayBuffer or SharedArrayBuffer is a shared one. */
export function isShared(buffer) {
  try {
    sharedLength(buffer);
    return true;
  } catch {
    return false;
  }
}

/** The lengths of an ArrayBuffer; `maxByteLength` is undefined unless it is resizable. */
export function bufferFacts(buffer) {
  if (isShared(buffer)) throw notCloneable(buffer);
  if (isDetached(buffer)) throw dataCloneError(DETACHED);
  const maxByteLength = isResizable(buffer) ? bufferMaxLength(buffer) : undefined;
  return { byteLength: bufferLength(buffer), maxByteLength };
}

/** A Uint8Array with a copy of an ArrayBuffer's bytes. */
export function copyOf(buffer) {
  return slice(new Uint8Array(buffer));
}

/**
 * The parts of a typed array or DataView; `tracking` where its length follows that of
 * its resizable buffer. Throws a DataCloneError when its buffer is detached or has
 * shrunk below it.
 */
export function viewFacts(view) {
  const name = arrayName(view) ?? "DataView";
  const [bufferOf, offsetOf, lengthOf] = name === "DataView" ? ofDataView : ofArray;
  const buffer = bufferOf(view);
  const shared = isShared(buffer);
  if (!shared && isDetached(buffer)) throw dataCloneError(DETACHED);
  try {
    if (name !== "DataView") keysOfArray(view);
    const byteOffset = offsetOf(view);
    const byteLength = lengthOf(view);
    const resizable = !shared && isResizable(buffer);
    const facts = { name, buffer, byteOffset, byteLength, resizable, tracking: false };
    facts.tracking = resizable && isTracking(view, facts, lengthOf);
    return facts;
  } catch {
    throw notCloneable(view);
  }
}

/**
 * No property tells whether a view tracks its buffer's length; a change of that length
 * does. The buffer ends as it was, and nothing runs in between that could see it.
 */
function isTracking(view, { name, buffer, byteOffset, byteLength }, lengthOf) {
  const size = elementBytes(name);
  const length = bufferLength(buffer);
  if (byteOffset + byteLength + size <= length) return false;
  if (length + size <= bufferMaxLength(buffer)) {
    resize(buffer, length + size);
    const grown = lengthOf(view) !== byteLength;
    resize(buffer, length);
    return grown;
  }
  if (byteLength < 2 * size) return false;
  const saved = slice(new Uint8Array(buffer), length - size);
  resize(buffer, length - size);
  const shrunk = lengthWhenShrunk(view, lengthOf) === byteLength - size;
  resize(buffer, length);
  setBytes(new Uint8Array(buffer), saved, length - size);
  return shrunk;
}

function lengthWhenShrunk(view, lengthOf) {
  try {
    return lengthOf(view);
  } catch {
    return 0;
  }
}
