// node:fs: https://nodejs.org/docs/latest-v20.x/api/fs.html
//
// The files are in memory (fs-tree.js), so functions with callbacks do their work at once and call
// back in a job of their own. Mistakes in the call are thrown, as in Node.js.

import { Blob } from "../files/blob.js";
import { Buffer } from "./buffer.js";
import { requireCallback, unsupported } from "./fs-arguments.js";
import * as files from "./fs-files.js";
import * as names from "./fs-names.js";
import promises from "./fs-promises.js";
import { createReadStream, createWriteStream, ReadStream, WriteStream } from "./fs-streams.js";
import { Dir, Dirent, Stats } from "./fs-stats.js";
import { nextTick } from "./stream-base.js";

export { createReadStream, createWriteStream, Dir, Dirent, promises, ReadStream, Stats, WriteStream };
export { ReadStream as FileReadStream, WriteStream as FileWriteStream };

/** `run` as a function that gives its result, and what `extra` makes of its arguments, later. */
function withCallback(run, extra = () => []) {
  return (...args) => {
    const callback = args.at(-1);
    requireCallback(typeof callback === "function" ? callback : undefined);
    const given = args.slice(0, -1);
    let result;
    try {
      result = run(...given);
    } catch (error) {
      if (error?.syscall === undefined) throw error;
      return void nextTick(callback, error);
    }
    nextTick(callback, null, result, ...extra(...given));
  };
}

const secondOf = (_, data) => [data];

export function exists(path, callback) {
  requireCallback(callback);
  nextTick(callback, names.existsSync(path));
}

/** `(fd, buffer, offset, length, position, callback)`, or options from the second or third on. */
export function read(fd, ...args) {
  const callback = args.pop();
  const [first] = args;
  const isBuffer = ArrayBuffer.isView(first);
  const buffer = isBuffer ? first : (first?.buffer ?? Buffer.alloc(16_384));
  const rest = isBuffer ? args.slice(1) : [first ?? {}];
  withCallback(files.readSync, secondOf)(fd, buffer, ...rest, callback);
}

export async function openAsBlob(path, options = undefined) {
  return new Blob([files.readFileSync(path)], { type: options?.type ?? "" });
}

export function glob(pattern, options, callback = options) {
  withCallback(names.globSync)(pattern, callback === options ? undefined : options, callback);
}

const refuses = (name) => () => {
  throw unsupported(name);
};
export const watch = refuses("watch");
export const watchFile = refuses("watchFile");
export const unwatchFile = () => {};
export const write = withCallback(files.writeSync, secondOf);
export const readv = withCallback(files.readvSync, secondOf);
export const writev = withCallback(files.writevSync, secondOf);
export const access = withCallback(names.accessSync);
export const appendFile = withCallback(files.appendFileSync);
export const chmod = withCallback(names.chmodSync);
export const chown = withCallback(names.chownSync);
export const close = withCallback(files.closeSync);
export const copyFile = withCallback(names.copyFileSync);
export const cp = withCallback(names.cpSync);
export const fchmod = withCallback(files.fchmodSync);
export const fchown = withCallback(files.fchownSync);
export const fdatasync = withCallback(files.fdatasyncSync);
export const fstat = withCallback(files.fstatSync);
export const fsync = withCallback(files.fsyncSync);
export const ftruncate = withCallback(files.ftruncateSync);
export const futimes = withCallback(files.futimesSync);
export const lchmod = withCallback(names.lchmodSync);
export const lchown = withCallback(names.lchownSync);
export const link = withCallback(names.linkSync);
export const lstat = withCallback(names.lstatSync);
export const lutimes = withCallback(names.lutimesSync);
export const mkdir = withCallback(names.mkdirSync);
export const mkdtemp = withCallback(names.mkdtempSync);
export const open = withCallback(files.openSync);
export const opendir = withCallback(names.opendirSync);
export const readFile = withCallback(files.readFileSync);
export const readdir = withCallback(names.readdirSync);
export const readlink = withCallback(names.readlinkSync);
export const realpath = withCallback(names.realpathSync);
export const rename = withCallback(names.renameSync);
export const rm = withCallback(names.rmSync);
export const rmdir = withCallback(names.rmdirSync);
export const stat = withCallback(names.statSync);
export const statfs = withCallback(names.statfsSync);
export const symlink = withCallback(names.symlinkSync);
export const truncate = withCallback(files.truncateSync);
export const unlink = withCallback(names.unlinkSync);
export const utimes = withCallback(names.utimesSync);
export const writeFile = withCallback(files.writeFileSync);

export const {
  appendFileSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readFileSync,
  readSync,
  readvSync,
  truncateSync,
  writeFileSync,
  writeSync,
  writevSync,
} = files;
export const {
  F_OK,
  R_OK,
  W_OK,
  X_OK,
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  lchmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} = names;

export default {
  Dir,
  Dirent,
  F_OK,
  FileReadStream: ReadStream,
  FileWriteStream: WriteStream,
  R_OK,
  ReadStream,
  Stats,
  W_OK,
  WriteStream,
  X_OK,
  access,
  accessSync,
  appendFile,
  appendFileSync,
  chmod,
  chmodSync,
  chown,
  chownSync,
  close,
  closeSync,
  constants,
  copyFile,
  copyFileSync,
  cp,
  cpSync,
  createReadStream,
  createWriteStream,
  exists,
  existsSync,
  fchmod,
  fchmodSync,
  fchown,
  fchownSync,
  fdatasync,
  fdatasyncSync,
  fstat,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  futimes,
  futimesSync,
  glob,
  globSync,
  lchmod,
  lchmodSync,
  lchown,
  lchownSync,
  link,
  linkSync,
  lstat,
  lstatSync,
  lutimes,
  lutimesSync,
  mkdir,
  mkdirSync,
  mkdtemp,
  mkdtempSync,
  open,
  openAsBlob,
  openSync,
  opendir,
  opendirSync,
  promises,
  read,
  readFile,
  readFileSync,
  readSync,
  readdir,
  readdirSync,
  readlink,
  readlinkSync,
  readv,
  readvSync,
  realpath,
  realpathSync,
  rename,
  renameSync,
  rm,
  rmSync,
  rmdir,
  rmdirSync,
  stat,
  statSync,
  statfs,
  statfsSync,
  symlink,
  symlinkSync,
  truncate,
  truncateSync,
  unlink,
  unlinkSync,
  unwatchFile,
  utimes,
  utimesSync,
  watch,
  watchFile,
  write,
  writeFile,
  writeFileSync,
  writeSync,
  writev,
  writevSync,
};
