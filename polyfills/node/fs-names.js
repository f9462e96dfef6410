// node:fs, names and directories: the synchronous functions.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#synchronous-api

import { invalidType } from "./errors.js";
import { encodedName, O, optionsOf, pathOf } from "./fs-arguments.js";
import { fileError } from "./fs-errors.js";
import { setTimes } from "./fs-files.js";
import { Dir, Dirent, Stats } from "./fs-stats.js";
import { find, found, requireWritable, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "./fs-tree.js";
import { dirname, join, matchesGlob } from "./path.js";

export const F_OK = 0;
export const X_OK = 1;
export const W_OK = 2;
export const R_OK = 4;
export const COPYFILE_EXCL = 1;

const NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SUFFIX_LENGTH = 6;

function add(place, node, syscall, path) {
  requireWritable(place.directory, syscall, path);
  place.directory.entries.set(place.name, node);
  place.directory.touch();
}

function drop(place, syscall, path) {
  requireWritable(place.directory, syscall, path);
  place.directory.entries.delete(place.name);
  place.directory.touch();
  place.node.nlink--;
  if (place.node.nlink === 0) release(place.node);
}

/** Gives back what a node takes that has no name any more; who has it open goes on. */
function release(node) {
  if (node.isDirectory) for (const inner of node.entries.values()) release(inner);
  else if (node.tree !== null) node.tree.used -= node.size;
}

export function accessSync(path, mode = F_OK) {
  const full = pathOf(path);
  const { node } = found(full, "access");
  if (mode & W_OK && node.tree === null && node.device === undefined)
    throw fileError("EACCES", "access", full);
}

export function existsSync(path) {
  try {
    return find(pathOf(path), "access").node !== undefined;
  } catch {
    return false;
  }
}

function statOf(path, options, syscall, follows) {
  const full = pathOf(path);
  let place;
  try {
    place = found(full, syscall, { follows });
  } catch (error) {
    if (options?.throwIfNoEntry === false && error.code === "ENOENT") return undefined;
    throw error;
  }
  return new Stats(place.node, options?.bigint);
}

export const statSync = (path, options = undefined) => statOf(path, options, "stat", true);
export const lstatSync = (path, options = undefined) => statOf(path, options, "lstat", false);

export function mkdirSync(path, options = undefined) {
  const full = pathOf(path);
  const mode = typeof options === "object" ? options?.mode : options;
  const make = (place, name) =>
    add(place, place.directory?.tree?.make(S_IFDIR | ((mode ?? 0o777) & 0o777)), "mkdir", name);
  if (!options?.recursive) {
    const place = find(full, "mkdir");
    if (place.node !== undefined) throw fileError("EEXIST", "mkdir", full);
    return void make(place, full);
  }
  let first;
  let name = "";
  for (const part of full.split("/").filter((each) => each !== "")) {
    name += `/${part}`;
    const place = find(name, "mkdir");
    if (place.node === undefined) {
      make(place, name);
      first ??= name;
    } else if (!place.node.isDirectory)
      throw fileError(name === full ? "EEXIST" : "ENOTDIR", "mkdir", full);
  }
  return first;
}

export function mkdtempSync(prefix, options = undefined) {
  let suffix = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(SUFFIX_LENGTH)))
    suffix += NAME_LETTERS[byte % NAME_LETTERS.length];
  const path = `${pathOf(prefix, "prefix")}${`${prefix}`.endsWith("/") ? "/" : ""}${suffix}`;
  mkdirSync(path);
  return encodedName(path, optionsOf(options));
}

/** The entries below a directory as `[path in it, directory's path, node]`. */
function* entriesOf(directory, path, recursive, prefix = "") {
  for (const [name, node] of directory.entries) {
    yield [prefix + name, path, name, node];
    if (recursive && node.isDirectory)
      yield* entriesOf(node, join(path, name), true, `${prefix}${name}/`);
  }
}

export function readdirSync(path, options = undefined) {
  const full = pathOf(path);
  const wanted = optionsOf(options);
  const { node } = found(full, "scandir");
  if (!node.isDirectory) throw fileError("ENOTDIR", "scandir", full);
  const entries = [...entriesOf(node, full, wanted.recursive === true)];
  if (wanted.withFileTypes)
    return entries.map(([, parent, name, inner]) => new Dirent(encodedName(name, wanted), parent, inner));
  return entries.map(([name]) => encodedName(name, wanted));
}

