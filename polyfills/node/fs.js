// node:fs: https://nodejs.org/docs/latest-v20.x/api/fs.html
//
// The files are in memory (fs-tree.js), so functions with callbacks do their work at once and call
// back in a job of their own. Mistakes in the call are thrown, as in Node.js.

import { Blob } from "../files/blob.js";
import { Buffer } from "./buffer.js";
import { requireObject, requireString } from "./errors.js";
import { pathOf, requireCallback, unsupported } from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import * as copies from "./fs-copy.js";
import { Dir } from "./fs-dir.js";
import * as directories from "./fs-directories.js";
import * as files from "./fs-files.js";
import { globSync } from "./fs-glob.js";
import * as names from "./fs-names.js";
import promises from "./fs-promises.js";
import { createReadStream, createWriteStream, ReadStream, WriteStream } from "./fs-streams.js";
import { Dirent, Stats } from "./fs-stats.js";
import { customPromisify } from "./promisify.js";
import { nextTick } from "./stream-base.js";

export {
  constants,
  createReadStream,
  createWriteStream,
  Dir,
  Dirent,
  globSync,
  promises,
  ReadStream,
  Stats,
  WriteStream,
};
export { ReadStream as FileReadStream, WriteStream as FileWriteStream };
export const { F_OK, R_OK, W_OK, X_OK } = constants;

/** Calls back later with a result, unless it is undefined, and what comes besides. */
function answer(callback, run, besides = []) {
  let result;
  try {
    result = run();
  } catch (error) {
    if (error?.syscall === undefined && error?.name !== "AbortError") throw error;
    return void nextTick(callback, error);
  }
  nextTick(callback, null, ...(result === undefined ? [] : [result]), ...besides);
}

/** Takes the callback off the end of the arguments. */
function callbackOf(args) {
  const last = args.pop();
  if (typeof last !== "function") requireCallback(undefined);
  return last;
}

const named = (run, name) => Object.defineProperty(run, "name", { value: name });

/** The asynchronous function of a synchronous one. */
function withCallback(run) {
  function later(...args) {
    const callback = callbackOf(args);
    answer(callback, () => run(...args));
  }
  return named(later, run.name.replace(/Sync$/, ""));
}

/** One that also tells of the data; as a promise, it gives an object with these properties. */
function transferring(run, [count, data]) {
  function later(fd, ...args) {
    const callback = callbackOf(args);
    answer(callback, () => run(fd, ...args), [args[0]]);
  }
  const promised = async (fd, ...args) => ({ [count]: run(fd, ...args), [data]: args[0] });
  Object.defineProperty(later, customPromisify, { value: promised, configurable: true });
  return named(later, run.name.replace(/Sync$/, ""));
}

export function exists(path, callback) {
  requireCallback(callback);
  nextTick(callback, names.existsSync(path));
}
Object.defineProperty(exists, customPromisify, {
  value: async (path) => names.existsSync(path),
  configurable: true,
});

/** `(fd, buffer, offset, length, position)`, or options from the second or third on. */
function readArguments(fd, args) {
  if (ArrayBuffer.isView(args[0])) return [fd, ...args];
  const options = args[0] ?? {};
  return [fd, options.buffer ?? Buffer.alloc(16_384), options];
}

const readInto = transferring(files.readSync, ["bytesRead", "buffer"]);
export function read(fd, ...args) {
  const callback = args.pop();
  readInto(...readArguments(fd, args), callback);
}
Object.defineProperty(read, customPromisify, {
  value: (fd, ...args) => readInto[customPromisify](...readArguments(fd, args)),
  configurable: true,
});

/** A promise of a file's content. Mistakes in the call are thrown. */
export function openAsBlob(path, options = {}) {
  requireObject(options, "options");
  const type = options.type || "";
  requireString(type, "options.type");
  const full = pathOf(path);
  return Promise.try(() => new Blob([files.readFileSync(full)], { type }));
}

export function close(fd, callback = () => {}) {
  requireCallback(callback);
  answer(callback, () => files.closeSync(fd));
}

export function cp(source, destination, options, callback = options) {
  requireCallback(callback);
  copies.startCopying(source, destination, callback === options ? undefined : options).then(
    () => nextTick(callback, null),
    (error) => nextTick(callback, error),
  );
}

const refuses = (name) => () => {
  throw unsupported(name);
};
export const watch = refuses("watch");
export const watchFile = refuses("watchFile");
export const unwatchFile = () => {};
export const write = transferring(files.writeSync, ["bytesWritten", "buffer"]);
export const readv = transferring(files.readvSync, ["bytesRead", "buffers"]);
export const writev = transferring(files.writevSync, ["bytesWritten", "buffers"]);
export const access = withCallback(names.accessSync);
export const appendFile = withCallback(files.appendFileSync);
export const chmod = withCallback(names.chmodSync);
export const chown = withCallback(names.chownSync);
export const copyFile = withCallback(copies.copyFileSync);
export const fchmod = withCallback(files.fchmodSync);
export const fchown = withCallback(files.fchownSync);
export const fdatasync = withCallback(files.fdatasyncSync);
export const fstat = withCallback(files.fstatSync);
export const fsync = withCallback(files.fsyncSync);
export const ftruncate = withCallback(files.ftruncateSync);
export const futimes = withCallback(files.futimesSync);
export const glob = withCallback(globSync);
export const lchmod = withCallback(names.lchmodSync);
export const lchown = withCallback(names.lchownSync);
export const link = withCallback(names.linkSync);
export const lstat = withCallback(names.lstatSync);
export const lutimes = withCallback(names.lutimesSync);
export const mkdir = withCallback(directories.mkdirSync);
export const mkdtemp = withCallback(directories.mkdtempSync);
export const open = withCallback(files.openSync);
export const opendir = withCallback(directories.opendirSync);
export const readFile = withCallback(files.readFileSync);
export const readdir = withCallback(directories.readdirSync);
export const readlink = withCallback(names.readlinkSync);
export const realpath = withCallback(names.realpathSync);
realpath.native = withCallback(names.realpathSync.native);
export const rename = withCallback(names.renameSync);
export const rm = withCallback(directories.rmSync);
export const rmdir = withCallback(directories.rmdirSync);
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
  accessSync,
  chmodSync,
  chownSync,
  existsSync,
  lchmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} = names;
export const { mkdirSync, mkdtempSync, opendirSync, readdirSync, rmSync, rmdirSync } = directories;
export const { copyFileSync, cpSync } = copies;

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
