// node:fs, files as streams: https://nodejs.org/docs/latest-v20.x/api/fs.html#class-fsreadstream

import { invalidType, outOfRange, requireBoolean, requireInteger } from "./errors.js";
import { bytesOf, optionsOf, pathOf } from "./fs-arguments.js";
import { streamCalls } from "./fs-stream-calls.js";
import { fail } from "./stream-base.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

const CHUNK_BYTES = 65_536;
const WRITE_BYTES = 16_384;
const DEFAULT_MODE = 0o666;

/** The options, with those that they inherit. */
function streamOptions(options) {
  if (options !== undefined && options !== null && !["object", "string"].includes(typeof options))
    throw invalidType("options", ["string", "object"], options);
  const all = {};
  const wanted = optionsOf(options);
  for (const name in wanted) all[name] = wanted[name];
  return all;
}

function requirePosition(value, name) {
  if (value !== undefined && (name !== "end" || value !== Infinity)) requireInteger(value, name, 0);
}

/** What both kinds of streams have; a FileHandle may stand for its descriptor. */
function begin(stream, path, options, flags) {
  const { fd = null } = options;
  const handle = fd !== null && typeof fd === "object" && "fd" in fd ? fd : undefined;
  if (fd !== null && typeof fd !== "number" && handle === undefined)
    throw invalidType("options.fd", ["number", "FileHandle"], fd);
  stream.fd = handle === undefined ? fd : handle.descriptor("open");
  if (fd === null) stream.path = pathOf(path);
  stream.flags = options.flags ?? options.flag ?? flags;
  stream.mode = options.mode ?? DEFAULT_MODE;
  requirePosition(options.start, "start");
  stream.start = options.start;
  stream.pos = options.start;
  stream._calls = streamCalls(options, handle);
  stream._isCalling = false;
  handle?.on("close", () => stream.close());
}

/** Waits for what is under way, and closes the file. */
function closeFile(error, callback) {
  if (this._isCalling) {
    this.once("called", () => closeFile.call(this, error, callback));
    return;
  }
  const { fd, _calls: calls } = this;
  this.fd = null;
  const done = (failure) => callback(error ?? failure);
  if (fd === null) return void done();
  if (!this.flush) return void calls.close(fd, done);
  calls.fsync(fd, (failure) => (failure ? done(failure) : calls.close(fd, done)));
}

/** `stream.open`, which does nothing, and which libraries replace: the stream then calls theirs. */
function openNothing() {}

/** Opens the stream's file before anything is read or written. */
function construct(callback) {
  if (typeof this.fd === "number") return void callback();
  if (![openNothing, undefined].includes(this.open)) return void openByScript(this, callback);
  this._calls.open(this.path, this.flags, this.mode, (error, fd) => {
    if (error) return void callback(error);
    this.fd = fd;
    callback();
    this.emit("open", fd);
    this.emit("ready");
  });
}

/** A library's own `open`, such as graceful-fs's, tells its end by events. */
function openByScript(stream, callback) {
  const { emit } = stream;
  stream.emit = function (name, ...args) {
    if (name === "open" || name === "error") {
      stream.emit = emit;
      callback(name === "error" ? args[0] : undefined);
      if (name === "error") return;
    }
    return Reflect.apply(emit, this, [name, ...args]);
  };
  stream.open();
}

/** Notes that a call is under way until its callback is called. */
function calling(stream, callback) {
  stream._isCalling = true;
  return (error, result) => {
    stream._isCalling = false;
    if (stream.destroyed) stream.emit("called");
    callback(error, result);
  };
}

export function ReadStream(path, options = undefined) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  const wanted = streamOptions(options);
  begin(this, path, wanted, "r");
  requirePosition(wanted.end, "end");
  this.end = wanted.end ?? Infinity;
  if (this.start > this.end)
    throw outOfRange("start", `<= "end" (here: ${this.end})`, this.start);
  this.bytesRead = 0;
  const highWaterMark = wanted.highWaterMark ?? CHUNK_BYTES;
  const autoDestroy = wanted.autoClose ?? wanted.autoDestroy ?? true;
  Readable.call(this, { ...wanted, highWaterMark, autoDestroy });
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

