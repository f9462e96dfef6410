// node:path, its POSIX half: https://nodejs.org/docs/latest-v20.x/api/path.html

import { absent, requireObject, requireString } from "./errors.js";
import { globMatcher } from "./glob.js";

const CURRENT = "/"; // there are no directories, so none is the working one

export const sep = "/";
export const delimiter = ":";

/** The segments without `.` and with `..` undone; `..` that lead above stay in a relative path. */
function resolveDots(path, isAbsolute) {
  const kept = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isAbsolute) kept.push("..");
  }
  return kept.join("/");
}

export function normalize(path) {
  requireString(path, "path");
  if (path === "") return ".";
  const absolute = path.startsWith("/");
  let text = resolveDots(path, absolute);
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
  return `/${resolveDots(path, true)}`;
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
  const base = path.slice(start, end);
  if (suffix === undefined || suffix === "" || base === suffix || !base.endsWith(suffix)) {
    return suffix === path && suffix !== undefined ? "" : base;
  }
  return base.slice(0, -suffix.length);
}

export function extname(path) {
  requireString(path, "path");
  const [start, end] = lastSegment(path);
  const base = path.slice(start, end);
  const dot = base.lastIndexOf(".");
  return dot <= 0 || base === ".." ? "" : base.slice(dot);
}

export function format(pathObject) {
  requireObject(pathObject, "pathObject");
  const { root, ext } = pathObject;
  const dir = pathObject.dir || root;
  const dotted = ext && !ext.startsWith(".") ? `.${ext}` : (ext ?? "");
  const base = pathObject.base || `${pathObject.name ?? ""}${dotted}`;
  if (!dir) return base;
  return dir === root ? `${dir}${base}` : `${dir}/${base}`;
}

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

export const win32 = {
  ...absent("path.win32", [
    "basename",
    "dirname",
    "extname",
    "format",
    "isAbsolute",
    "join",
    "matchesGlob",
    "normalize",
    "parse",
    "relative",
    "resolve",
    "toNamespacedPath",
  ]),
  delimiter: ";",
  sep: "\\",
};

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
