// node:fs, names that match patterns: https://nodejs.org/docs/latest-v22.x/api/fs.html#fsglobsyncpattern-options

import { invalidType, requireFunction } from "./errors.js";
import { pathOf } from "./fs-arguments.js";
import { entriesOf } from "./fs-directories.js";
import { Dirent } from "./fs-stats.js";
import { found, workingDirectory } from "./fs-tree.js";
import { globMatcher } from "./glob.js";
import { join } from "./path.js";

function excluderOf({ exclude, withFileTypes }) {
  if (exclude === undefined) return () => false;
  if (Array.isArray(exclude)) {
    const matchers = exclude.map((each) => globMatcher(each, { walks: true }));
    return ({ path }) => matchers.some((matches) => matches(path));
  }
  requireFunction(exclude, "options.exclude");
  return ({ path, dirent }) => exclude(withFileTypes ? dirent() : path);
}

/** The names below `options.cwd`, or of the working directory, that match one of the patterns. */
export function globSync(pattern, options = {}) {
  const patterns = Array.isArray(pattern) ? pattern : [pattern];
  for (const each of patterns)
    if (typeof each !== "string") throw invalidType("patterns", ["string", "Array"], each);
  const folder = options.cwd === undefined ? workingDirectory() : pathOf(options.cwd, "options.cwd");
  const isExcluded = excluderOf(options);
  const matchers = patterns.map((each) => ({
    matches: globMatcher(each, { walks: true }),
    isAbsolute: each.startsWith("/"),
  }));
  const results = [];
  const left = []; // directories that are excluded with all that is in them
  for (const { name, parent, path, node } of entriesOf(found(folder, "glob").node, folder, true)) {
    const dirent = () => new Dirent(name, parent, node);
    if (left.some((each) => path.startsWith(`${each}/`))) continue;
    if (isExcluded({ path, dirent })) {
      left.push(path);
      continue;
    }
    const full = join(folder, path);
    const matcher = matchers.find(({ matches, isAbsolute }) => matches(isAbsolute ? full : path));
    if (matcher === undefined) continue;
    if (options.withFileTypes) results.push(dirent());
    else results.push(matcher.isAbsolute ? full : path);
  }
  return results;
}
