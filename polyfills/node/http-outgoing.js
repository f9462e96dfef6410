// OutgoingMessage, what requests and responses have in common while they are written:
// https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpoutgoingmessage
//
// The head is fixed with the first chunk, and leaves with the first flush: when `flushHeaders` says
// so, when a chunk is not followed by the end in the same job, or at the end. Until then the stream
// is corked, so that a short message goes in one piece, and a long one finds that it has to wait. The
// body is what `_send` is given: nothing, bytes, or a stream of them.

import { Buffer } from "./buffer.js";
import { invalidType, nodeError } from "./errors.js";
import { headersSent, validateHeaderName, validateHeaderValue } from "./http-names.js";
import { nextTick } from "./stream-base.js";
import { Writable } from "./stream-writable.js";

export function OutgoingMessage(options = undefined) {
  if (!(this instanceof OutgoingMessage)) return new OutgoingMessage(options);
  Writable.call(this, {
    highWaterMark: options?.highWaterMark,
    decodeStrings: true,
    autoDestroy: options?.autoDestroy,
  });
  this._names = new Map(); // lower case to [name as it was given, value]
  this._header = null; // set once the head has left, or is fixed
  this._sent = false;
  this._kept = [];
  this._controller = null;
  this._held = null; // the callback of a chunk that waits for room
  this._hasBody = true;
  this._contentLength = null; // as the head says it
  this._writtenBytes = 0; // counted with strictContentLength
  this._passedBytes = 0;
  this.sendDate = false;
  this.finished = false;
  this.chunkedEncoding = false;
  this.shouldKeepAlive = true;
  this.useChunkedEncodingByDefault = true;
  this.strictContentLength = false;
  this.socket = null;
}
Object.setPrototypeOf(OutgoingMessage.prototype, Writable.prototype);
Object.setPrototypeOf(OutgoingMessage, Writable);

const { end: endWritable, write: writeWritable } = Writable.prototype;

/** Whether a body may have this in it; all else is refused by the stream. */
const isChunk = (value) => typeof value === "string" || value instanceof Uint8Array;

function lengthMismatch(written, expected) {
  const message =
    `Response body's content-length of ${written} byte(s) does not match the content-length of` +
    ` ${expected} byte(s) set in header`;
  return nodeError(Error, "ERR_HTTP_CONTENT_LENGTH_MISMATCH", message);
}