export function opendirSync(path, options = undefined) {
  const recursive = options?.recursive === true;
  return new Dir(pathOf(path), readdirSync(path, { withFileTypes: true, recursive }));
}

export function readlinkSync(path, options = undefined) {
  const full = pathOf(path);
  const { node } = found(full, "readlink", { follows: false });
  if (node.target === undefined) throw fileError("EINVAL", "readlink", full);
  return encodedName(node.target, optionsOf(options));
}

export const realpathSync = (path, options = undefined) =>
  encodedName(found(pathOf(path), "lstat").path, optionsOf(options));
realpathSync.native = realpathSync;

export function renameSync(oldPath, newPath) {
  const [from, to] = [pathOf(oldPath, "oldPath"), pathOf(newPath, "newPath")];
  let place;
  let target;
  try {
    place = found(from, "rename", { follows: false });
    target = find(to, "rename", { follows: false });
  } catch (error) {
    throw fileError(error.code, "rename", from, to);
  }
  if (target.node === place.node) return;
  if (place.node.isDirectory && `${to}/`.startsWith(`${from}/`))
    throw fileError("EINVAL", "rename", from, to);
  if (target.node !== undefined) {
    if (target.node.isDirectory && !place.node.isDirectory)
      throw fileError("EISDIR", "rename", from, to);
    if (!target.node.isDirectory && place.node.isDirectory)
      throw fileError("ENOTDIR", "rename", from, to);
    if (target.node.entries?.size > 0) throw fileError("ENOTEMPTY", "rename", from, to);
    drop(target, "rename", from);
  }
  requireWritable(place.directory, "rename", from);
  add(target, place.node, "rename", from);
  place.directory.entries.delete(place.name);
  place.directory.touch();
}

export function unlinkSync(path) {
  const full = pathOf(path);
  const place = found(full, "unlink", { follows: false });
  if (place.node.isDirectory) throw fileError("EISDIR", "unlink", full);
  drop(place, "unlink", full);
}

export function rmdirSync(path, options = undefined) {
  if (options?.recursive) return rmSync(path, options);
  const full = pathOf(path);
  const place = found(full, "rmdir", { follows: false });
  if (!place.node.isDirectory) throw fileError("ENOTDIR", "rmdir", full);
  if (place.node.entries.size > 0) throw fileError("ENOTEMPTY", "rmdir", full);
  drop(place, "rmdir", full);
}

export function rmSync(path, options = undefined) {
  const full = pathOf(path);
  let place;
  try {
    place = found(full, "lstat", { follows: false });
  } catch (error) {
    if (options?.force && error.code === "ENOENT") return;
    throw error;
  }
  if (place.node.isDirectory && !options?.recursive) {
    const error = fileError("EISDIR", "rm", full);
    error.code = "ERR_FS_EISDIR";
    throw error;
  }
  drop(place, "rm", full);
}

export function symlinkSync(target, path) {
  const full = pathOf(path);
  const place = find(full, "symlink", { follows: false });
  if (place.node !== undefined) throw fileError("EEXIST", "symlink", `${target}`, full);
  requireWritable(place.directory, "symlink", full);
  const node = place.directory.tree.make(S_IFLNK | 0o777);
  node.target = target instanceof URL ? pathOf(target) : `${target}`;
  add(place, node, "symlink", full);
}

export function linkSync(existingPath, newPath) {
  const [from, to] = [pathOf(existingPath, "existingPath"), pathOf(newPath, "newPath")];
  const { node } = found(from, "link");
  const place = find(to, "link", { follows: false });
  if (place.node !== undefined) throw fileError("EEXIST", "link", from, to);
  if (node.isDirectory) throw fileError("EPERM", "link", from, to);
  requireWritable(node, "link", from);
  add(place, node, "link", to);
  node.nlink++;
}

export function copyFileSync(source, destination, mode = 0) {
  const [from, to] = [pathOf(source, "src"), pathOf(destination, "dest")];
  const { node } = find(from, "copyfile");
  if (node === undefined) throw fileError("ENOENT", "copyfile", from, to);
  if (node.isDirectory) throw fileError("EISDIR", "copyfile", from, to);
  const place = find(to, "copyfile");
  if (place.node?.isDirectory) throw fileError("EISDIR", "copyfile", from, to);
  if (place.node !== undefined && mode & COPYFILE_EXCL)
    throw fileError("EEXIST", "copyfile", from, to);
  requireWritable(place.directory, "copyfile", to);
  const bytes = node.bytes.slice(0, node.size);
  const copy = place.node ?? place.directory.tree.make(S_IFREG | (node.mode & 0o777));
  copy.resize(bytes.length);
  copy.write(0, bytes);
  if (place.node === undefined) add(place, copy, "copyfile", to);
}

