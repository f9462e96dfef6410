// node:querystring: https://nodejs.org/docs/latest-v20.x/api/querystring.html

import { nodeError } from "./errors.js";
import { Buffer } from "./buffer.js";

/** The text with everything but letters, digits and -_.!~*'() in percent codes. */
export function escape(text) {
  const string =
    typeof text === "string" ? text : typeof text === "object" ? String(text) : `${text}`;
  try {
    return encodeURIComponent(string);
  } catch {
    return encodeURIComponent(paired(string));
  }
}

/** The text with each surrogate that stands alone taken for a half of a pair with what follows. */
function paired(text) {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) {
      out += text[i];
    } else if (++i === text.length) {
      throw nodeError(URIError, "ERR_INVALID_URI", "URI malformed");
    } else {
      const point = 0x10000 + (((unit & 0x3ff) << 10) | (text.charCodeAt(i) & 0x3ff));
      out += String.fromCodePoint(point);
    }
  }
  return out;
}

/** The bytes in a text with percent codes; what is no code stays as it is. */
export function unescapeBuffer(text, decodeSpaces = false) {
  const source = Buffer.from(text, "latin1");
  const out = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    let byte = source[i];
    if (byte === 43 && decodeSpaces) byte = 32;
    else if (byte === 37) {
      const code = /^[0-9a-f]{2}$/i.test(text.slice(i + 1, i + 3))
        ? parseInt(text.slice(i + 1, i + 3), 16)
        : -1;
      if (code >= 0) {
        byte = code;
        i += 2;
      }
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

export function unescape(text, decodeSpaces = false) {
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBuffer(text, decodeSpaces).toString();
  }
}

function primitive(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return `${value}`;
  if (typeof value === "bigint" || typeof value === "boolean") return `${value}`;
  return "";
}

export function stringify(object, separator = undefined, equals = undefined, options = undefined) {
  const sep = separator || "&";
  const eq = equals || "=";
  const custom = options?.encodeURIComponent;
  const encode = typeof custom === "function" ? custom : querystring.escape;
  if (object === null || typeof object !== "object") return "";
  const fields = [];
  for (const key of Object.keys(object)) {
    const value = object[key];
    const name = encode(primitive(key)) + eq;
    if (!Array.isArray(value)) fields.push(name + encode(primitive(value)));
    else for (const item of value) fields.push(name + encode(primitive(item)));
  }
  return fields.join(sep);
}

export function parse(text, separator = undefined, equals = undefined, options = undefined) {
  const result = Object.create(null);
  if (typeof text !== "string" || text.length === 0) return result;
  const sep = separator ? `${separator}` : "&";
  const eq = equals ? `${equals}` : "=";
  const maxKeys = typeof options?.maxKeys === "number" ? options.maxKeys : 1000;
  const custom = options?.decodeURIComponent;
  const decode = typeof custom === "function" ? custom : querystring.unescape;
  let fields = text.split(sep);
  if (maxKeys > 0) fields = fields.slice(0, maxKeys);
  for (const field of fields) {
    if (field === "") continue;
    const at = field.indexOf(eq);
    const key = decoded(at === -1 ? field : field.slice(0, at), decode);
    const value = at === -1 ? "" : decoded(field.slice(at + eq.length), decode);
    if (!(key in result)) result[key] = value;
    else if (Array.isArray(result[key])) result[key].push(value);
    else result[key] = [result[key], value];
  }
  return result;
}

function decoded(text, decode) {
  const spaced = text.replaceAll("+", decode === querystring.unescape ? " " : "%20");
  if (decode === querystring.unescape && !/%[0-9a-f]{2}/i.test(spaced)) return spaced;
  try {
    return decode(spaced);
  } catch {
    return unescape(spaced, true);
  }
}

export const encode = stringify;
export const decode = parse;

const querystring = { decode, encode, escape, parse, stringify, unescape, unescapeBuffer };
export default querystring;
