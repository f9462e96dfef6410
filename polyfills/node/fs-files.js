// node:fs, files that are open and what is in them: the synchronous functions.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#synchronous-api

import { Buffer } from "./buffer.js";
import { invalidType, requireInteger } from "./errors.js";
import { bytesOf, encoded, flagsOf, O, optionsOf, pathOf } from "./fs-arguments.js";
import { fileError } from "./fs-errors.js";
import { Stats } from "./fs-stats.js";
import { find, requireWritable, S_IFREG, tree } from "./fs-tree.js";

const ACCESS = 3;
const DEFAULT_MODE = 0o666;

/** An open file: `position` is where the next read or write begins. */
class OpenFile {
  position = 0;

  constructor(node, flags) {
    this.node = node;
    this.flags = flags;
  }
}

/** The open file of a descriptor. */
export function opened(fd, syscall) {
  requireInteger(fd, "fd", 0, 2 ** 31 - 1);
  const file = tree().descriptors.get(fd);
  if (file === undefined) throw fileError("EBADF", syscall);
  return file;
}

function openFile(path, flags, mode, syscall) {
  const writes = (flags & ACCESS) !== O.O_RDONLY;
  const place = find(path, syscall);
  let { node } = place;
  if (node === undefined) {
    if (!(flags & O.O_CREAT)) throw fileError("ENOENT", syscall, path);
    requireWritable(place.directory, syscall, path);
    node = place.directory.tree.make(S_IFREG | (mode & 0o777));
    place.directory.entries.set(place.name, node);
    place.directory.touch();
  } else if (flags & O.O_CREAT && flags & O.O_EXCL) throw fileError("EEXIST", syscall, path);
  else if (node.isDirectory && writes) throw fileError("EISDIR", syscall, path);
  else if (writes && node.device === undefined) requireWritable(node, syscall, path);
  if (flags & O.O_TRUNC && writes && node.device === undefined) node.resize(0);
  return new OpenFile(node, flags);
}

export function openSync(path, flags = "r", mode = DEFAULT_MODE) {
  return tree().open(openFile(pathOf(path), flagsOf(flags), mode ?? DEFAULT_MODE, "open"));
}

export function closeSync(fd) {
  opened(fd, "close");
  tree().descriptors.delete(fd);
}

/** Up to `length` bytes; from `position` on, or from where the last read ended if it is null. */
export function readFrom(file, position, length) {
  if (file.node.isDirectory) throw fileError("EISDIR", "read");
  if ((file.flags & ACCESS) === O.O_WRONLY) throw fileError("EBADF", "read");
  const bytes = file.node.read(position ?? file.position, length);
  if (position === null) file.position += bytes.length;
  return bytes;
}

/** Writes all of it; returns its length. */
export function writeTo(file, data, position) {
  if ((file.flags & ACCESS) === O.O_RDONLY) throw fileError("EBADF", "write");
  const appends = file.flags & O.O_APPEND;
  file.node.write(appends ? file.node.size : (position ?? file.position), data);
  if (position === null) file.position = appends ? file.node.size : file.position + data.length;
  return data.length;
}

const positionOf = (position) =>
  typeof position === "bigint"
    ? Number(position)
    : typeof position === "number" && position >= 0
      ? position
      : null;

/** `(buffer, offset, length, position)` or `(buffer, { offset, length, position })`. */
export function rangeOf(buffer, offset, length, position) {
  if (!ArrayBuffer.isView(buffer)) throw invalidType("buffer", ["Buffer", "TypedArray", "DataView"], buffer);
  let range = { offset, length, position };
  if (offset !== null && typeof offset === "object") range = offset;
  const from = range.offset ?? 0;
  const size = range.length ?? buffer.byteLength - from;
  requireInteger(from, "offset", 0, buffer.byteLength);
  requireInteger(size, "length", 0, buffer.byteLength - from);
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + from, size);
  return { bytes, position: positionOf(range.position) };
}

export function readSync(fd, buffer, offset = undefined, length = undefined, position = null) {
  const range = rangeOf(buffer, offset, length, position);
  const bytes = readFrom(opened(fd, "read"), range.position, range.bytes.length);
  range.bytes.set(bytes);
  return bytes.length;
}

export function writeSync(fd, data, offset = undefined, length = undefined, position = null) {
  const file = opened(fd, "write");
  if (typeof data === "string") return writeTo(file, bytesOf(data, length), positionOf(offset));
  const range = rangeOf(data, offset, length, position);
  return writeTo(file, range.bytes, range.position);
}

export function readvSync(fd, buffers, position = null) {
  let count = 0;
  for (const buffer of buffers) {
    const read = readSync(fd, buffer, 0, buffer.byteLength, position === null ? null : position + count);
    count += read;
    if (read < buffer.byteLength) break;
  }
  return count;
}

export function writevSync(fd, buffers, position = null) {
  let count = 0;
  for (const buffer of buffers)
    count += writeSync(fd, buffer, 0, buffer.byteLength, position === null ? null : position + count);
  return count;
}

export function fstatSync(fd, options = undefined) {
  return new Stats(opened(fd, "fstat").node, options?.bigint);
}

export function ftruncateSync(fd, length = 0) {
  const file = opened(fd, "ftruncate");
  if ((file.flags & ACCESS) === O.O_RDONLY) throw fileError("EINVAL", "ftruncate");
  if (file.node.device === undefined) file.node.resize(Math.max(0, length ?? 0));
}

export const fsyncSync = (fd) => void opened(fd, "fsync");
export const fdatasyncSync = (fd) => void opened(fd, "fdatasync");
export const fchmodSync = (fd) => void opened(fd, "fchmod");
export const fchownSync = (fd) => void opened(fd, "fchown");

export function futimesSync(fd, atime, mtime) {
  setTimes(opened(fd, "futimes").node, atime, mtime);
}

/** Sets a node's times, each given in seconds, as a Date or as a text of either. */
export function setTimes(node, atime, mtime) {
  const milliseconds = (time) =>
    time instanceof Date || (typeof time === "string" && Number.isNaN(Number(time)))
      ? new Date(time).getTime()
      : Number(time) * 1000;
  node.atime = milliseconds(atime);
  node.mtime = milliseconds(mtime);
}

/** The open file of a descriptor, or of a path that is opened for this. */
function fileOf(path, flags, mode) {
  if (typeof path === "number") return opened(path, "open");
  return openFile(pathOf(path), flagsOf(flags), mode ?? DEFAULT_MODE, "open");
}

/** All bytes of an open file from its position on. */
export function contentOf(file) {
  if (file.node.device !== undefined && file.node.device !== "null") throw fileError("EINVAL", "read");
  return Buffer.from(readFrom(file, null, Math.max(0, file.node.size - file.position)));
}

export function readFileSync(path, options = undefined) {
  const wanted = optionsOf(options);
  return encoded(contentOf(fileOf(path, wanted.flag)), wanted);
}

export function writeFileSync(path, data, options = undefined) {
  const { encoding, flag = "w", mode } = optionsOf(options);
  const bytes = bytesOf(data, encoding);
  writeTo(fileOf(path, flag, mode), bytes, null);
}

export function appendFileSync(path, data, options = undefined) {
  writeFileSync(path, data, { flag: "a", ...optionsOf(options) });
}

export function truncateSync(path, length = 0) {
  const file = fileOf(path, "r+");
  if (file.node.device === undefined) file.node.resize(Math.max(0, length ?? 0));
}
