// node:fs/promises: https://nodejs.org/docs/latest-v20.x/api/fs.html#promises-api
//
// What is in memory is there at once: each function does its work and then gives a promise of it.

import { bytesOf, optionsOf, unsupported } from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import { copyFileSync, cp } from "./fs-copy.js";
import * as directories from "./fs-directories.js";
import * as files from "./fs-files.js";
import { globSync } from "./fs-glob.js";
import { FileHandle, writeAll } from "./fs-handle.js";
import * as names from "./fs-names.js";

export { constants, cp, FileHandle };

export async function open(path, flags = undefined, mode = undefined) {
  return new FileHandle(files.openSync(path, flags, mode));
}

export async function readFile(path, options = undefined) {
  return path instanceof FileHandle ? path.readFile(options) : files.readFileSync(path, options);
}

export async function writeFile(path, data, options = undefined) {
  const wanted = optionsOf(options);
  if (path instanceof FileHandle) return writeAll(path, data, wanted);
  if (typeof data?.[Symbol.iterator] !== "function" && data?.[Symbol.asyncIterator] === undefined)
    bytesOf(data); // throws before there is a file
  const handle = await open(path, wanted.flag ?? "w", wanted.mode);
  try {
    await writeAll(handle, data, wanted);
  } finally {
    await handle.close();
  }
}

export async function appendFile(path, data, options = undefined) {
  if (path instanceof FileHandle) return path.appendFile(data, options);
  files.appendFileSync(path, data, options);
}

export async function* glob(pattern, options = undefined) {
  yield* globSync(pattern, options);
}

export function watch() {
  throw unsupported("watch");
}

function later(run) {
  const promising = async (...args) => run(...args);
  return Object.defineProperty(promising, "name", { value: run.name.replace(/Sync$/, "") });
}

export const truncate = later(files.truncateSync);
export const access = later(names.accessSync);
export const chmod = later(names.chmodSync);
export const chown = later(names.chownSync);
export const copyFile = later(copyFileSync);
export const lchmod = later(names.lchmodSync);
export const lchown = later(names.lchownSync);
export const link = later(names.linkSync);
export const lstat = later(names.lstatSync);
export const lutimes = later(names.lutimesSync);
export const mkdir = later(directories.mkdirSync);
export const mkdtemp = later(directories.mkdtempSync);
export const opendir = later(directories.opendirSync);
export const readdir = later(directories.readdirSync);
export const readlink = later(names.readlinkSync);
export const realpath = later(names.realpathSync.native);
export const rename = later(names.renameSync);
export const rm = later(directories.rmSync);
export const rmdir = later(directories.rmdirSync);
export const stat = later(names.statSync);
export const statfs = later(names.statfsSync);
export const symlink = later(names.symlinkSync);
export const unlink = later(names.unlinkSync);
export const utimes = later(names.utimesSync);

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
