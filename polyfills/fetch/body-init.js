// What a script may give as a body: https://fetch.spec.whatwg.org/#bodyinit-unions

import { blobBytes, isBlob } from "../files/blob.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { lazily } from "../kernel/lazy.js";
import { isDisturbed, isLocked, isReadableStream, streamFromIterable } from "../streams/on-demand.js";
import { isURLSearchParams, serializeParams } from "../url/search-params.js";
import { isFormData } from "./form-brand.js";

const multipart = lazily("fetch/multipart.js");

export const TEXT_TYPE = "text/plain;charset=UTF-8";

const LOCKED = "This ReadableStream is locked to a reader, and cannot be used as a body.";
const DISTURBED =
  "This ReadableStream is disturbed (has already been read from), and cannot be used as a body.";

/**
 * Give the record this body, which is neither undefined nor null. Returns the content
 * type that goes with it, or null. Bytes are copied, a stream is taken as it is.
 * https://fetch.spec.whatwg.org/#concept-bodyinit-extract
 */
export function setBody(record, value) {
  if (typeof value === "string") {
    record.source = value;
    return TEXT_TYPE;
  }
  if (typeof value === "object" || typeof value === "function") return setObject(record, value);
  record.source = `${value}`;
  return TEXT_TYPE;
}

function setObject(record, value) {
  if (isReadableStream(value)) return setStream(record, value);
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) {
    record.source = copyBytes(value);
    return null;
  }
  if (isBlob(value)) {
    record.source = blobBytes(value);
    record.shared = true;
    return value.type || null;
  }
  if (isFormData(value)) {
    const { bytes, boundary } = multipart().encodeMultipart(value);
    record.source = bytes;
    return `multipart/form-data; boundary=${boundary}`;
  }
  if (isURLSearchParams(value)) {
    record.source = serializeParams(value);
    return "application/x-www-form-urlencoded;charset=UTF-8";
  }
  if (isIterated(value)) {
    record.source = undefined;
    record.stream = streamFromIterable(value);
    return null;
  }
  record.source = `${value}`;
  return TEXT_TYPE;
}

function setStream(record, stream) {
  if (isDisturbed(stream)) throw new TypeError(DISTURBED);
  if (isLocked(stream)) throw new TypeError(LOCKED);
  record.source = undefined;
  record.stream = stream;
  return null;
}

// Workers take (async) iterables of bytes, but not what tells how it is written as a
// string: `new String("x")` is iterable too. Arrays are iterated all the same.
function isIterated(value) {
  if (typeof value[Symbol.asyncIterator] === "function") return true;
  const { toString } = value;
  if (toString !== Object.prototype.toString && toString !== Array.prototype.toString) return false;
  if (value[Symbol.toPrimitive] !== undefined) return false;
  return typeof value[Symbol.iterator] === "function";
}