ReadStream.prototype._read = function _read(size) {
  const left = this.end - (this.start ?? 0) + 1 - this.bytesRead;
  const wanted = Math.min(size, left);
  if (wanted <= 0) return void this.push(null);
  const done = calling(this, (error, bytes) => {
    if (this.destroyed) return;
    if (error) return void fail(this, error);
    if (this.pos !== undefined) this.pos += bytes.length;
    this.bytesRead += bytes.length;
    this.push(bytes.length === 0 ? null : bytes);
  });
  this._calls.read(this.fd, wanted, this.pos ?? null, done);
};

ReadStream.prototype.close = function close(callback = undefined) {
  closeAfter(this, callback);
  this.destroy();
};

export function WriteStream(path, options = undefined) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  const wanted = streamOptions(options);
  begin(this, path, wanted, "w");
  if (wanted.flush !== undefined && wanted.flush !== null)
    requireBoolean(wanted.flush, "options.flush");
  this.flush = wanted.flush ?? false;
  this.bytesWritten = 0;
  if (this._calls.writev === undefined) this._writev = null;
  const highWaterMark = wanted.highWaterMark ?? WRITE_BYTES;
  const autoDestroy = wanted.autoClose ?? wanted.autoDestroy ?? true;
  Writable.call(this, { ...wanted, highWaterMark, autoDestroy });
  if (wanted.encoding) this.setDefaultEncoding(wanted.encoding);
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);

/** Writes chunks by one call, `write(chunks, position, callback)`, and what it leaves by others. */
function writeAll(stream, chunks, write, callback) {
  const done = calling(stream, (error, count) => {
    if (error) return void callback(error);
    if (stream.pos !== undefined) stream.pos += count;
    stream.bytesWritten += count;
    const rest = after(chunks, count);
    if (rest.length === 0 || stream.destroyed) callback();
    else writeAll(stream, rest, write, callback);
  });
  write(chunks, stream.pos ?? null, done);
}

/** What is behind the first `count` bytes of chunks. */
function after(chunks, count) {
  const rest = [];
  for (const chunk of chunks) {
    if (chunk.length > count) rest.push(chunk.subarray(count));
    count = Math.max(0, count - chunk.length);
  }
  return rest;
}

WriteStream.prototype._write = function _write(chunk, encoding, callback) {
  const write = ([bytes], position, done) => this._calls.write(this.fd, bytes, position, done);
  writeAll(this, [bytesOf(chunk)], write, callback);
};

WriteStream.prototype._writev = function _writev(entries, callback) {
  const write = (chunks, position, done) => this._calls.writev(this.fd, chunks, position, done);
  const chunks = entries.map(({ chunk }) => bytesOf(chunk));
  writeAll(this, chunks, write, callback);
};

WriteStream.prototype.close = function close(callback = undefined) {
  closeAfter(this, callback);
  if (!this.autoClose) this.on("finish", this.destroy);
  this.end();
};

function closeAfter(stream, callback) {
  if (typeof callback !== "function") return;
  if (stream.closed) queueMicrotask(() => callback());
  else stream.once("close", () => callback());
}

for (const [{ prototype }, side] of [
  [ReadStream, "_readableState"],
  [WriteStream, "_writableState"],
]) {
  Object.assign(prototype, { open: openNothing, _construct: construct, _destroy: closeFile });
  Object.defineProperty(prototype, "pending", {
    get() {
      return this.fd === null;
    },
    configurable: true,
  });
  Object.defineProperty(prototype, "autoClose", {
    get() {
      return this[side].autoDestroy;
    },
    set(value) {
      this[side].autoDestroy = value;
    },
  });
}

export function createReadStream(path, options = undefined) {
  return new ReadStream(path, options);
}
export function createWriteStream(path, options = undefined) {
  return new WriteStream(path, options);
}
