// The body mixin: https://fetch.spec.whatwg.org/#body-mixin
//
// A body is part of the record behind a Request or a Response, in these members:
//   source   null: no body; a string; a Uint8Array; a HostBody; undefined: only the
//            stream has it
//   stream   the ReadableStream, once somebody has asked for it; from then on it alone
//            knows whether the body is used
//   used     whether a body without a stream was used
//   coding   the content coding in which `source` is; see codings.js
//   shared   whether others see the same Uint8Array, so that it must be copied before a
//            script gets it
// So a string answers text() without ever becoming bytes, and a body that is only
// passed on costs nothing in here.

import { decodeUtf8, encodeUtf8 } from "../encoding/utf8.js";
import { blobFromBytes } from "../files/blob.js";
import { lazily } from "../kernel/lazy.js";
import { defineInterface, illegalInvocation } from "../kernel/webidl.js";
import {
  createSpentStream,
  isDisturbed,
  isLocked,
  readAllBytes,
  teeForClone,
} from "../streams/on-demand.js";
import { parseUrlEncoded } from "../url/urlencoded.js";
import { decodeBody, forwardStream, HostBody, lock, streamOfBody, takeBody } from "./body-sources.js";
import { extractMimeType, serializeMimeType } from "./mime.js";
import { recordHeader } from "./record.js";

const forms = lazily("fetch/form-data.js");
const multipart = lazily("fetch/multipart.js");

const USED =
  "Body has already been used. It can only be used once. Use tee() first if you need to read " +
  "it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";
const NO_CONTENT_TYPE = "Parsing a Body as FormData requires a Content-Type header.";
const UNKNOWN_CONTENT_TYPE =
  "Unrecognized Content-Type header value. FormData can only parse the following MIME types: " +
  "multipart/form-data, application/x-www-form-urlencoded";
const NO_BOUNDARY =
  "No boundary string in Content-Type header. The multipart/form-data MIME type requires a " +
  "boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC " +
  "7578, section 4.";

// ---- State ----------------------------------------------------------------------

/** https://fetch.spec.whatwg.org/#dom-body-bodyused */
export function isBodyUsed(record) {
  return record.stream === null ? record.used : isDisturbed(record.stream);
}

/** Throws TypeError for a body that was used or whose stream is locked. */
export function checkUsable(record) {
  if (isBodyUsed(record)) throw new TypeError(USED);
  if (record.stream !== null && isLocked(record.stream)) throw new TypeError(LOCKED);
}

/** The body's stream, made now if need be; null without a body. */
function bodyStream(record) {
  if (record.source === null) return null;
  return (record.stream ??= createStream(record));
}

function createStream(record) {
  if (record.used) return lock(createSpentStream());
  const source = takeSource(record);
  record.source = undefined;
  record.coding = undefined;
  return streamOfBody(source);
}

/** The source of a body without a stream, which is used by that. */
function takeSource(record) {
  const { source, coding } = record;
  record.used = true;
  record.source = "";
  if (coding !== undefined) return decodeBody(source, coding);
  return record.shared && typeof source === "object" ? source.slice() : source;
}

// ---- Reading --------------------------------------------------------------------

const textOf = (string) => {
  const text = string.charCodeAt(0) === 0xfeff ? string.slice(1) : string;
  return text.isWellFormed() ? text : text.toWellFormed();
};
const jsonOfText = (string) => JSON.parse(textOf(string));
const jsonOfBytes = (bytes) => JSON.parse(decodeUtf8(bytes));
const bufferOfText = (string) => bufferOfBytes(encodeUtf8(string));
const bufferOfBytes = (bytes) => {
  const { buffer } = bytes;
  return bytes.byteLength === buffer.byteLength ? buffer : bytes.slice().buffer;
};
const same = (bytes) => bytes;
const textOfHost = (source) => source.readText().then(textOf);
const jsonOfHost = (source) => source.readJson();
const typeOf = (record) => extractMimeType(recordHeader(record, "content-type"));

/** The body as a Blob of the type that the headers say. */
function readBlob(record) {
  const mimeType = typeOf(record);
  const type = mimeType === null ? "" : serializeMimeType(mimeType);
  const ofBytes = (bytes) => blobFromBytes(bytes, type);
  return consumeBody(record, (text) => ofBytes(encodeUtf8(text)), ofBytes);
}

