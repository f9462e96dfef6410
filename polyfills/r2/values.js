// What scripts may store.

import { streamForHost, throughGate } from "../fetch/transfer.js";
import { blobBytes, isBlob } from "../files/blob.js";
import { wrongArgument } from "../kernel/arguments.js";
import { copyBytes, isArrayBuffer } from "../kernel/buffers.js";
import { toUSVString } from "../kernel/webidl.js";
import { isDisturbed, isLocked, isReadableStream, knownLength } from "../streams/on-demand.js";

const TYPES = "JsReadableStream or ArrayBuffer or ArrayBufferView or string or Blob";
const UNKNOWN_LENGTH =
  "Provided readable stream must have a known length (request/response body or readable half of FixedLengthStream)";
const DISTURBED = "This ReadableStream is disturbed.";

/** Throws for what cannot be stored; the value is parameter 2 of `method` on `Class`. */
export function checkValue(value, method, Class) {
  if (typeof value === "string" || isBlob(value) || isReadableStream(value)) return;
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) return;
  throw wrongArgument(method, Class, 2, TYPES);
}

/**
 * A value for an op, which takes it over, once the output gate has let it pass. A stream has to
 * tell how long it is; it counts as used from now on.
 */
export function valueForHost(value) {
  return throughGate(bodyOf(value));
}

function bodyOf(value) {
  if (typeof value === "string") return toUSVString(value);
  if (isBlob(value)) return blobBytes(value);
  if (!isReadableStream(value)) return copyBytes(value);
  if (!isLocked(value)) {
    if (isDisturbed(value)) throw new TypeError(DISTURBED);
    if (knownLength(value) === undefined) throw new TypeError(UNKNOWN_LENGTH);
  }
  return streamForHost(value);
}
