// node:fs, directories: the synchronous functions.
// https://nodejs.org/docs/latest-v20.x/api/fs.html#synchronous-api

import { requireInteger, requireObject } from "./errors.js";
import { encodedName, modeOf, optionsOf, pathOf, requireBooleans } from "./fs-arguments.js";
import { constants } from "./fs-constants.js";
import { Dir } from "./fs-dir.js";
import { fileError, systemError } from "./fs-errors.js";
import { Dirent } from "./fs-stats.js";
import { drop, find, found, make } from "./fs-tree.js";

const { S_IFDIR } = constants;
const NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SUFFIX = "XXXXXX";

export function mkdirSync(path, options = undefined) {
  const full = pathOf(path);
  const { mode: given, recursive } =
    options !== null && typeof options === "object" ? options : { mode: options };
  requireBooleans({ recursive }, "recursive");
  const mode = S_IFDIR | (modeOf(given, "mode", 0o777) & 0o777);
  if (recursive) return makeAll(full, mode);
  const place = find(full, "mkdir", { follows: false });
  if (place.node !== undefined) throw fileError("EEXIST", "mkdir", full);
  return void make(place, mode, "mkdir", full);
}

/** Makes each directory on the way that is not there; returns the first one's path. */
function makeAll(full, mode) {
  if (full === "") throw fileError("ENOENT", "mkdir", full);
  let first;
  const parts = full.replace(/\/+$/, "").split("/");
  for (let i = 1; i <= parts.length; i++) {
    const path = parts.slice(0, i).join("/") || "/";
    const place = find(path, "mkdir");
    if (place.node === undefined) {
      make(place, mode, "mkdir", full);
      first ??= path;
    } else if (!place.node.isDirectory)
      throw fileError(i === parts.length ? "EEXIST" : "ENOTDIR", "mkdir", full);
  }
  return first;
}

export function mkdtempSync(prefix, options = undefined) {
  const { encoding } = optionsOf(options);
  const start = pathOf(prefix, "prefix");
  let suffix = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(SUFFIX.length)))
    suffix += NAME_LETTERS[byte % NAME_LETTERS.length];
  try {
    mkdirSync(start + suffix, 0o700);
  } catch (error) {
    throw fileError(error.code, "mkdtemp", start + SUFFIX);
  }
  return encodedName(start + suffix, { encoding });
}

/** As Node.js sorts them. */
const byName = ([left], [right]) => (left < right ? -1 : 1);

/** The entries of a directory and, if `recursive`, of those in it: `{ name, parent, path, node }`. */
export function entriesOf(directory, path, recursive) {
  const entries = [];
  const waiting = [{ path: "", parent: path, node: directory }];
  for (const { path: prefix, parent, node } of waiting) {
    for (const [name, inner] of [...node.entries].sort(byName)) {
      const entry = { name, parent, path: prefix + name, node: inner };
      entries.push(entry);
      if (recursive && inner.isDirectory)
        waiting.push({ path: `${entry.path}/`, parent: inside(parent, name), node: inner });
    }
  }
  return entries;
}

const inside = (parent, name) => (parent.endsWith("/") ? parent + name : `${parent}/${name}`);

function listed(path, options, syscall, toldPath) {
  const wanted = optionsOf(options);
  requireBooleans(wanted, "recursive");
  const place = find(path, syscall);
  if (place.node === undefined) throw fileError("ENOENT", syscall, toldPath);
  if (!place.node.isDirectory) throw fileError("ENOTDIR", syscall, toldPath);
  const entries = entriesOf(place.node, path, wanted.recursive === true);
  return wanted.withFileTypes
    ? entries.map(({ name, parent, node }) => new Dirent(encodedName(name, wanted), parent, node))
    : entries.map((entry) => encodedName(entry.path, wanted));
}

export function readdirSync(path, options = undefined) {
  const full = pathOf(path);
  return listed(full, options, "scandir", full);
}

export function opendirSync(path, options = undefined) {
  const full = pathOf(path);
  return new Dir(full, listed(full, { ...optionsOf(options), withFileTypes: true }, "opendir"));
}

/** Checks the options of what removes something; `flags` are those that it takes. */
function requireRemoval(options, ...flags) {
  if (options === undefined) return;
  requireObject(options, "options");
  requireBooleans(options, ...flags);
  for (const [name, most] of [["retryDelay", 2 ** 31 - 1], ["maxRetries", 2 ** 32 - 1]])
    if (options[name] !== undefined) requireInteger(options[name], `options.${name}`, 0, most);
}

export function rmdirSync(path, options = undefined) {
  const full = pathOf(path);
  requireRemoval(options, "recursive");
  const place = found(full, options?.recursive ? "lstat" : "rmdir", { follows: false });
  if (!place.node.isDirectory) throw fileError("ENOTDIR", "rmdir", full);
  if (place.node.entries.size > 0 && !options?.recursive)
    throw fileError("ENOTEMPTY", "rmdir", full);
  drop(place, "rmdir", full);
}

export function rmSync(path, options = undefined) {
  const full = pathOf(path);
  requireRemoval(options, "force", "recursive");
  let place;
  try {
    place = found(full, "lstat", { follows: false });
  } catch (error) {
    if (options?.force && error.code === "ENOENT") return;
    throw error;
  }
  if (place.node.isDirectory && !options?.recursive) {
    const info = { code: "EISDIR", syscall: "rm", path: full, message: "is a directory" };
    throw systemError("ERR_FS_EISDIR", "Path is a directory", info);
  }
  drop(place, "rm", full);
}
