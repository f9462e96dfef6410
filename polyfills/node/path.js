// node:path, its POSIX half, with the other one: https://nodejs.org/docs/latest-v20.x/api/path.html

import { requireString } from "./errors.js";
import { globMatcher } from "./glob.js";
import { extensionOf, formatWith, withoutDots, withoutSuffix } from "./path-parts.js";
import * as windows from "./path-windows.js";

const CURRENT = "/"; // there are no directories, so none is the working one

export const sep = "/";
export const delimiter = ":";

const normalized = (path, absolute) => withoutDots(path.split("/"), absolute).join("/");

export function normalize(path) {
  requireString(path, "path");
  if (path === "") return ".";
  const absolute = path.startsWith("/");
  let text = normalized(path, absolute);
  if (text === "") {
    if (absolute) return "/";
    return path.endsWith("/") ? "./" : ".";
  }
  if (path.endsWith("/")) text += "/";
  return absolute ? `/${text}` : text;
}

export function resolve(...paths) {
  let path = "";
  for (let i = paths.length - 1; i >= -1 && !path.startsWith("/"); i--) {
    const part = i >= 0 ? paths[i] : CURRENT;
    requireString(part, `paths[${i}]`);
    if (part !== "") path = path === "" ? part : `${part}/${path}`;
  }
  return `/${normalized(path, true)}`;
}

export function isAbsolute(path) {
  requireString(path, "path");
  return path.startsWith("/");
}

export function join(...paths) {
  for (const path of paths) requireString(path, "path");
  const joined = paths.filter((path) => path !== "").join("/");
  return joined === "" ? "." : normalize(joined);
}

export function relative(from, to) {
  requireString(from, "from");
  requireString(to, "to");
  if (from === to) return "";
  const source = resolve(from).split("/").filter(Boolean);
  const target = resolve(to).split("/").filter(Boolean);
  let common = 0;
  while (common < source.length && common < target.length && source[common] === target[common])
    common++;
  return [...source.slice(common).map(() => ".."), ...target.slice(common)].join("/");
}

export function toNamespacedPath(path) {
  return path;
}

export const _makeLong = toNamespacedPath;

/** Where the last segment starts and ends, trailing slashes left out. */
function lastSegment(path) {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end--;
  return [path.lastIndexOf("/", end - 1) + 1, end];
}

export function dirname(path) {
  requireString(path, "path");
  if (path === "") return ".";
  const [start, end] = lastSegment(path);
  if (end === 0 || start === 1) return "/";
  if (start === 0) return ".";
  // POSIX leaves to the implementation what exactly two slashes at the start mean.
  return start === 2 && path.startsWith("//") ? "//" : path.slice(0, start - 1);
}

export function basename(path, suffix = undefined) {
  if (suffix !== undefined) requireString(suffix, "suffix");
  requireString(path, "path");
  const [start, end] = lastSegment(path);
  return withoutSuffix(path.slice(start, end), suffix, path);
}

export function extname(path) {
  requireString(path, "path");
  const [start, end] = lastSegment(path);
  return extensionOf(path.slice(start, end));
}

export const format = (pathObject) => formatWith("/", pathObject);

export function parse(path) {
  requireString(path, "path");
  const result = { root: path.startsWith("/") ? "/" : "", dir: "", base: "", ext: "", name: "" };
  if (path === "") return result;
  const [start, end] = lastSegment(path);
  result.base = path.slice(start, end);
  result.ext = extname(result.base);
  result.name = result.ext === "" ? result.base : result.base.slice(0, -result.ext.length);
  result.dir = start > 1 ? path.slice(0, start - 1) : result.root;
  return result;
}

/** Whether a path matches a pattern. */
export function matchesGlob(path, pattern) {
  requireString(path, "path");
  requireString(pattern, "pattern");
  return globMatcher(pattern)(path);
}

export const win32 = { ...windows };

const path = {
  _makeLong,
  basename,
  delimiter,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  matchesGlob,
  normalize,
  parse,
  relative,
  resolve,
  sep,
  toNamespacedPath,
  win32,
};
path.posix = win32.posix = path;
win32.win32 = win32;

export const posix = path;
export default path;
