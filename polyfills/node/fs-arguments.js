// What functions of node:fs take: paths, flags, encodings, data.

import { Buffer } from "./buffer.js";
import { invalidType, invalidValue, nodeError } from "./errors.js";
import { resolve } from "./path.js";
import { fileURLToPath } from "./url.js";

export const O = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  O_EXCL: 128,
  O_TRUNC: 512,
  O_APPEND: 1024,
};
const FLAGS = {
  r: O.O_RDONLY,
  "r+": O.O_RDWR,
  w: O.O_TRUNC | O.O_CREAT | O.O_WRONLY,
  "w+": O.O_TRUNC | O.O_CREAT | O.O_RDWR,
  a: O.O_APPEND | O.O_CREAT | O.O_WRONLY,
  "a+": O.O_APPEND | O.O_CREAT | O.O_RDWR,
};

/** An absolute path without dots, of a text, a Buffer or a file's URL. */
export function pathOf(value, name = "path") {
  let path = value;
  if (value instanceof URL) path = fileURLToPath(value);
  else if (value instanceof Uint8Array) path = Buffer.from(value).toString();
  else if (typeof value !== "string") throw invalidType(name, ["string", "Buffer", "URL"], value);
  if (path.includes("\0"))
    throw invalidValue(name, path, "must be a string, Uint8Array, or URL without null bytes");
  return resolve(path);
}

/** `"w+"` or a number as the number. */
export function flagsOf(flags) {
  if (typeof flags === "number") return flags;
  if (flags === undefined || flags === null) return O.O_RDONLY;
  const exclusive = `${flags}`.includes("x") ? O.O_EXCL : 0;
  const known = FLAGS[`${flags}`.replace(/[xs]/, "")];
  if (known === undefined) throw invalidValue("flags", flags);
  return known | exclusive;
}

/** The options of a function that takes an encoding in their place. */
export function optionsOf(options) {
  if (options === undefined || options === null) return {};
  const known = typeof options === "string" ? { encoding: options } : options;
  if (typeof known !== "object") throw invalidType("options", ["string", "Object"], options);
  const { encoding } = known;
  if (encoding && encoding !== "buffer" && !Buffer.isEncoding(encoding))
    throw invalidValue("encoding", encoding, "is invalid encoding");
  return known;
}

/** Bytes as the options want them: a Buffer, or a text where they name an encoding. */
export function encoded(bytes, { encoding } = {}) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

/** A name as the options want it. */
export function encodedName(name, { encoding } = {}) {
  return !encoding || encoding === "utf8" || encoding === "utf-8"
    ? name
    : encoded(Buffer.from(name), { encoding });
}

/** What is to be written, as bytes. */
export function bytesOf(data, encoding = undefined) {
  if (typeof data === "string") return Buffer.from(data, encoding ?? "utf8");
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw invalidType("data", ["string", "Buffer", "TypedArray", "DataView"], data);
}

export function requireCallback(callback) {
  if (typeof callback !== "function") throw invalidType("cb", "function", callback);
}

/** The error of what a Worker's files cannot do. */
export const unsupported = (name) =>
  nodeError(Error, "ERR_UNSUPPORTED_OPERATION", `fs.${name} is not supported by a Worker's files`);
