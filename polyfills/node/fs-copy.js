// node:fs, copies of files and of whole directories.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#fscpsyncsrc-dest-options

import { nodeError, received, requireFunction, requireInteger, requireObject } from "./errors.js";
import { pathOf, requireBooleans } from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import { mkdirSync } from "./fs-directories.js";
import { fileError, systemError, withBothPaths } from "./fs-errors.js";
import { readlinkSync, symlinkSync, unlinkSync } from "./fs-names.js";
import { find, found, make, requireWritable } from "./fs-tree.js";
import { dirname, isAbsolute, join, resolve } from "./path.js";

const { COPYFILE_EXCL, S_IFREG } = constants;
const MAX_MODE = 7;
const EINVAL = 22;

export function copyFileSync(source, destination, mode = 0) {
  const [from, to] = [pathOf(source, "src"), pathOf(destination, "dest")];
  requireInteger(mode ?? 0, "mode", 0, MAX_MODE);
  withBothPaths(from, to, () => copy(from, to, mode));
}

function copy(from, to, mode) {
  const { node } = found(from, "copyfile");
  if (node.isDirectory) throw fileError("EISDIR", "copyfile");
  const place = find(to, "copyfile");
  if (place.node?.isDirectory) throw fileError("EISDIR", "copyfile");
  if (place.node !== undefined && mode & COPYFILE_EXCL) throw fileError("EEXIST", "copyfile");
  if (place.node === node) return;
  const target = place.node ?? make(place, S_IFREG | (node.mode & 0o777), "copyfile");
  if (target.device === undefined) requireWritable(target, "copyfile");
  target.resize(0);
  target.write(0, node.read(0, node.size));
}

// ---- Directories ------------------------------------------------------------------------

const FLAGS = [
  "dereference",
  "errorOnExist",
  "force",
  "preserveTimestamps",
  "recursive",
  "verbatimSymlinks",
];

function cpArguments(source, destination, options = {}) {
  requireObject(options, "options");
  requireBooleans(options, ...FLAGS);
  if (options.dereference && options.verbatimSymlinks) {
    const message = 'Option "dereference" cannot be used in combination with option "verbatimSymlinks"';
    throw nodeError(TypeError, "ERR_INCOMPATIBLE_OPTION_PAIR", message);
  }
  if (options.filter !== undefined) requireFunction(options.filter, "options.filter");
  requireInteger(options.mode ?? 0, "mode", 0, MAX_MODE);
  return [pathOf(source, "src"), pathOf(destination, "dest"), { force: true, ...options }];
}

export function cpSync(source, destination, options = undefined) {
  const steps = copying(...cpArguments(source, destination, options));
  for (let step = steps.next(); !step.done; step = steps.next(step.value))
    if (typeof step.value?.then === "function") {
      const message = `Expected boolean to be returned from the "filter" function but got${told(step.value)}.`;
      throw nodeError(TypeError, "ERR_INVALID_RETURN_VALUE", message);
    }
}

const told = (value) => received(value).slice(" Received".length);

/** The same; the filter may give a promise. Mistakes in the call are thrown. */
export function startCopying(source, destination, options = undefined) {
  return runThrough(copying(...cpArguments(source, destination, options)));
}

async function runThrough(steps) {
  for (let step = steps.next(); !step.done; step = steps.next(await step.value));
}

export async function cp(source, destination, options = undefined) {
  return startCopying(source, destination, options);
}

/** The error of a copy that cannot be made; all of them are told of the destination. */
function refused(code, text, reason, message, path) {
  return systemError(code, text, { code: reason, syscall: "cp", path, message });
}

/** Copies what is at `from` to `to`; yields what the filter says, and is told what comes of it. */
function* copying(from, to, options) {
  if (options.filter !== undefined && !(yield options.filter(from, to))) return;
  const follows = options.dereference === true;
  const { node } = found(from, follows ? "stat" : "lstat", { follows });
  const target = there(to, follows);
  requireCopyable(from, to, node, target);
  if (node.isDirectory) {
    if (!options.recursive) {
      const info = { code: "EISDIR", errno: EINVAL, syscall: "cp", path: from };
      const message = `${from} is a directory (not copied)`;
      throw systemError("ERR_FS_EISDIR", "Path is a directory", { ...info, message });
    }
    if (target === undefined) mkdirSync(to, { recursive: true });
    for (const name of [...node.entries.keys()])
      yield* copying(join(from, name), join(to, name), options);
    return;
  }
  mkdirSync(dirname(to), { recursive: true });
  if (node.target !== undefined) copyLink(from, to, target, options);
  else if (target !== undefined && !options.force) {
    if (options.errorOnExist)
      throw refused("ERR_FS_CP_EEXIST", "Target already exists", "EEXIST", `${to} already exists`, to);
    return;
  } else {
    if (target !== undefined) unlinkSync(to);
    copyFileSync(from, to, options.mode);
  }
  if (options.preserveTimestamps) keepTimes(node, found(to, "utime", { follows: false }).node);
}

/** The node at a path, or undefined where there is none. */
function there(path, follows) {
  try {
    return find(path, "lstat", { follows }).node;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function requireCopyable(from, to, node, target) {
  const invalid = (message) =>
    refused("ERR_FS_CP_EINVAL", "Invalid src or dest", "EINVAL", message, to);
  if (node === target) throw invalid("src and dest cannot be the same");
  if (target !== undefined && node.isDirectory && !target.isDirectory)
    throw refused(
      "ERR_FS_CP_DIR_TO_NON_DIR",
      "Cannot overwrite non-directory with directory",
      "EISDIR",
      `cannot overwrite non-directory ${to} with directory ${from}`,
      to,
    );
  if (target?.isDirectory && !node.isDirectory)
    throw refused(
      "ERR_FS_CP_NON_DIR_TO_DIR",
      "Cannot overwrite directory with non-directory",
      "ENOTDIR",
      `cannot overwrite directory ${to} with non-directory ${from}`,
      to,
    );
  if (node.isDirectory && `${realPath(to)}/`.startsWith(`${realPath(from)}/`))
    throw invalid(`cannot copy ${from} to a subdirectory of self ${to}`);
}

/** A path without links, as far as there is something. */
function realPath(path) {
  const full = resolve(path);
  try {
    return find(full, "stat").path;
  } catch {
    return join(realPath(dirname(full)), full.slice(full.lastIndexOf("/")));
  }
}

function copyLink(from, to, target, { verbatimSymlinks }) {
  const given = readlinkSync(from);
  const isKept = verbatimSymlinks || isAbsolute(given);
  if (target !== undefined) unlinkSync(to);
  symlinkSync(isKept ? given : resolve(dirname(from), given), to);
}

function keepTimes(node, copied) {
  [copied.atime, copied.mtime] = [node.atime, node.mtime];
}
