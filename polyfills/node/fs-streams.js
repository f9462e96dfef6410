// node:fs, files as streams: https://nodejs.org/docs/latest-v20.x/api/fs.html#class-fsreadstream

import { Buffer } from "./buffer.js";
import { invalidType, outOfRange, requireInteger } from "./errors.js";
import { bytesOf, optionsOf, pathOf } from "./fs-arguments.js";
import { closeSync, opened, openSync, readFrom, writeTo } from "./fs-files.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

const CHUNK_BYTES = 65_536;
const WRITE_BYTES = 16_384;
const DEFAULT_MODE = 0o666;

function streamOptions(options) {
  if (options !== undefined && options !== null && !["object", "string"].includes(typeof options))
    throw invalidType("options", ["string", "object"], options);
  return optionsOf(options);
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
  stream.path = fd === null ? pathOf(path) : path;
  stream.flags = options.flags ?? options.flag ?? flags;
  stream.mode = options.mode ?? DEFAULT_MODE;
  requirePosition(options.start, "start");
  stream.start = options.start;
  stream.pos = options.start;
  stream.autoClose = options.autoClose ?? options.autoDestroy ?? true;
  if (fd === null) stream._construct = open;
  stream._destroy = (error, callback) => {
    const { fd: open } = stream;
    stream.fd = null;
    try {
      if (handle !== undefined) handle.close();
      else if (open !== null) closeSync(open);
    } catch (failure) {
      error ??= failure;
    }
    callback(error);
  };
}

/** Opens the stream's file when the stream begins. */
function open(callback) {
  try {
    this.fd = openSync(this.path, this.flags, this.mode);
  } catch (error) {
    return callback(error);
  }
  callback();
  this.emit("open", this.fd);
  this.emit("ready");
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
  Readable.call(this, { ...wanted, highWaterMark, autoDestroy: this.autoClose });
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

ReadStream.prototype._read = function _read(size) {
  let bytes;
  try {
    const left = this.end - (this.start ?? 0) + 1 - this.bytesRead;
    bytes = readFrom(opened(this.fd, "read"), this.pos ?? null, Math.min(size, left));
  } catch (error) {
    return void this.destroy(error);
  }
  if (this.pos !== undefined) this.pos += bytes.length;
  this.bytesRead += bytes.length;
  this.push(bytes.length === 0 ? null : Buffer.from(bytes));
};

ReadStream.prototype.close = function close(callback = undefined) {
  closeAfter(this, callback);
  this.destroy();
};

export function WriteStream(path, options = undefined) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  const wanted = streamOptions(options);
  begin(this, path, wanted, "w");
  this.bytesWritten = 0;
  const highWaterMark = wanted.highWaterMark ?? WRITE_BYTES;
  Writable.call(this, { ...wanted, highWaterMark, autoDestroy: this.autoClose });
  if (wanted.encoding) this.setDefaultEncoding(wanted.encoding);
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);

WriteStream.prototype._write = function _write(chunk, encoding, callback) {
  try {
    const count = writeTo(opened(this.fd, "write"), bytesOf(chunk), this.pos ?? null);
    if (this.pos !== undefined) this.pos += count;
    this.bytesWritten += count;
  } catch (error) {
    return void callback(error);
  }
  callback();
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

for (const { prototype } of [ReadStream, WriteStream])
  Object.defineProperty(prototype, "pending", {
    get() {
      return this.fd === null;
    },
    configurable: true,
  });

export const createReadStream = (path, options = undefined) => new ReadStream(path, options);
export const createWriteStream = (path, options = undefined) => new WriteStream(path, options);
