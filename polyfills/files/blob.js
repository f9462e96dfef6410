// Blob: https://w3c.github.io/FileAPI/#blob-section
//
// A blob's bytes never change, so slices and copies of a blob share one buffer and
// whatever hands bytes out copies them.

import { defineView } from "../console/views.js";
import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { bytesOf, isArrayBuffer } from "../kernel/buffers.js";
import {
  clamp,
  defineInterface,
  illegalInvocation,
  isObject,
  toDictionary,
  toDOMString,
  toEnum,
  toSequence,
  toUSVString,
} from "../kernel/webidl.js";
import { registerCloneable } from "../serialize/index.js";
import { createByteStream } from "../streams/on-demand.js";

const FROM_BYTES = {};
const NOTHING = new Uint8Array(0);
const ENDINGS = ["transparent", "native"];
const WORKERDS_TAG = 15;
const MAX_SIZE = Number.MAX_SAFE_INTEGER;

/** Whether the value is a Blob; a File is one. */
export let isBlob;
/** The bytes of a blob, shared: whoever asks must not change or detach them. */
export let blobBytes;

/** Immutable bytes with a type. */
export class Blob {
  #bytes;
  #type;

  constructor(parts = undefined, options = undefined) {
    if (parts === FROM_BYTES) {
      this.#bytes = options.bytes;
      this.#type = options.type;
      return;
    }
    const elements = parts === undefined ? [] : toParts(parts, "Blob");
    const { endings, type } = toBag(options);
    this.#bytes = joinParts(elements, endings);
    this.#type = type;
  }

  static {
    isBlob = (value) => isObject(value) && #bytes in value;
    blobBytes = (blob) => blob.#bytes;
  }

  get size() {
    return this.#bytes.byteLength;
  }

  get type() {
    return this.#type;
  }

  /** https://w3c.github.io/FileAPI/#slice-blob */
  slice(start = undefined, end = undefined, contentType = undefined) {
    const bytes = this.#bytes;
    const size = bytes.byteLength;
    const from = start === undefined ? 0 : clamp(start, -MAX_SIZE, MAX_SIZE);
    const to = end === undefined ? size : clamp(end, -MAX_SIZE, MAX_SIZE);
    const type = contentType === undefined ? "" : normalizeType(toDOMString(contentType));
    // Like the standard's algorithm, subarray counts negative positions from the end.
    return blobFromBytes(bytes.subarray(from, to), type);
  }

  /** https://w3c.github.io/FileAPI/#arraybuffer-method-algo */
  arrayBuffer() {
    return copyOf(this, (bytes) => bytes.buffer);
  }

  /** https://w3c.github.io/FileAPI/#bytes-method-algo */
  bytes() {
    return copyOf(this, (bytes) => bytes);
  }

  /** https://w3c.github.io/FileAPI/#text-method-algo */
  text() {
    if (!isBlob(this)) return Promise.reject(illegalInvocation());
    return Promise.resolve(decodeUtf8(this.#bytes));
  }

  /** https://w3c.github.io/FileAPI/#stream-method-algo */
  stream() {
    return createByteStream(this.#bytes.slice());
  }
}

defineInterface(Blob);
defineView(Blob, ["size", "type"]);

// https://w3c.github.io/FileAPI/#blob-section: "serialization steps"
registerCloneable(Blob, {
  tag: WORKERDS_TAG,
  write(blob, sink) {
    sink.text(blob.type);
    sink.bytes(blobBytes(blob));
  },
  read(source) {
    const type = source.text();
    return blobFromBytes(source.bytes(), type);
  },
  isInstance: isBlob,
});

function copyOf(blob, convert) {
  if (!isBlob(blob)) return Promise.reject(illegalInvocation());
  return Promise.resolve(convert(blobBytes(blob).slice()));
}

/** A blob of these bytes, which nobody changes any more, with a type as it stands. */
export function blobFromBytes(bytes, type = "") {
  return new Blob(FROM_BYTES, { bytes, type });
}

/** The arguments with which a subclass's super() takes bytes as they are. */
export function bytesForSuper(bytes, type) {
  return [FROM_BYTES, { bytes, type }];
}

// ---- Parts ----------------------------------------------------------------------

/** The first argument of a constructor; its parts are not yet made into bytes. */
export function toParts(parts, className) {
  return toSequence(parts, toPart, `Failed to construct '${className}': parameter 1`);
}

// (BufferSource or Blob or USVString)
function toPart(value) {
  if (ArrayBuffer.isView(value) || isArrayBuffer(value) || isBlob(value)) return value;
  return toUSVString(value);
}

/** https://w3c.github.io/FileAPI/#process-blob-parts */
export function joinParts(parts, endings) {
  return concatenate(parts.map((part) => bytesOfPart(part, endings)));
}

function bytesOfPart(part, endings) {
  if (typeof part === "string") {
    return encodeUtf8(endings === "native" ? part.replace(/\r\n?/g, "\n") : part);
  }
  return isBlob(part) ? blobBytes(part) : bytesOf(part);
}

/** The bytes of all chunks in a new buffer. */
export function concatenate(chunks) {
  if (chunks.length === 0) return NOTHING;
  let size = 0;
  for (const chunk of chunks) size += chunk.byteLength;
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return all;
}

/** BlobPropertyBag, its members read in order. */
export function toBag(options) {
  const bag = toDictionary(options, "The options of a Blob");
  const { endings } = bag;
  const checked = endings === undefined ? "transparent" : toEnum(endings, ENDINGS, "endings");
  const { type } = bag;
  return { endings: checked, type: type === undefined ? "" : normalizeType(toDOMString(type)) };
}

/** The type in lower case; none if it has a character outside of printable ASCII. */
function normalizeType(type) {
  return /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
}
