// node:fs/promises: https://nodejs.org/docs/latest-v20.x/api/fs.html#promises-api
//
// What is in memory is there at once: each function does its work and then gives a promise of it.

import { Blob } from "../files/blob.js";
import { EventEmitter } from "./events.js";
import { Buffer } from "./buffer.js";
import { bytesOf, encoded, optionsOf, unsupported } from "./fs-arguments.js";
import * as files from "./fs-files.js";
import * as names from "./fs-names.js";
import { createReadStream, createWriteStream } from "./fs-streams.js";

/** An open file: https://nodejs.org/docs/latest-v20.x/api/fs.html#class-filehandle */
export class FileHandle extends EventEmitter {
  #fd;

  constructor(fd) {
    super();
    this.#fd = fd;
  }

  get fd() {
    return this.#fd;
  }

  async appendFile(data, options = undefined) {
    files.appendFileSync(this.#fd, data, options);
  }

  async chmod() {
    files.fchmodSync(this.#fd);
  }

  async chown() {
    files.fchownSync(this.#fd);
  }

  async close() {
    if (this.#fd === -1) return;
    files.closeSync(this.#fd);
    this.#fd = -1;
    this.emit("close");
  }

  createReadStream(options = undefined) {
    return createReadStream("", { ...options, fd: this.#fd });
  }

  createWriteStream(options = undefined) {
    return createWriteStream("", { ...options, fd: this.#fd });
  }

  async datasync() {
    files.fdatasyncSync(this.#fd);
  }

  async read(buffer = undefined, ...range) {
    const isBuffer = ArrayBuffer.isView(buffer);
    const target = isBuffer ? buffer : (buffer?.buffer ?? Buffer.alloc(16_384));
    const rest = isBuffer ? range : [buffer ?? {}];
    return { bytesRead: files.readSync(this.#fd, target, ...rest), buffer: target };
  }

  async readFile(options = undefined) {
    return encoded(files.contentOf(files.opened(this.#fd, "read")), optionsOf(options));
  }

  async *readLines(options = undefined) {
    const text = await this.readFile({ encoding: "utf8", ...options });
    const lines = text.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    yield* lines;
  }

  readableWebStream() {
    return new Blob([files.contentOf(files.opened(this.#fd, "read"))]).stream();
  }

  async readv(buffers, position = null) {
    return { bytesRead: files.readvSync(this.#fd, buffers, position), buffers };
  }

  async stat(options = undefined) {
    return files.fstatSync(this.#fd, options);
  }

  async sync() {
    files.fsyncSync(this.#fd);
  }

  async truncate(length = 0) {
    files.ftruncateSync(this.#fd, length);
  }

  async utimes(atime, mtime) {
    files.futimesSync(this.#fd, atime, mtime);
  }

  async write(buffer, ...range) {
    return { bytesWritten: files.writeSync(this.#fd, buffer, ...range), buffer };
  }

  async writeFile(data, options = undefined) {
    const file = files.opened(this.#fd, "write");
    files.writeTo(file, bytesOf(data, optionsOf(options).encoding), null);
  }

  async writev(buffers, position = null) {
    return { bytesWritten: files.writevSync(this.#fd, buffers, position), buffers };
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}

const pathOrHandle = (path) => (path instanceof FileHandle ? path.fd : path);

export async function open(path, flags = undefined, mode = undefined) {
  return new FileHandle(files.openSync(path, flags, mode));
}

export async function readFile(path, options = undefined) {
  return files.readFileSync(pathOrHandle(path), options);
}

export async function writeFile(path, data, options = undefined) {
  const isWhole = typeof data === "string" || ArrayBuffer.isView(data);
  if (isWhole || data?.[Symbol.asyncIterator] === undefined && data?.[Symbol.iterator] === undefined)
    return files.writeFileSync(pathOrHandle(path), data, options);
  files.writeFileSync(pathOrHandle(path), "", options);
  for await (const chunk of data) files.appendFileSync(pathOrHandle(path), chunk, options);
}

export async function appendFile(path, data, options = undefined) {
  files.appendFileSync(pathOrHandle(path), data, options);
}

export async function* glob(pattern, options = undefined) {
  yield* names.globSync(pattern, options);
}

export function watch() {
  throw unsupported("watch");
}

const later =
  (run) =>
  async (...args) =>
    run(...args);

export const truncate = later(files.truncateSync);
export const access = later(names.accessSync);
export const chmod = later(names.chmodSync);
export const chown = later(names.chownSync);
export const copyFile = later(names.copyFileSync);
export const cp = later(names.cpSync);
export const lchmod = later(names.lchmodSync);
export const lchown = later(names.lchownSync);
export const link = later(names.linkSync);
export const lstat = later(names.lstatSync);
export const lutimes = later(names.lutimesSync);
export const mkdir = later(names.mkdirSync);
export const mkdtemp = later(names.mkdtempSync);
export const opendir = later(names.opendirSync);
export const readdir = later(names.readdirSync);
export const readlink = later(names.readlinkSync);
export const realpath = later(names.realpathSync);
export const rename = later(names.renameSync);
export const rm = later(names.rmSync);
export const rmdir = later(names.rmdirSync);
export const stat = later(names.statSync);
export const statfs = later(names.statfsSync);
export const symlink = later(names.symlinkSync);
export const unlink = later(names.unlinkSync);
export const utimes = later(names.utimesSync);
export const { constants } = names;

export default {
  access,
  appendFile,
  chmod,
  chown,
  constants,
  copyFile,
  cp,
  glob,
  lchmod,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  open,
  opendir,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  watch,
  writeFile,
};
