// The Windows half of node:path: https://nodejs.org/docs/latest-v20.x/api/path.html#windows-vs-posix

import { requireString } from "./errors.js";
import { globMatcher } from "./glob.js";
import { extensionOf, formatWith, withoutDots, withoutSuffix } from "./path-parts.js";

const CURRENT = "/"; // there are no directories, so none is the working one
const UNC = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)/;
const DRIVE = /^[a-z]:/i;

export const sep = "\\";
export const delimiter = ";";

const isSeparator = (c) => c === "\\" || c === "/";
const normalized = (path, isAbsolute) => withoutDots(path.split(/[\\/]/), isAbsolute).join("\\");

/**
 * What a path begins with: its device (`C:`, `\\server\share`, `\\?`, or ""), whether a separator follows,
 * and where the rest begins.
 */
function rootOf(path) {
  const unc = UNC.exec(path);
  if (unc !== null) {
    const [{ length }, server, share] = unc;
    if (server === "." || server === "?")
      return { device: `\\\\${server}`, isAbsolute: true, end: 4 };
    return { device: `\\\\${server}\\${share}`, isAbsolute: true, end: length, isShare: true };
  }
  if (isSeparator(path[0])) return { device: "", isAbsolute: true, end: 1 };
  if (!DRIVE.test(path)) return { device: "", isAbsolute: false, end: 0 };
  const isAbsolute = isSeparator(path[2]);
  return { device: path.slice(0, 2), isAbsolute, end: isAbsolute ? 3 : 2 };
}

/** Where the root ends, with its separator; the last segment starts; and that ends. */
function boundsOf(path) {
  const unc = UNC.exec(path);
  const root = unc === null ? rootOf(path).end : Math.min(unc[0].length + 1, path.length);
  let last = path.length;
  while (last > root && isSeparator(path[last - 1])) last--;
  let start = last;
  while (start > root && !isSeparator(path[start - 1])) start--;
  return { root, start, last };
}

/** Whether a path that has no device would be taken for one that has. */
function looksLikeDevice(path, tail) {
  return path.includes(":") && (DRIVE.test(tail) || /:(?:$|[\\/])/.test(path));
}

export function normalize(path) {
  requireString(path, "path");
  if (path === "") return ".";
  if (path.length === 1) return path === "/" ? "\\" : path;
  const { device, isAbsolute, end, isShare } = rootOf(path);
  if (isShare && end === path.length) return `${device}\\`;
  let tail = normalized(path.slice(end), isAbsolute);
  if (tail === "" && !isAbsolute) tail = ".";
  if (tail !== "" && isSeparator(path.at(-1))) tail += "\\";
  if (device === "" && !isAbsolute && looksLikeDevice(path, tail)) return `.\\${tail}`;
  return `${device}${isAbsolute ? "\\" : ""}${tail}`;
}

export function resolve(...paths) {
  let device = "";
  let tail = "";
  let isAbsolute = false;
  for (let i = paths.length - 1; i >= -1; i--) {
    let path = i >= 0 ? paths[i] : CURRENT;
    requireString(path, `paths[${i}]`);
    if (path === "") continue;
    const root = rootOf(path);
    if (root.device !== "") {
      if (device === "") device = root.device;
      else if (device.toLowerCase() !== root.device.toLowerCase()) continue;
    }
    if (!isAbsolute) {
      tail = `${path.slice(root.end)}\\${tail}`;
      ({ isAbsolute } = root);
    }
    if (isAbsolute && device !== "") break;
  }
  const rest = normalized(tail, isAbsolute);
  return (isAbsolute ? `${device}\\${rest}` : `${device}${rest}`) || ".";
}

export function isAbsolute(path) {
  requireString(path, "path");
  return isSeparator(path[0]) || (DRIVE.test(path) && isSeparator(path[2]));
}

export function join(...paths) {
  for (const path of paths) requireString(path, "path");
  const parts = paths.filter((path) => path !== "");
  if (parts.length === 0) return ".";
  const joined = parts.join("\\");
  // Only a first part that is meant to makes a share's name of what follows.
  const meansShare = /^[\\/]{2}[^\\/]/.test(parts[0]);
  return normalize(meansShare ? joined : joined.replace(/^[\\/]{2,}/, "\\"));
}

export function relative(from, to) {
  requireString(from, "from");
  requireString(to, "to");
  const [source, target] = [resolve(from), resolve(to)];
  if (source.toLowerCase() === target.toLowerCase()) return "";
  const segments = (path) => path.split("\\").filter((segment) => segment !== "");
  const [left, right] = [segments(source), segments(target)];
  let common = 0;
  while (common < left.length && left[common].toLowerCase() === right[common]?.toLowerCase())
    common++;
  if (common === 0 && left.length > 0 && right.length > 0) return target;
  return [...left.slice(common).map(() => ".."), ...right.slice(common)].join("\\");
}

export function toNamespacedPath(path) {
  if (typeof path !== "string" || path === "") return path;
  const full = resolve(path);
  if (full.length <= 2) return path;
  if (/^\\\\[^?.]/.test(full)) return `\\\\?\\UNC\\${full.slice(2)}`;
  return /^[a-z]:\\/i.test(full) ? `\\\\?\\${full}` : full;
}
export const _makeLong = toNamespacedPath;

export function dirname(path) {
  requireString(path, "path");
  if (path === "") return ".";
  const { root, start } = boundsOf(path);
  return path.slice(0, start > root ? start - 1 : root) || ".";
}

/** The last segment, in front of which a drive may stand. */
function baseOf(path) {
  const start = DRIVE.test(path) ? 2 : 0;
  let last = path.length;
  while (last > start && isSeparator(path[last - 1])) last--;
  return path.slice(start, last).split(/[\\/]/).at(-1);
}

export function basename(path, suffix = undefined) {
  if (suffix !== undefined) requireString(suffix, "suffix");
  requireString(path, "path");
  return withoutSuffix(baseOf(path), suffix, path);
}

export function extname(path) {
  requireString(path, "path");
  return extensionOf(baseOf(path));
}

export const format = (pathObject) => formatWith("\\", pathObject);

export function parse(path) {
  requireString(path, "path");
  const { root, start, last } = boundsOf(path);
  const base = path.slice(start, last);
  const ext = extensionOf(base);
  return {
    root: path.slice(0, root),
    dir: start > root ? path.slice(0, start - 1) : path.slice(0, root),
    base,
    ext,
    name: ext === "" ? base : base.slice(0, -ext.length),
  };
}

/** Whether a path matches a pattern. */
export function matchesGlob(path, pattern) {
  requireString(path, "path");
  requireString(pattern, "pattern");
  return globMatcher(pattern)(path.replaceAll("\\", "/"));
}
