// The options of R2's methods, as JSON for the host's ops.
//
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/

import { headerValue } from "../fetch/headers.js";
import { toUSVString } from "../kernel/webidl.js";
import {
  bytesOrString,
  isHeaders,
  timeOfHeader,
  toDateMember,
  toObjectOrHeaders,
  toRecord,
  toStringMember,
} from "./conversions.js";
import { parseEtags } from "./etags.js";

// By the name of their option: how messages name them, and how many bytes they have.
const HASHES = {
  md5: ["MD5", 16],
  sha1: ["SHA-1", 20],
  sha256: ["SHA-256", 32],
  sha384: ["SHA-384", 48],
  sha512: ["SHA-512", 64],
};
const HEADERS = {
  contentType: "content-type",
  contentLanguage: "content-language",
  contentDisposition: "content-disposition",
  contentEncoding: "content-encoding",
  cacheControl: "cache-control",
};
const KEY_LENGTH = 64;

// ---- Conditions ---------------------------------------------------------------------

/** `onlyIf`, as storage/r2/conditions.py takes it; undefined where there is none. */
export function toCondition(value, dictionary) {
  const given = toObjectOrHeaders(value, "onlyIf", dictionary, "Conditional");
  if (given === undefined) return undefined;
  return isHeaders(given) ? conditionOfHeaders(given) : conditionOfObject(given);
}

function conditionOfHeaders(headers) {
  const etags = (name) => {
    const value = headerValue(headers, name);
    return value === null ? undefined : parseEtags(value, name);
  };
  const time = (name) => {
    const value = headerValue(headers, name);
    return value === null ? undefined : timeOfHeader(value);
  };
  return {
    matches: etags("if-match"),
    doesNotMatch: etags("if-none-match"),
    after: time("if-modified-since"),
    before: time("if-unmodified-since"),
    bySeconds: true,
  };
}

function conditionOfObject(object) {
  const etag = (field) => {
    const value = toStringMember(object[field], field, "Conditional");
    if (value === undefined) return undefined;
    if (value.startsWith('"') && value.endsWith('"')) {
      throw new TypeError(`Conditional ETag should not be wrapped in quotes (${value}).`);
    }
    return [[value === "*" ? null : value, false]];
  };
  return {
    matches: etag("etagMatches"),
    doesNotMatch: etag("etagDoesNotMatch"),
    before: toDateMember(object.uploadedBefore, "uploadedBefore", "Conditional"),
    after: toDateMember(object.uploadedAfter, "uploadedAfter", "Conditional"),
    bySeconds: !!object.secondsGranularity,
  };
}

// ---- Ranges -------------------------------------------------------------------------

/** `range`: numbers, or the text of a Range header; undefined where there is none. */
export function toRange(value) {
  const given = toObjectOrHeaders(value, "range", "GetOptions", "Range");
  if (given === undefined) return undefined;
  if (isHeaders(given)) return headerValue(given, "range") ?? undefined;
  const offset = toCount(given.offset, "range. Starting offset", "range. Starting offset");
  const length = toCount(given.length, "range. Length", "range. Length");
  if (given.suffix === undefined) return { offset, length };
  if (offset !== undefined) throw new TypeError("Suffix is incompatible with offset.");
  if (length !== undefined) throw new TypeError("Suffix is incompatible with length.");
  return { suffix: toCount(given.suffix, "suffix. Suffix", "range. Suffix") };
}

function toCount(value, negative, fraction) {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!(number >= 0)) {
    const shown = Number.isNaN(number) ? "nan" : number === -Infinity ? "-inf" : number;
    throw new RangeError(`Invalid ${negative} (${shown}) must be greater than or equal to 0.`);
  }
  if (!Number.isInteger(number) && number !== Infinity) {
    throw new RangeError(`Invalid ${fraction} (${number}) must be an integer, not floating point.`);
  }
  return Math.min(number, Number.MAX_SAFE_INTEGER);
}

// ---- Metadata -----------------------------------------------------------------------

/** What an upload says of its object, as `Metadata` of storage/r2/objects.py takes it. */
export function toMetadata(options, dictionary) {
  const { httpMetadata, customMetadata, storageClass } = options;
  return {
    http: toHttpMetadata(httpMetadata, dictionary),
    custom:
      customMetadata === undefined || customMetadata === null
        ? {}
        : toRecord(customMetadata, "customMetadata", dictionary),
    storageClass: storageClass === undefined ? undefined : toUSVString(storageClass),
  };
}

function toHttpMetadata(value, dictionary) {
  const given = toObjectOrHeaders(value, "httpMetadata", dictionary, "HttpMetadata");
  const told = {};
  if (given === undefined) return told;
  const fromHeaders = isHeaders(given);
  for (const [field, header] of Object.entries(HEADERS)) {
    const one = fromHeaders ? (headerValue(given, header) ?? undefined) : given[field];
    if (one !== undefined) told[field] = toUSVString(one);
  }
  if (fromHeaders) {
    const expires = headerValue(given, "expires");
    if (expires !== null) told.cacheExpiry = timeOfHeader(expires);
  } else if (given.cacheExpiry !== undefined) {
    told.cacheExpiry = toDateMember(given.cacheExpiry, "cacheExpiry", "HttpMetadata");
  }
  return told;
}

/** The headers that an object's metadata stand for, as pairs. */
export function* headersOfMetadata(metadata) {
  for (const [field, header] of Object.entries(HEADERS)) {
    if (metadata[field] !== undefined) yield [header, metadata[field]];
  }
  if (metadata.cacheExpiry !== undefined) yield ["expires", metadata.cacheExpiry.toUTCString()];
}

// ---- Checksums and keys -------------------------------------------------------------

/** The checksum that an upload has to have, `{ name: hexadecimal }`; empty where there is none. */
export function toChecksums(options) {
  const given = {};
  for (const [name, [title, size]] of Object.entries(HASHES)) {
    const value = options[name];
    if (value === undefined || value === null) continue;
    if (Object.keys(given).length > 0) {
      throw new TypeError("You cannot specify multiple hashing algorithms.");
    }
    given[name] = hexOf(bytesOrString(value, name, "PutOptions"), title, size);
  }
  return given;
}

function hexOf(value, title, size) {
  if (typeof value !== "string") {
    if (value.length !== size) {
      throw new TypeError(`${title} is ${size} bytes, not ${value.length}`);
    }
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  if (value.length !== size * 2) {
    throw new TypeError(`${title} is ${size * 2} hex characters, not ${value.length}`);
  }
  if (!/^[0-9a-f]+$/i.test(value)) throw new TypeError(`Provided ${title} wasn't a valid hex string`);
  return value.toLowerCase();
}

/** Holdfast encrypts nothing with keys that scripts give: refuse one, and tell what is wrong with it. */
export function refuseEncryption(options, action) {
  const { ssecKey } = options;
  if (ssecKey === undefined || ssecKey === null) return;
  const key = bytesOrString(ssecKey, "ssecKey", action);
  if (typeof key === "string" && !/^[0-9a-f]+$/.test(key)) {
    throw new Error("SSE-C Key has invalid format");
  }
  if (key.length !== (typeof key === "string" ? KEY_LENGTH : KEY_LENGTH / 2)) {
    throw new Error("SSE-C Key must be 32 bytes in length");
  }
  throw new Error(`${action}: Holdfast does not encrypt objects with keys of their owners (ssecKey).`);
}
