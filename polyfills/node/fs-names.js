// node:fs, what has a name: the synchronous functions that look for it, rename and link it.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#synchronous-api

import { nodeError } from "./errors.js";
import {
  encodedName,
  optionsOf,
  pathOf,
  requireBooleans,
  requireMode,
  requireOwner,
} from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import { fileError, withBothPaths } from "./fs-errors.js";
import { setTimes, timesOf } from "./fs-files.js";
import { statsOf } from "./fs-stats.js";
import { add, drop, find, found, make, requireWritable } from "./fs-tree.js";

const { F_OK, S_IFLNK, S_IXOTH, S_IXUSR, S_IXGRP, W_OK, X_OK } = constants;
const MAX_ACCESS = 7;

export function accessSync(path, mode = F_OK) {
  const full = pathOf(path);
  if (typeof (mode ?? F_OK) !== "number")
    throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", "mode must be int32 or null/undefined");
  if (mode < 0 || mode > MAX_ACCESS) {
    const message = `mode is out of range: >= 0 && <= ${MAX_ACCESS}`;
    throw nodeError(RangeError, "ERR_OUT_OF_RANGE", message);
  }
  const { node } = found(full, "access");
  const isFixed = node.tree === null && node.device === undefined;
  const isInert = !node.isDirectory && !(node.mode & (S_IXUSR | S_IXGRP | S_IXOTH));
  if ((mode & W_OK && isFixed) || (mode & X_OK && isInert)) throw fileError("EACCES", "access", full);
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
  try {
    return statsOf(found(full, syscall, { follows }).node, options);
  } catch (error) {
    const isNone = error.code === "ENOENT" || error.code === "ENOTDIR";
    if (options?.throwIfNoEntry === false && isNone) return undefined;
    throw error;
  }
}

export const statSync = (path, options = undefined) => statOf(path, options, "stat", true);
export const lstatSync = (path, options = undefined) => statOf(path, options, "lstat", false);

export function readlinkSync(path, options = undefined) {
  const wanted = optionsOf(options);
  const full = pathOf(path);
  const { node } = found(full, "readlink", { follows: false });
  if (node.target === undefined) throw fileError("EINVAL", "readlink", full);
  return encodedName(node.target, wanted);
}

export function realpathSync(path, options = undefined) {
  const wanted = optionsOf(options);
  const full = pathOf(path);
  return encodedName(found(full === "" ? "." : full, "lstat").path, wanted);
}
realpathSync.native = function realpathSyncNative(path, options = undefined) {
  const wanted = optionsOf(options);
  return encodedName(found(pathOf(path), "realpath").path, wanted);
};

export function renameSync(oldPath, newPath) {
  const [from, to] = [pathOf(oldPath, "oldPath"), pathOf(newPath, "newPath")];
  withBothPaths(from, to, () => rename(from, to));
}

function rename(from, to) {
  const place = found(from, "rename", { follows: false });
  const target = find(to, "rename", { follows: false });
  if (target.node === place.node) return;
  if (place.node.isDirectory && `${target.path}/`.startsWith(`${place.path}/`))
    throw fileError("EINVAL", "rename");
  requireWritable(place.directory, "rename");
  requireWritable(target.directory, "rename");
  if (target.node !== undefined) {
    if (target.node.isDirectory && !place.node.isDirectory) throw fileError("EISDIR", "rename");
    if (!target.node.isDirectory && place.node.isDirectory) throw fileError("ENOTDIR", "rename");
    if (target.node.entries?.size > 0) throw fileError("ENOTEMPTY", "rename");
    drop(target, "rename");
  }
  add(target, place.node, "rename");
  place.directory.entries.delete(place.name);
  place.directory.touch();
}

export function unlinkSync(path) {
  const full = pathOf(path);
  const place = found(full, "unlink", { follows: false });
  if (place.node.isDirectory) throw fileError("EISDIR", "unlink", full);
  drop(place, "unlink", full);
}

const LINK_TYPES = ["dir", "file", "junction"];

export function symlinkSync(target, path, type = undefined) {
  if (typeof type === "string" && !LINK_TYPES.includes(type)) {
    const message = `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`;
    throw nodeError(Error, "ERR_FS_INVALID_SYMLINK_TYPE", message);
  }
  const text = pathOf(target, "target");
  const full = pathOf(path);
  withBothPaths(text, full, () => {
    const place = find(full, "symlink", { follows: false });
    if (text === "") throw fileError("ENOENT", "symlink");
    if (place.node !== undefined) throw fileError("EEXIST", "symlink");
    make(place, S_IFLNK | 0o777, "symlink").target = text;
  });
}

export function linkSync(existingPath, newPath) {
  const [from, to] = [pathOf(existingPath, "existingPath"), pathOf(newPath, "newPath")];
  withBothPaths(from, to, () => {
    const { node } = found(from, "link", { follows: false });
    const place = find(to, "link", { follows: false });
    if (place.node !== undefined) throw fileError("EEXIST", "link");
    if (node.isDirectory) throw fileError("EPERM", "link");
    requireWritable(node, "link");
    add(place, node, "link");
    node.nlink++;
  });
}

/** Modes and owners are accepted, and stay as they are, as in workerd. */
const accepts = (syscall, check, options = undefined) =>
  ({
    [`${syscall}Sync`](path, ...given) {
      const full = pathOf(path);
      check(...given);
      found(full, syscall, options);
    },
  })[`${syscall}Sync`];
const itself = { follows: false };
export const chmodSync = accepts("chmod", requireMode);
export const chownSync = accepts("chown", requireOwner);
export const lchmodSync = accepts("lchmod", requireMode, itself);
export const lchownSync = accepts("lchown", requireOwner, itself);

export function utimesSync(path, atime, mtime) {
  const full = pathOf(path);
  const times = timesOf(atime, mtime);
  setTimes(found(full, "utime").node, times, "utime", full);
}

export function lutimesSync(path, atime, mtime) {
  const full = pathOf(path);
  const times = timesOf(atime, mtime);
  setTimes(found(full, "lutime", { follows: false }).node, times, "lutime", full);
}

export function statfsSync(path, options = undefined) {
  found(pathOf(path), "statfs");
  if (options !== undefined) requireBooleans(options, "bigint");
  const zero = options?.bigint ? 0n : 0;
  const names = ["type", "bsize", "blocks", "bfree", "bavail", "files", "ffree"];
  return Object.fromEntries(names.map((name) => [name, zero]));
}