/** https://fetch.spec.whatwg.org/#dom-body-formdata */
function readFormData(record) {
  const mimeType = typeOf(record);
  const ofBytes = (bytes) => parseForm(bytes, mimeType, recordHeader(record, "content-type"));
  return consumeBody(record, (text) => ofBytes(encodeUtf8(text)), ofBytes);
}

function parseForm(bytes, mimeType, header) {
  if (mimeType?.essence === "application/x-www-form-urlencoded") {
    return forms().formFromEntries(parseUrlEncoded(bytes));
  }
  if (mimeType?.essence !== "multipart/form-data") {
    throw new TypeError(header === null ? NO_CONTENT_TYPE : UNKNOWN_CONTENT_TYPE);
  }
  const boundary = mimeType.parameters.get("boundary");
  if (!boundary) throw new TypeError(NO_BOUNDARY);
  return multipart().decodeMultipart(bytes, boundary);
}

/**
 * Read the whole body and convert it, with `ofText` where it is at hand as a string, and with
 * `ofHost`, if there is one, where it is a HostBody. The body counts as used from now on. Returns a
 * promise.
 * https://fetch.spec.whatwg.org/#concept-body-consume-body
 */
function consumeBody(record, ofText, ofBytes, ofHost) {
  try {
    if (record.stream === null) {
      const kept = record.source;
      if (kept === null) return Promise.resolve(ofText(""));
      if (record.used) throw new TypeError(USED);
      if (kept instanceof HostBody) kept.throwIfAborted();
      const source = takeSource(record);
      if (typeof source === "string") return Promise.resolve(ofText(source));
      if (source instanceof HostBody) {
        return ofHost === undefined ? source.readAll().then(ofBytes) : ofHost(source);
      }
      return Promise.resolve(ofBytes(source));
    }
    checkUsable(record);
    const reading = readAllBytes(record.stream, ofBytes);
    lock(record.stream);
    return reading;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Let `copy` have the body of `record` too. https://fetch.spec.whatwg.org/#concept-body-clone */
export function cloneBody(record, copy) {
  if (record.source === null) return;
  checkUsable(record);
  if (record.stream === null && !(record.source instanceof HostBody)) {
    copy.source = record.source;
    record.shared = copy.shared = true;
  } else {
    const [first, second] = teeForClone(bodyStream(record));
    record.stream = first;
    copy.stream = second;
    copy.source = undefined;
    copy.coding = undefined;
  }
}

/**
 * Move a usable body from one record to another; the first counts as used, and so does
 * its stream. https://fetch.spec.whatwg.org/#dom-request (its last steps)
 */
export function moveBody(from, to) {
  if (from.stream === null) {
    to.source = from.source;
    to.shared = from.shared;
    if (from.source === null) return;
    from.used = true;
    from.source = "";
  } else {
    to.source = takeBody(from.stream);
    if (to.source === undefined) to.stream = forwardStream(from.stream);
  }
}

// ---- The mixin ------------------------------------------------------------------

/**
 * Give a class the members of the body mixin. `recordOf(object)` is the record of an
 * instance and undefined for anything else.
 */
export function defineBody(Class, recordOf) {
  const read = (object, ofText, ofBytes, ofHost) => {
    const record = recordOf(object);
    if (record === undefined) return Promise.reject(illegalInvocation());
    return consumeBody(record, ofText, ofBytes, ofHost);
  };
  const readWith = (object, reader) => {
    const record = recordOf(object);
    return record === undefined ? Promise.reject(illegalInvocation()) : reader(record);
  };
  const known = (object) => {
    const record = recordOf(object);
    if (record === undefined) throw illegalInvocation();
    return record;
  };
  const mixin = {
    arrayBuffer() {
      return read(this, bufferOfText, bufferOfBytes);
    },
    blob() {
      return readWith(this, readBlob);
    },
    get body() {
      return bodyStream(known(this));
    },
    get bodyUsed() {
      return isBodyUsed(known(this));
    },
    bytes() {
      return read(this, encodeUtf8, same);
    },
    formData() {
      return readWith(this, readFormData);
    },
    json() {
      return read(this, jsonOfText, jsonOfBytes, jsonOfHost);
    },
    text() {
      return read(this, textOf, decodeUtf8, textOfHost);
    },
  };
  Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(mixin));
  defineInterface(Class);
}
