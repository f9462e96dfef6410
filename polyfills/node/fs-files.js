// node:fs, files that are open and what is in them: the synchronous functions.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#synchronous-api

import { Buffer } from "./buffer.js";
import {
  invalidType,
  outOfRange,
  requireBoolean,
  requireInteger,
  requireObject,
} from "./errors.js";
import {
  bytesOf,
  encoded,
  flagsOf,
  millisecondsOf,
  modeOf,
  optionsOf,
  pathOf,
  requireMode,
  requireOwner,
  requireWanted,
} from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import { fileError } from "./fs-errors.js";
import { Node, STANDARD_STREAMS } from "./fs-node.js";
import { statsOf } from "./fs-stats.js";
import { find, make, requireWritable, tree } from "./fs-tree.js";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } =
  constants;
const { S_IFCHR, S_IFREG } = constants;
const ACCESS = 3;
const DEFAULT_MODE = 0o666;

/** An open file: `position` is where the next read or write begins. */
class OpenFile {
  position = 0;

  constructor(node, flags) {
    this.node = node;
    this.flags = flags;
  }

  get canRead() {
    return (this.flags & ACCESS) !== O_WRONLY;
  }

  get canWrite() {
    return (this.flags & ACCESS) !== O_RDONLY;
  }
}

const standard = STANDARD_STREAMS.map((name, fd) => {
  const node = new Node(null, S_IFCHR | 0o620, fd);
  node.device = name;
  return new OpenFile(node, O_RDWR);
});

const requireDescriptor = (fd) => requireInteger(fd, "fd", 0, 2 ** 31 - 1);

/** The open file of a descriptor. */
export function opened(fd, syscall) {
  requireDescriptor(fd);
  const file = tree().descriptors.get(fd) ?? standard[fd];
  if (file === undefined) throw fileError("EBADF", syscall);
  return file;
}

function openFile(path, flags, mode) {
  const isNew = flags & O_CREAT && flags & O_EXCL;
  const place = find(path, "open", { follows: !isNew });
  let { node } = place;
  if (node !== undefined && isNew) throw fileError("EEXIST", "open", path);
  if (node === undefined) {
    if (!(flags & O_CREAT)) throw fileError("ENOENT", "open", path);
    node = make(place, S_IFREG | (mode & 0o777), "open", path);
  }
  const file = new OpenFile(node, flags);
  if (node.isDirectory && (file.canWrite || flags & O_CREAT))
    throw fileError("EISDIR", "open", path);
  if (flags & O_DIRECTORY && !node.isDirectory) throw fileError("ENOTDIR", "open", path);
  if (file.canWrite && node.device === undefined) requireWritable(node, "open", path);
  if (flags & O_TRUNC && file.canWrite) node.resize(0);
  return file;
}

export function openSync(path, flags = "r", mode = undefined) {
  const full = pathOf(path);
  const way = flagsOf(flags);
  return tree().open(openFile(full, way, modeOf(mode, "mode", DEFAULT_MODE)));
}

export function closeSync(fd) {
  if (!standard.includes(opened(fd, "close"))) tree().close(fd);
}

/** Up to `length` bytes; from `position` on, or from where the last read ended if it is null. */
export function readFrom(file, position, length) {
  if (file.node.isDirectory) throw fileError("EISDIR", "read");
  if (!file.canRead) throw fileError("EBADF", "read");
  const bytes = file.node.read(position ?? file.position, length);
  if (position === null) file.position += bytes.length;
  return bytes;
}

/** Writes all of it; returns its length. */
export function writeTo(file, data, position) {
  if (!file.canWrite) throw fileError("EBADF", "write");
  const appends = file.flags & O_APPEND;
  file.node.write(appends ? file.node.size : (position ?? file.position), data);
  if (position === null) file.position = appends ? file.node.size : file.position + data.length;
  return data.length;
}

/** Where to write, or null for where the last write ended. */
const writePositionOf = (position) =>
  typeof position === "number" || typeof position === "bigint"
    ? positionOf(Number(position))
    : null;

/** Where to read, or null for where the last read ended. */
function readPositionOf(position) {
  if (position === undefined || position === null) return null;
  if (typeof position !== "bigint" && typeof position !== "number")
    throw invalidType("position", ["bigint", "integer"], position);
  if (typeof position === "number") requireInteger(position, "position");
  return positionOf(Number(position));
}

const positionOf = (position) => (position >= 0 ? position : null);

function requireUpTo(value, name, most) {
  requireInteger(value, name);
  if (value < 0) throw outOfRange(name, ">= 0", value);
  if (value > most) throw outOfRange(name, `<= ${most}`, value);
}

/** The part of a buffer from `offset` on. */
function partOf(buffer, offset, length) {
  const from = offset ?? 0;
  requireUpTo(from, "offset", buffer.byteLength);
  const size = length ?? buffer.byteLength - from;
  requireUpTo(size, "length", buffer.byteLength - from);
  return new Uint8Array(buffer.buffer, buffer.byteOffset + from, size);
}

