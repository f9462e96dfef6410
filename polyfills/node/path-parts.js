// What both halves of node:path do with the parts of a path.

import { requireObject } from "./errors.js";

/** Segments without `.` and with `..` undone; `..` that lead above stay in a relative path. */
export function withoutDots(segments, isAbsolute) {
  const kept = [];
  for (const segment of segments) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isAbsolute) kept.push("..");
  }
  return kept;
}

/** The extension of a name, with its dot. */
export function extensionOf(base) {
  const dot = base.lastIndexOf(".");
  return dot <= 0 || base === ".." ? "" : base.slice(dot);
}

/** A name without a suffix, unless it is nothing else. */
export function withoutSuffix(base, suffix, path) {
  if (suffix === undefined || suffix === "" || base === suffix || !base.endsWith(suffix))
    return suffix === path && suffix !== undefined ? "" : base;
  return base.slice(0, -suffix.length);
}

/** The path that an object of `parse` stands for. */
export function formatWith(separator, pathObject) {
  requireObject(pathObject, "pathObject");
  const { root, ext } = pathObject;
  const dir = pathObject.dir || root;
  const dotted = ext && !ext.startsWith(".") ? `.${ext}` : (ext ?? "");
  const base = pathObject.base || `${pathObject.name ?? ""}${dotted}`;
  if (!dir) return base;
  return dir === root ? `${dir}${base}` : `${dir}${separator}${base}`;
}
