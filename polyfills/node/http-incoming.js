// IncomingMessage, a request or a response as it is read:
// https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpincomingmessage

import { Buffer } from "./buffer.js";
import { nextTick } from "./stream-base.js";
import { Readable } from "./stream-readable.js";

// Of these a second one counts for nothing; of others the values are joined.
const ONCE = new Set(
  (
    "age authorization content-length content-type etag expires from host if-modified-since" +
    " if-unmodified-since last-modified location max-forwards proxy-authorization referer" +
    " retry-after server user-agent"
  ).split(" "),
);

/** A message whose body is read from `_body`, a ReadableStream or null. */
export function IncomingMessage(socket = undefined) {
  if (!(this instanceof IncomingMessage)) return new IncomingMessage(socket);
  Readable.call(this, socket ? { highWaterMark: socket.readableHighWaterMark } : undefined);
  this.socket = socket;
  this.httpVersion = "1.1";
  this.httpVersionMajor = 1;
  this.httpVersionMinor = 1;
  this.complete = false;
  this.aborted = false;
  this.upgrade = null;
  this.url = "";
  this.method = null;
  this.statusCode = null;
  this.statusMessage = null;
  this.joinDuplicateHeaders = false;
  this.rawHeaders = [];
  this.headers = {};
  this.trailers = {};
  this.rawTrailers = [];
  this._body = null;
  this._reader = null;
  this._consuming = false;
  this._dumped = false;
  this._paused = false;
}
Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
Object.setPrototypeOf(IncomingMessage, Readable);

Object.assign(IncomingMessage.prototype, {
  _read() {
    if (this._body === null) {
      this.complete = true;
      this.push(null);
      return;
    }
    this._reader ??= this._body.getReader();
    this._reader.read().then(
      ({ value, done }) => {
        if (this.destroyed) return;
        if (done) this.complete = true;
        this.req?._touch();
        this.push(done ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      },
      (error) => this.destroy(error),
    );
  },

  _destroy(error, callback) {
    if (!this.readableEnded || !this.complete) {
      this.aborted = true;
      if (error) this.emit("aborted");
      const cancelled = this._reader?.cancel(error) ?? this._body?.cancel?.(error);
      cancelled?.catch(() => {});
    }
    nextTick(() => callback(this.listenerCount("error") > 0 ? error : null));
  },

  setTimeout(milliseconds, callback = undefined) {
    if (callback) this.once("timeout", callback);
    this.socket?.setTimeout?.(milliseconds);
    return this;
  },

  /** Takes over names and values, in turns. */
  _addHeaderLines(lines) {
    this.rawHeaders.push(...lines);
    for (let i = 0; i + 1 < lines.length; i += 2)
      this._addHeaderLine(lines[i], lines[i + 1], this.headers);
  },

  _addHeaderLine(name, value, headers) {
    const key = name.toLowerCase();
    if (key === "set-cookie") (headers[key] ??= []).push(value);
    else if (headers[key] === undefined) headers[key] = value;
    else if (this.joinDuplicateHeaders || !ONCE.has(key))
      headers[key] += `${key === "cookie" ? "; " : ", "}${value}`;
  },
});

Object.defineProperty(IncomingMessage.prototype, "connection", {
  get() {
    return this.socket;
  },
  set(value) {
    this.socket = value;
  },
  configurable: true,
});
Object.defineProperty(IncomingMessage.prototype, "headersDistinct", {
  get() {
    const distinct = {};
    for (let i = 0; i < this.rawHeaders.length; i += 2)
      (distinct[this.rawHeaders[i].toLowerCase()] ??= []).push(this.rawHeaders[i + 1]);
    return distinct;
  },
  configurable: true,
});
Object.defineProperty(IncomingMessage.prototype, "trailersDistinct", {
  get: () => ({}),
  configurable: true,
});