/** `(fd, buffer, offset, length, position)` or `(fd, buffer, { offset, length, position })`. */
export function readSync(fd, buffer, ...range) {
  const file = opened(fd, "read");
  if (!ArrayBuffer.isView(buffer))
    throw invalidType("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  let [offset, length, position] = range;
  if (range.length < 2 && offset !== undefined && offset !== null) {
    requireObject(offset, "options");
    ({ offset, length, position } = offset);
  }
  const into = partOf(buffer, offset, length);
  const bytes = readFrom(file, readPositionOf(position), into.length);
  into.set(bytes);
  return bytes.length;
}

/** The same for writing, and `(fd, text, position, encoding)`. */
export function writeSync(fd, data, offset = undefined, length = undefined, position = undefined) {
  const file = opened(fd, "write");
  if (typeof data === "string")
    return writeTo(file, bytesOf(data, length), writePositionOf(offset));
  const bytes = bytesOf(data, undefined, "buffer");
  if (offset !== null && typeof offset === "object") ({ offset, length, position } = offset);
  return writeTo(file, partOf(bytes, offset, length), writePositionOf(position));
}

/** What `transfer` does with each buffer, in order; ends where one is not filled. */
function each(transfer, fd, buffers, position) {
  if (!Array.isArray(buffers) || !buffers.every(ArrayBuffer.isView))
    throw invalidType("buffers", "ArrayBufferView[]", buffers);
  const start = typeof position === "number" ? position : null;
  let count = 0;
  for (const buffer of buffers) {
    const at = start === null ? null : start + count;
    const size = transfer(fd, buffer, 0, buffer.byteLength, at);
    count += size;
    if (size < buffer.byteLength) break;
  }
  return count;
}

export const readvSync = (fd, buffers, position = null) => each(readSync, fd, buffers, position);
export const writevSync = (fd, buffers, position = null) => each(writeSync, fd, buffers, position);

export function fstatSync(fd, options = undefined) {
  return statsOf(opened(fd, "fstat").node, options);
}

/** The new size of a file; a negative one is none. */
function sizeOf(length) {
  requireInteger(length, "len");
  return Math.max(0, length);
}

export function ftruncateSync(fd, length = 0) {
  const size = sizeOf(length);
  const file = opened(fd, "ftruncate");
  if (!file.canWrite) throw fileError("EINVAL", "ftruncate");
  file.node.resize(size);
}

export const fsyncSync = (fd) => void opened(fd, "fsync");
export const fdatasyncSync = (fd) => void opened(fd, "fdatasync");

export function fchmodSync(fd, mode) {
  requireDescriptor(fd);
  requireMode(mode);
  opened(fd, "fchmod");
}

export function fchownSync(fd, uid, gid) {
  requireDescriptor(fd);
  requireOwner(uid, gid);
  opened(fd, "fchown");
}

export function futimesSync(fd, atime, mtime) {
  requireDescriptor(fd);
  const times = timesOf(atime, mtime, ["atime", "mtime"]);
  setTimes(opened(fd, "futime").node, times, "futime");
}

/** Two times as milliseconds; `names` are what errors call them. */
export function timesOf(atime, mtime, [first, second] = ["time", "time"]) {
  return [millisecondsOf(atime, first), millisecondsOf(mtime, second)];
}

export function setTimes(node, [atime, mtime], syscall, path = undefined) {
  if (Number.isNaN(atime) || Number.isNaN(mtime)) throw fileError("EINVAL", syscall, path);
  Object.assign(node, { atime, mtime, ctime: Date.now() });
}

/** The open file of a descriptor, or of a path that is opened for this. */
function fileOf(path, flags, mode = undefined) {
  if (typeof path === "number") return opened(path, "open");
  return openFile(pathOf(path), flagsOf(flags), modeOf(mode, "mode", DEFAULT_MODE));
}

/** All bytes of an open file from its position on. */
export function contentOf(file) {
  const { device, size } = file.node;
  if (device !== undefined && device !== "null" && device !== "stdin") throw fileError("EINVAL", "read");
  return Buffer.from(readFrom(file, null, Math.max(0, size - file.position)));
}

export function readFileSync(path, options = undefined) {
  const wanted = optionsOf(options);
  requireWanted(wanted);
  return encoded(contentOf(fileOf(path, wanted.flag)), wanted);
}

export function writeFileSync(path, data, options = undefined) {
  const wanted = optionsOf(options);
  const { encoding, flag = "w", mode, flush } = wanted;
  if (flush !== undefined && flush !== null) requireBoolean(flush, "options.flush");
  const bytes = bytesOf(data, encoding);
  requireWanted(wanted);
  writeTo(fileOf(path, flag, mode), bytes, null);
}

export function appendFileSync(path, data, options = undefined) {
  writeFileSync(path, data, { flag: "a", ...optionsOf(options) });
}

export function truncateSync(path, length = 0) {
  const size = sizeOf(length ?? 0);
  fileOf(path, "r+").node.resize(size);
}
