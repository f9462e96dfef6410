// Patterns of paths, as node:path and node:fs match them: `*`, `**`, `?`, `[…]`, `{a,b}`, `{1..3}`
// and `+(a|b)`. https://nodejs.org/docs/latest-v20.x/api/path.html#pathmatchesglobpath-pattern

const ANY_DEPTH = "**";
const EXTENDED = { "?": "?", "*": "*", "+": "+", "@": "" };
const MAX_EXPANDED = 10_000; // of one range
const NOT_DOTTED = "(?!\\.)"; // a leading dot is matched by a dot alone

/**
 * A function that says whether a path matches the pattern, in which a backslash is a slash. For who
 * walks through folders, `**` leads into hidden ones, too, and ends where it began.
 */
export function globMatcher(pattern, { walks = false } = {}) {
  if (pattern === "") return (path) => path === "";
  const ways = expanded(pattern.replaceAll("\\", "/"))
    .filter((way) => way !== "")
    .map((way) => withoutDots(way.split(/\/+/)).map(matcherOf));
  if (walks) for (const way of ways) if (way.length > 1 && way[0].source === "^\\.$") way.shift();
  const anyDepth = walks ? walksAnyDepth : matchesAnyDepth;
  return (path) => {
    const segments = withoutDots(path.split(/\/+/));
    return ways.some((way) => matches(segments, way, 0, 0, anyDepth));
  };
}

function withoutDots(segments) {
  const kept = [];
  for (const segment of segments) {
    const last = kept.at(-1);
    const undoes = segment === ".." && !["", ".", "..", ANY_DEPTH, undefined].includes(last);
    if (undoes) kept.pop();
    else if (segment === "." && last !== undefined) continue;
    else if (segment !== ANY_DEPTH || last !== ANY_DEPTH) kept.push(segment);
  }
  return kept;
}

const matcherOf = (segment) =>
  segment === ANY_DEPTH ? ANY_DEPTH : new RegExp(`^${sourceOf(segment)}$`, "u");

function matches(path, way, at, from, anyDepth) {
  for (let i = from; i < way.length; i++, at++) {
    if (way[i] === ANY_DEPTH) return anyDepth(path, way, at, i + 1);
    if (at >= path.length || !way[i].test(path[at])) return false;
  }
  return at === path.length || (at === path.length - 1 && path[at] === "");
}

function matchesAnyDepth(path, way, at, next) {
  if (at === path.length) return false;
  for (let rest = at; rest <= path.length; rest++) {
    if (next === way.length ? rest === path.length : matches(path, way, rest, next, matchesAnyDepth))
      return true;
    if (path[rest]?.startsWith(".")) return false;
  }
  return false;
}

function walksAnyDepth(path, way, at, next) {
  if (next === way.length) return true;
  for (let rest = at; rest < path.length; rest++)
    if (matches(path, way, rest, next, walksAnyDepth)) return true;
  return false;
}

// ---- A segment --------------------------------------------------------------------------

