// What is behind a Request or a Response: a plain object that no script ever sees.
//
//   raw, headers   the headers: a raw string until a Headers object was asked for
//   guard          of that Headers object
//   source, stream, used, shared, coding   the body; see body.js

import { headersFromRaw, headerValue, rawHasHeader, rawOfHeaders } from "./headers.js";

/** What is on the prototype of records, since few of them have it otherwise for long. */
export const NEW_RECORD = { headers: null, stream: null, used: false };

/** A copy of a record, whose body is still shared with it. */
export function copyOfRecord(record) {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(record)), record);
  copy.raw = rawHeadersOf(record);
  copy.headers = null;
  return copy;
}

/** The record's Headers object, made now if need be. */
export function headersOf(record) {
  return (record.headers ??= headersFromRaw(record.raw, record.guard));
}

/** The record's headers as a raw string. */
export function rawHeadersOf(record) {
  return record.headers === null ? record.raw : rawOfHeaders(record.headers);
}

/** The combined value of a header by its lower-case name, or null. */
export function recordHeader(record, name) {
  return record.headers === null && record.raw === "" ? null : headerValue(headersOf(record), name);
}

/**
 * Add the content type of a body unless the headers, which nobody has seen yet, have
 * one. `rawType` is the header in raw form, where known.
 */
export function addContentType(record, type, rawType = `content-type\n${type}\n`) {
  if (record.raw === "") record.raw = rawType;
  else if (!rawHasHeader(record.raw, "content-type")) record.raw += rawType;
}