export function cpSync(source, destination, options = undefined) {
  const [from, to] = [pathOf(source, "src"), pathOf(destination, "dest")];
  if (options?.filter !== undefined && !options.filter(from, to)) return;
  const { node } = found(from, "cp", { follows: options?.dereference === true });
  if (node.isDirectory) {
    if (!options?.recursive) throw fileError("EISDIR", "cp", from);
    mkdirSync(to, { recursive: true });
    for (const name of [...node.entries.keys()]) cpSync(join(from, name), join(to, name), options);
  } else if (node.target !== undefined) symlinkSync(node.target, to);
  else {
    const isThere = existsSync(to);
    if (isThere && options?.errorOnExist && options.force === false)
      throw fileError("EEXIST", "cp", to);
    mkdirSync(dirname(to), { recursive: true });
    if (!isThere || options?.force !== false) copyFileSync(from, to);
  }
}

/** Modes and owners are accepted, and stay as they are, as in workerd. */
const accepts = (syscall, follows) => (path) => void found(pathOf(path), syscall, { follows });
export const chmodSync = accepts("chmod", true);
export const chownSync = accepts("chown", true);
export const lchmodSync = accepts("lchmod", false);
export const lchownSync = accepts("lchown", false);

export function utimesSync(path, atime, mtime) {
  setTimes(found(pathOf(path), "utime").node, atime, mtime);
}

export function lutimesSync(path, atime, mtime) {
  setTimes(found(pathOf(path), "lutime", { follows: false }).node, atime, mtime);
}

export function statfsSync(path, options = undefined) {
  found(pathOf(path), "statfs");
  const zero = options?.bigint ? 0n : 0;
  return { type: zero, bsize: zero, blocks: zero, bfree: zero, bavail: zero, files: zero, ffree: zero };
}

export function globSync(pattern, options = undefined) {
  const patterns = Array.isArray(pattern) ? pattern : [pattern];
  for (const each of patterns)
    if (typeof each !== "string") throw invalidType("pattern", ["string", "Array"], each);
  const folder = options?.cwd === undefined ? "/" : pathOf(options.cwd);
  const names = [...entriesOf(found(folder, "glob").node, folder, true)];
  const full = (name) => join(folder, name);
  return names
    .map(([name]) => name)
    .flatMap((name) =>
      patterns
        .filter((each) => matchesGlob(each.startsWith("/") ? full(name) : name, each))
        .map((each) => (each.startsWith("/") ? full(name) : name)),
    );
}

export const constants = {
  UV_FS_SYMLINK_DIR: 1,
  UV_FS_SYMLINK_JUNCTION: 2,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
  UV_DIRENT_FIFO: 4,
  UV_DIRENT_SOCKET: 5,
  UV_DIRENT_CHAR: 6,
  UV_DIRENT_BLOCK: 7,
  UV_FS_O_FILEMAP: 0,
  UV_FS_COPYFILE_EXCL: 1,
  UV_FS_COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_FICLONE_FORCE: 4,
  COPYFILE_EXCL,
  COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE_FORCE: 4,
  EXTENSIONLESS_FORMAT_JAVASCRIPT: 0,
  EXTENSIONLESS_FORMAT_WASM: 1,
  F_OK,
  R_OK,
  W_OK,
  X_OK,
  ...O,
  O_NOCTTY: 256,
  O_NONBLOCK: 2048,
  O_DSYNC: 4096,
  O_DIRECT: 16_384,
  O_DIRECTORY: 65_536,
  O_NOFOLLOW: 131_072,
  O_NOATIME: 262_144,
  O_SYNC: 1_052_672,
  S_IFMT,
  S_IFREG,
  S_IFDIR,
  S_IFCHR: 8192,
  S_IFBLK: 24_576,
  S_IFIFO: 4096,
  S_IFLNK,
  S_IFSOCK: 49_152,
  S_IRWXU: 448,
  S_IRUSR: 256,
  S_IWUSR: 128,
  S_IXUSR: 64,
  S_IRWXG: 56,
  S_IRGRP: 32,
  S_IWGRP: 16,
  S_IXGRP: 8,
  S_IRWXO: 7,
  S_IROTH: 4,
  S_IWOTH: 2,
  S_IXOTH: 1,
};
