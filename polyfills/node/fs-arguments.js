// What functions of node:fs take: paths, flags, modes, encodings, data.

import { Buffer } from "./buffer.js";
import { dataOf, encoded as encodedBytes } from "./bytes.js";
import { abortError, invalidType, invalidValue, nodeError, requireInteger } from "./errors.js";
import { constants } from "./fs-constants.js";
import { fileURLToPath } from "./url.js";

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const WAYS = {
  __proto__: null,
  r: O_RDONLY,
  "r+": O_RDWR,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  "w+": O_TRUNC | O_CREAT | O_RDWR,
  a: O_APPEND | O_CREAT | O_WRONLY,
  "a+": O_APPEND | O_CREAT | O_RDWR,
};
// What is only read cannot be exclusive, nor synchronous what begins empty.
const IMPOSSIBLE = { __proto__: null, x: "r", s: "w" };
const MAX_UINT32 = 2 ** 32 - 1;

/** The path that a text, a Buffer or a file's URL stands for, as it was given. */
export function pathOf(value, name = "path") {
  let path = value;
  if (value instanceof URL) path = fileURLToPath(value);
  else if (value instanceof Uint8Array) path = Buffer.from(value).toString();
  else if (typeof value !== "string") throw invalidType(name, ["string", "Buffer", "URL"], value);
  if (path.includes("\0"))
    throw invalidValue(name, path, "must be a string, Uint8Array, or URL without null bytes");
  return path;
}

/** `"w+"` or a number as the number. An `x` or `s` may stand on either side of the letter. */
export function flagsOf(flags, name = "flags") {
  if (typeof flags === "number") {
    requireInteger(flags, name, -(2 ** 31), 2 ** 31 - 1);
    return flags;
  }
  if (flags === undefined || flags === null) return O_RDONLY;
  const [, before = "", letter, after = "", plus = ""] =
    /^([xs])?([rwa])([xs])?(\+)?$/.exec(`${flags}`) ?? [];
  const extra = before + after;
  const isKnown = letter !== undefined && (extra === "" || letter !== IMPOSSIBLE[extra]);
  if (!isKnown || extra.length > 1) throw invalidValue(name, flags);
  return WAYS[letter + plus] | (extra === "x" ? O_EXCL : 0);
}

/** A mode given as a number or as octal digits. */
export function modeOf(value, name, usual) {
  if (value === undefined || value === null) return usual;
  if (typeof value === "string") {
    if (/^[0-7]+$/.test(value)) return Number.parseInt(value, 8);
    throw invalidValue(name, value, "must be a 32-bit unsigned integer or an octal string");
  }
  requireInteger(value, name, 0, MAX_UINT32);
  return value;
}

/** Throws where a mode is none; nothing else becomes of it, since files have no owners here. */
export function requireMode(mode) {
  if (mode === undefined || mode === null) throw invalidType("mode", "number", undefined);
  modeOf(mode, "mode");
}

/** The same for who is to own a file; -1 is to leave it as it is. */
export function requireOwner(uid, gid) {
  requireInteger(uid, "uid", -1, MAX_UINT32);
  requireInteger(gid, "gid", -1, MAX_UINT32);
}

/** The options of a function that takes an encoding in their place. */
export function optionsOf(options) {
  if (options === undefined || options === null) return {};
  const known = typeof options === "string" ? { encoding: options } : options;
  if (typeof known !== "object") throw invalidType("options", ["string", "Object"], options);
  const { encoding, signal } = known;
  if (encoding && encoding !== "buffer" && !Buffer.isEncoding(encoding))
    throw invalidValue("encoding", encoding, "is invalid encoding");
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidType("options.signal", "AbortSignal", signal);
  return known;
}

/** Throws where a signal says that nobody waits for the result. */
export function requireWanted({ signal }) {
  if (signal?.aborted) throw abortError(signal.reason);
}

/** Throws unless these properties of an object are booleans, where they are there. */
export function requireBooleans(options, ...names) {
  for (const name of names)
    if (options[name] !== undefined && typeof options[name] !== "boolean")
      throw invalidType(`options.${name}`, "boolean", options[name]);
}

/** Bytes as the options want them: a Buffer, or a text where they name an encoding. */
export function encoded(bytes, { encoding } = {}) {
  return encodedBytes(bytes, encoding);
}

/** A name as the options want it. */
export function encodedName(name, { encoding } = {}) {
  return !encoding || encoding === "utf8" || encoding === "utf-8"
    ? name
    : encoded(Buffer.from(name), { encoding });
}

/** What is to be written, as bytes. */
export function bytesOf(data, encoding = undefined, name = "data") {
  return dataOf(data, name, encoding ?? undefined);
}

/** The milliseconds of a time given in seconds, as a Date or as a text of seconds. */
export function millisecondsOf(time, name = "time") {
  if (time instanceof Date) return time.getTime();
  // eslint-disable-next-line eqeqeq
  const isText = typeof time === "string" && +time == time;
  if (!isText && !Number.isFinite(time))
    throw invalidType(name, ["Date", "Time in seconds"], time);
  return time < 0 ? Date.now() : Number(time) * 1000;
}

export function requireCallback(callback) {
  if (typeof callback !== "function") throw invalidType("cb", "function", callback);
}

/** The error of what a Worker's files cannot do. */
export const unsupported = (name) =>
  nodeError(Error, "ERR_UNSUPPORTED_OPERATION", `fs.${name} is not supported by a Worker's files`);