Object.assign(OutgoingMessage.prototype, {
  setHeader(name, value) {
    if (this._header !== null) throw headersSent("set");
    validateHeaderName(name);
    for (const each of Array.isArray(value) ? value : [value]) validateHeaderValue(name, each);
    this._names.set(name.toLowerCase(), [name, value]);
    return this;
  },

  setHeaders(headers) {
    if (this._header !== null) throw headersSent("set");
    if (!(headers instanceof Headers) && !(headers instanceof Map))
      throw invalidType("headers", ["Headers", "Map"], headers);
    const cookies = [];
    for (const [name, value] of headers) {
      if (name.toLowerCase() === "set-cookie") cookies.push(...[value].flat());
      else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader("set-cookie", cookies);
    return this;
  },

  appendHeader(name, value) {
    if (this._header !== null) throw headersSent("append");
    validateHeaderName(name);
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [before, value].flat());
  },

  getHeader(name) {
    if (typeof name !== "string") throw invalidType("name", "string", name);
    return this._names.get(name.toLowerCase())?.[1];
  },

  hasHeader(name) {
    if (typeof name !== "string") throw invalidType("name", "string", name);
    return this._names.has(name.toLowerCase());
  },

  removeHeader(name) {
    if (typeof name !== "string") throw invalidType("name", "string", name);
    if (this._header !== null) throw headersSent("remove");
    this._names.delete(name.toLowerCase());
  },

  getHeaders() {
    const headers = Object.create(null);
    for (const [key, [, value]] of this._names) headers[key] = value;
    return headers;
  },

  getHeaderNames() {
    return [...this._names.keys()];
  },

  getRawHeaderNames() {
    return [...this._names.values()].map(([name]) => name);
  },

  addTrailers() {},

  flushHeaders() {
    this._flush();
  },

  setTimeout(milliseconds, callback = undefined) {
    if (callback) this.once("timeout", callback);
    return this;
  },

  write(chunk, encoding = undefined, callback = undefined) {
    if (isChunk(chunk) && !this.writableEnded && !this.destroyed) {
      this._fixHead();
      this._count(chunk, encoding);
      if (!this._sent && this.writableCorked === 0) {
        this.cork();
        nextTick(() => this.uncork());
      }
    }
    return writeWritable.call(this, chunk, encoding, callback);
  },

  end(chunk = undefined, encoding = undefined, callback = undefined) {
    if (this.writableEnded) return endWritable.call(this, chunk, encoding, callback);
    if (isChunk(chunk)) this._fixHead();
    this._count(isChunk(chunk) ? chunk : "", encoding, { isLast: true });
    this.finished = true;
    try {
      return endWritable.call(this, chunk, encoding, callback);
    } finally {
      this.finished = this.writableEnded;
    }
  },

  _fixHead() {
    if (this._header === null) this._implicitHeader();
    const length = Number(this._names.get("content-length")?.[1]);
    if (Number.isInteger(length)) this._contentLength = length;
  },

  /** Checks, where that is wanted, that the body does not become longer than the head says. */
  _count(chunk, encoding, { isLast = false } = {}) {
    const { _contentLength: length } = this;
    if (!this.strictContentLength || !this._hasBody || length === null) return;
    const written = this._writtenBytes + Buffer.from(chunk, encoding).length;
    if (isLast ? written !== length : written > length) throw lengthMismatch(written, length);
    this._writtenBytes = written;
  },

  _renderHeaders() {
    if (this._header !== null) throw headersSent("render");
    const headers = {};
    for (const [name, value] of this._names.values()) headers[name] = value;
    return headers;
  },

  /** The headers as the platform takes them. */
  _headerList() {
    const list = [];
    for (const [name, value] of this._names.values())
      for (const each of Array.isArray(value) ? value : [value]) list.push([name, `${each}`]);
    return list;
  },

  _write(chunk, _, callback) {
    this._pass([chunk], callback);
  },

  _writev(entries, callback) {
    this._pass(
      entries.map(({ chunk }) => chunk),
      callback,
    );
  },

  /** Hands chunks on; `callback` when there is room for more. */
  _pass(chunks, callback) {
    if (!this._hasBody) return void callback();
    for (const chunk of chunks) {
      const bytes = this._fitting(chunk);
      if (bytes.length === 0) continue;
      if (this._controller === null) this._kept.push(bytes);
      else this._controller.enqueue(new Uint8Array(bytes));
    }
    if (this.finished && !this._sent) return void callback();
    this._flush();
    if (this._controller === null || this._controller.desiredSize > 0) callback();
    else this._held = callback;
  },

  /** What of a chunk the head has announced. */
  _fitting(chunk) {
    if (this._contentLength === null) return chunk;
    const bytes = chunk.subarray(0, Math.max(0, this._contentLength - this._passedBytes));
    this._passedBytes += bytes.length;
    return bytes;
  },

  /** Sends the head, with a body that is to be written yet. */
  _flush() {
    if (this._sent) return;
    this._sent = true;
    this._implicitHeader();
    if (!this._hasBody) return void this._send(null);
    const body = new ReadableStream(
      {
        start: (controller) => {
          this._controller = controller;
        },
        pull: () => {
          const callback = this._held;
          this._held = null;
          callback?.();
        },
        cancel: (reason) => void this.destroy(reason instanceof Error ? reason : undefined),
      },
      { highWaterMark: 1 },
    );
    for (const chunk of this._kept.splice(0)) this._controller.enqueue(new Uint8Array(chunk));
    this._send(body);
  },

  _final(callback) {
    if (!this._sent) {
      this._sent = true;
      this._implicitHeader();
      const bytes = Buffer.concat(this._kept.splice(0));
      this._send(this._hasBody && bytes.length > 0 ? bytes : null);
    } else this._controller?.close();
    callback();
  },

  _destroy(error, callback) {
    if (!this.writableFinished && this._controller !== null) {
      try {
        this._controller.error(error ?? new Error("The message was given up"));
      } catch {} // it was cancelled
    }
    callback(error);
  },

  /** A message that belongs to no connection keeps what is written. */
  _send() {
    return true;
  },

  _implicitHeader() {
    throw nodeError(
      Error,
      "ERR_METHOD_NOT_IMPLEMENTED",
      "The _implicitHeader() method is not implemented",
    );
  },
});

for (const [name, get] of Object.entries({
  headersSent() {
    return this._header !== null;
  },
  connection() {
    return this.socket;
  },
  // As in Node.js, which tells the end of a message by other names.
  writable: () => true,
  outputSize() {
    return this.writableLength;
  },
}))
  Object.defineProperty(OutgoingMessage.prototype, name, { get, set() {}, configurable: true });
