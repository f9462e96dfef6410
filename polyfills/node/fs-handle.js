// FileHandle, an open file of node:fs/promises:
// https://nodejs.org/docs/latest-v20.x/api/fs.html#class-filehandle

import { Blob } from "../files/blob.js";
import { Buffer } from "./buffer.js";
import { nodeError } from "./errors.js";
import { EventEmitter } from "./events.js";
import { encoded, optionsOf, requireWanted } from "./fs-arguments.js";
import * as files from "./fs-files.js";
import { createReadStream, createWriteStream } from "./fs-streams.js";
import { createInterface } from "./readline.js";

const CLOSED = -1;
const READ_BYTES = 16_384;

export class FileHandle extends EventEmitter {
  #fd;
  #isLocked = false;

  constructor(fd) {
    super();
    this.#fd = fd;
  }

  get fd() {
    return this.#fd;
  }

  /** The descriptor for a call of the system; throws when the file was closed. */
  descriptor(syscall) {
    if (this.#fd !== CLOSED) return this.#fd;
    throw Object.assign(new Error("file closed"), { code: "EBADF", syscall });
  }

  async appendFile(data, options = undefined) {
    files.appendFileSync(this.descriptor("writeFile"), data, options);
  }

  async chmod(mode) {
    files.fchmodSync(this.descriptor("fchmod"), mode);
  }

  async chown(uid, gid) {
    files.fchownSync(this.descriptor("fchown"), uid, gid);
  }

  async close() {
    if (this.#fd === CLOSED) return;
    const fd = this.#fd;
    this.#fd = CLOSED;
    files.closeSync(fd);
    this.emit("close");
  }

  createReadStream(options = undefined) {
    return createReadStream(undefined, { ...options, fd: this });
  }

  createWriteStream(options = undefined) {
    return createWriteStream(undefined, { ...options, fd: this });
  }

  async datasync() {
    files.fdatasyncSync(this.descriptor("fdatasync"));
  }

  /** `(buffer, offset, length, position)`, or options in place of all, or from the second on. */
  async read(buffer = undefined, ...range) {
    const fd = this.descriptor("read");
    const isBuffer = ArrayBuffer.isView(buffer);
    const target = isBuffer ? buffer : (buffer?.buffer ?? Buffer.alloc(READ_BYTES));
    const rest = isBuffer ? range : [buffer ?? {}];
    return { __proto__: null, bytesRead: files.readSync(fd, target, ...rest), buffer: target };
  }

  async readFile(options = undefined) {
    const wanted = optionsOf(options);
    const file = files.opened(this.descriptor("readFile"), "read");
    requireWanted(wanted);
    return encoded(files.contentOf(file), wanted);
  }

  readLines(options = undefined) {
    return createInterface({ input: this.createReadStream(options), crlfDelay: Infinity });
  }

  readableWebStream() {
    const file = files.opened(this.descriptor("read"), "read");
    if (this.#isLocked)
      throw nodeError(Error, "ERR_INVALID_STATE", "Invalid state: The FileHandle is locked");
    this.#isLocked = true;
    return new Blob([files.contentOf(file)]).stream();
  }

  async readv(buffers, position = null) {
    const bytesRead = files.readvSync(this.descriptor("readv"), buffers, position);
    return { __proto__: null, bytesRead, buffers };
  }

  async stat(options = undefined) {
    return files.fstatSync(this.descriptor("fstat"), options);
  }

  async sync() {
    files.fsyncSync(this.descriptor("fsync"));
  }

  async truncate(length = 0) {
    files.ftruncateSync(this.descriptor("ftruncate"), length);
  }

  async utimes(atime, mtime) {
    files.futimesSync(this.descriptor("futimes"), atime, mtime);
  }

  async write(buffer, ...range) {
    const bytesWritten = files.writeSync(this.descriptor("write"), buffer, ...range);
    return { __proto__: null, bytesWritten, buffer };
  }

  async writeFile(data, options = undefined) {
    await writeAll(this, data, optionsOf(options));
  }

  async writev(buffers, position = null) {
    const bytesWritten = files.writevSync(this.descriptor("writev"), buffers, position);
    return { __proto__: null, bytesWritten, buffers };
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}

const isList = (data) =>
  typeof data !== "string" &&
  !ArrayBuffer.isView(data) &&
  (data?.[Symbol.asyncIterator] ?? data?.[Symbol.iterator]) !== undefined;

/** Writes data, or all that an iterable gives, from where the file's last write ended. */
export async function writeAll(handle, data, options) {
  const { encoding, signal } = options;
  const writeOne = (chunk) =>
    files.writeFileSync(handle.descriptor("writeFile"), chunk, { encoding, signal });
  if (!isList(data)) return writeOne(data);
  for await (const chunk of data)
    writeOne(ArrayBuffer.isView(chunk) ? chunk : Buffer.from(chunk, encoding));
}
