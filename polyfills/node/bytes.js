// The bytes of what functions of node:crypto, node:fs and node:zlib take.

import { Buffer } from "./buffer.js";
import { invalidType } from "./errors.js";

/** The bytes of a buffer or view, without a copy. */
export function bytesOf(value) {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** The bytes of data given as a string (UTF-8, or `encoding`), a buffer or a view. */
export function dataOf(value, name, encoding = undefined) {
  if (typeof value === "string")
    return Buffer.from(value, encoding === "buffer" ? undefined : encoding);
  if (ArrayBuffer.isView(value)) return bytesOf(value);
  throw invalidType(name, ["string", "Buffer", "TypedArray", "DataView"], value);
}

export const toBuffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes as a Buffer, or as a string of this encoding. */
export function encoded(bytes, encoding) {
  const buffer = toBuffer(bytes);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

export const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
export const isText = (value) => typeof value === "string" || isBytes(value);

/** The same as `dataOf`, also for an ArrayBuffer. */
export function secretOf(value, name, encoding = undefined) {
  if (value instanceof ArrayBuffer) return bytesOf(value);
  if (isText(value)) return dataOf(value, name, encoding);
  throw invalidType(name, ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"], value);
}
