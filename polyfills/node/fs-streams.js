// node:fs, files as streams: https://nodejs.org/docs/latest-v20.x/api/fs.html#class-fsreadstream

import { Buffer } from "./buffer.js";
import { bytesOf, optionsOf } from "./fs-arguments.js";
import { closeSync, opened, openSync, readFrom, writeTo } from "./fs-files.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

const CHUNK_BYTES = 65_536;

/** Opens the stream's file when the stream begins; a FileHandle stands for its descriptor. */
function openFor(stream, path, options, flags) {
  stream.path = path;
  stream.fd = typeof options.fd === "object" ? options.fd?.fd : options.fd;
  stream.flags = options.flags ?? options.flag ?? flags;
  stream.mode = options.mode;
  stream._construct = (callback) => {
    try {
      stream.fd ??= openSync(path, stream.flags, stream.mode);
    } catch (error) {
      return callback(error);
    }
    callback();
    stream.emit("open", stream.fd);
    stream.emit("ready");
  };
  stream._destroy = (error, callback) => {
    const { fd } = stream;
    if (typeof fd === "number" && options.autoClose !== false) {
      try {
        closeSync(fd);
      } catch (failure) {
        return callback(error ?? failure);
      } finally {
        stream.fd = null;
      }
    }
    callback(error);
  };
  stream.close = (callback) => {
    if (callback) stream.once("close", callback);
    stream.destroy();
  };
}

export function ReadStream(path, options = undefined) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options);
  const wanted = optionsOf(options);
  openFor(this, path, wanted, "r");
  this.start = wanted.start;
  this.end = wanted.end ?? Infinity;
  this.bytesRead = 0;
  let position = wanted.start ?? null;
  this._read = (size) => {
    let bytes;
    try {
      const left = this.end - (this.start ?? 0) + 1 - this.bytesRead;
      bytes = readFrom(opened(this.fd, "read"), position, Math.min(size, left));
    } catch (error) {
      return this.destroy(error);
    }
    if (position !== null) position += bytes.length;
    this.bytesRead += bytes.length;
    this.push(bytes.length === 0 ? null : Buffer.from(bytes));
  };
  Readable.call(this, { highWaterMark: CHUNK_BYTES, ...wanted });
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype);
Object.setPrototypeOf(ReadStream, Readable);

export function WriteStream(path, options = undefined) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options);
  const wanted = optionsOf(options);
  openFor(this, path, wanted, "w");
  this.bytesWritten = 0;
  let position = wanted.start ?? null;
  this._write = (chunk, encoding, callback) => {
    try {
      const count = writeTo(opened(this.fd, "write"), bytesOf(chunk, encoding), position);
      if (position !== null) position += count;
      this.bytesWritten += count;
    } catch (error) {
      return callback(error);
    }
    callback();
  };
  Writable.call(this, { ...wanted, decodeStrings: false, defaultEncoding: wanted.encoding ?? "utf8" });
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype);
Object.setPrototypeOf(WriteStream, Writable);

export const createReadStream = (path, options = undefined) => new ReadStream(path, options);
export const createWriteStream = (path, options = undefined) => new WriteStream(path, options);