function sourceOf(segment) {
  let source = "";
  for (let at = 0; at < segment.length; ) {
    const [piece, size] =
      extendedAt(segment, at) ?? classAt(segment, at) ?? wildcardAt(segment, at) ?? [];
    source += piece ?? escaped(segment[at]);
    at += size ?? 1;
  }
  const isWild = /^(?:[*?[]|[+@!]\()/.test(segment);
  // A segment that is nothing but stars is a name, and not none.
  return (isWild ? NOT_DOTTED : "") + (/^\*+$/.test(segment) ? "[^/]+" : source);
}

const escaped = (text) => text.replace(/[\\^$.|?*+()[\]{}/]/g, "\\$&");

function wildcardAt(segment, at) {
  if (segment[at] === "?") return ["[^/]", 1];
  const stars = /^\*+/.exec(segment.slice(at));
  return stars === null ? undefined : ["[^/]*?", stars[0].length];
}

/** `+(a|b)` and its like; of `!(a|b)` all that is neither. */
function extendedAt(segment, at) {
  const kind = segment[at];
  if (segment[at + 1] !== "(" || !(kind === "!" || kind in EXTENDED)) return undefined;
  const parts = partsUpTo(segment, at + 2, ")", "|");
  if (parts === undefined) return undefined;
  const choice = `(?:${parts.list.map(sourceOf).join("|")})`;
  const size = parts.end + 1 - at;
  if (kind !== "!") return [choice + EXTENDED[kind], size];
  return [`(?!${choice}${sourceOf(segment.slice(at + size))}$)[^/]*?`, size];
}

function classAt(segment, at) {
  const found = /^\[([!^]?)(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(segment.slice(at));
  if (found === null || found[2] === "") return undefined;
  const [whole, negation, content] = found;
  const inside = content
    .replace(/[\\\]^&~]|\[(?!:\w+:\])/g, "\\$&")
    .replace(/\[:(\w+):\\?\]/g, (_, name) => POSIX[name] ?? "");
  return [`[${negation && "^"}${inside}]`, whole.length];
}

const POSIX = {
  __proto__: null,
  alnum: "\\p{L}\\p{Nl}\\p{Nd}",
  alpha: "\\p{L}\\p{Nl}",
  ascii: "\\x00-\\x7f",
  blank: "\\p{Zs}\\t",
  cntrl: "\\p{Cc}",
  digit: "\\p{Nd}",
  lower: "\\p{Ll}",
  punct: "\\p{P}",
  space: "\\p{Z}\\t\\r\\n\\v\\f",
  upper: "\\p{Lu}",
  word: "\\p{L}\\p{Nl}\\p{Nd}\\p{Pc}",
  xdigit: "A-Fa-f0-9",
};

// ---- Braces -----------------------------------------------------------------------------

/** What a pattern stands for: `a{b,c}` for "ab" and "ac". */
function expanded(pattern) {
  for (let at = pattern.indexOf("{"); at >= 0; at = pattern.indexOf("{", at + 1)) {
    const parts = partsUpTo(pattern, at + 1, "}", ",");
    const choices = parts && (parts.list.length > 1 ? parts.list : range(parts.list[0]));
    if (choices === undefined) continue;
    const before = pattern.slice(0, at);
    const rest = expanded(pattern.slice(parts.end + 1));
    return choices.flatMap(expanded).flatMap((each) => rest.map((tail) => before + each + tail));
  }
  return [pattern];
}

/** "1..3" and "a..e..2" as lists. */
function range(text) {
  const found = /^(-?\d+|[a-z])\.\.(-?\d+|[a-z])(?:\.\.(-?\d+))?$/i.exec(text);
  if (found === null || /\d$/.test(found[1]) !== /\d$/.test(found[2])) return undefined;
  const isNumber = /\d$/.test(found[1]);
  const [first, last] = found.slice(1, 3).map((end) => (isNumber ? +end : end.charCodeAt(0)));
  const step = Math.max(1, Math.abs(found[3] ?? 1)) * (first > last ? -1 : 1);
  const isPadded = found.slice(1, 3).some((end) => /^-?0\d/.test(end));
  const width = isPadded ? Math.max(found[1].length, found[2].length) : 0;
  const count = Math.min(Math.floor(Math.abs((last - first) / step)) + 1, MAX_EXPANDED);
  return Array.from({ length: count }, (_, i) => {
    const value = first + i * step;
    return isNumber ? `${value}`.padStart(width, "0") : String.fromCharCode(value);
  });
}

/** The parts between here and the `end` that belongs to it, in which other pairs may stand. */
function partsUpTo(text, start, end, separator) {
  const open = end === ")" ? "(" : "{";
  const list = [""];
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const c = text[at];
    if (c === end && depth === 0) return { list, end: at };
    if (c === open) depth++;
    else if (c === end) depth--;
    if (c === separator && depth === 0) list.push("");
    else list[list.length - 1] += c;
  }
  return undefined;
}
