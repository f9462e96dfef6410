// Buffer sources: the bytes of an ArrayBuffer or of a view of one, whatever a script
// did to its prototypes.

const { apply } = Reflect;
const getter = (object, name) => Object.getOwnPropertyDescriptor(object, name).get;

const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const bufferDetached = getter(ArrayBuffer.prototype, "detached");
const bufferTransfer = ArrayBuffer.prototype.transfer;
const bufferSlice = ArrayBuffer.prototype.slice;

const TypedArray = Object.getPrototypeOf(Uint8Array);
const arrayBuffer = getter(TypedArray.prototype, "buffer");
const arrayOffset = getter(TypedArray.prototype, "byteOffset");
const arrayLength = getter(TypedArray.prototype, "byteLength");
const arrayTag = getter(TypedArray.prototype, Symbol.toStringTag);
const viewBuffer = getter(DataView.prototype, "buffer");
const viewOffset = getter(DataView.prototype, "byteOffset");
const viewLength = getter(DataView.prototype, "byteLength");

/** Whether the value is an ArrayBuffer (and no SharedArrayBuffer); detached ones are. */
export function isArrayBuffer(value) {
  if (typeof value !== "object" || value === null) return false;
  try {
    apply(bufferLength, value, []);
    return true;
  } catch {
    return false;
  }
}

/** The name of a view's class ("Uint8Array", "DataView"); undefined for anything else. */
export function viewKind(value) {
  if (!ArrayBuffer.isView(value)) return undefined;
  return apply(arrayTag, value, []) ?? "DataView";
}

/** { buffer, byteOffset, byteLength } of a view; the length of a detached one is 0. */
export function describeView(view) {
  if (apply(arrayTag, view, []) !== undefined) {
    return {
      buffer: apply(arrayBuffer, view, []),
      byteOffset: apply(arrayOffset, view, []),
      byteLength: apply(arrayLength, view, []),
    };
  }
  const buffer = apply(viewBuffer, view, []);
  if (isDetached(buffer)) return { buffer, byteOffset: 0, byteLength: 0 };
  return {
    buffer,
    byteOffset: apply(viewOffset, view, []),
    byteLength: apply(viewLength, view, []),
  };
}

/** The buffer of a typed array. */
export const bufferOfArray = (array) => apply(arrayBuffer, array, []);

/** The length in bytes of a typed array. */
export const byteLengthOfArray = (array) => apply(arrayLength, array, []);

/** Whether an ArrayBuffer was detached; false for a SharedArrayBuffer. */
export function isDetached(buffer) {
  return isArrayBuffer(buffer) && apply(bufferDetached, buffer, []);
}

/** The byte length of an ArrayBuffer. */
export function bufferByteLength(buffer) {
  return apply(bufferLength, buffer, []);
}

/**
 * A new ArrayBuffer with the bytes of this one, which is detached. Throws a TypeError
 * if it is detached already or may not be (a WebAssembly memory).
 */
export function transferBuffer(buffer) {
  if (isKeptFromTransfer(buffer)) refuseTransfer();
  return apply(bufferTransfer, buffer, []);
}

const { has: hasKept, add: addKept } = WeakSet.prototype;
let kept; // the buffers of WebAssembly's memories, which only these detach

/** Have a buffer refuse to be transferred. */
export function keepFromTransfer(buffer) {
  kept ??= new WeakSet();
  apply(addKept, kept, [buffer]);
  for (const method of ["transfer", "transferToFixedLength", "transferToImmutable"]) {
    Object.defineProperty(buffer, method, { value: refuseTransfer, configurable: true });
  }
}

/** Whether a buffer is one of those. */
export function isKeptFromTransfer(buffer) {
  return kept !== undefined && apply(hasKept, kept, [buffer]);
}

function refuseTransfer() {
  throw new TypeError("ArrayBuffer is not detachable and could not be cloned.");
}

/** A new ArrayBuffer with a copy of these bytes. */
export function copyBuffer(buffer, byteOffset, byteLength) {
  return apply(bufferSlice, buffer, [byteOffset, byteOffset + byteLength]);
}

/**
 * The bytes of a BufferSource as a Uint8Array on the same memory, without a copy.
 * https://webidl.spec.whatwg.org/#BufferSource
 */
export function bytesOf(source, what = "The value") {
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = describeView(source);
    if (isArrayBuffer(buffer)) return new Uint8Array(buffer, byteOffset, byteLength);
  } else if (isArrayBuffer(source)) {
    return isDetached(source) ? new Uint8Array(0) : new Uint8Array(source);
  }
  throw new TypeError(`${what} is not an ArrayBuffer or a view of one.`);
}

/** The bytes of a BufferSource, copied. */
export function copyBytes(source, what) {
  return new Uint8Array(bytesOf(source, what));
}
