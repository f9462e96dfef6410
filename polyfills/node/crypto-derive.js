// Keys out of passwords and secrets: PBKDF2, scrypt, HKDF.
// https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptopbkdf2password-salt-iterations-keylen-digest-callback

import {
  node_hmac,
  node_pbkdf2,
  node_pbkdf2_later,
  node_scrypt,
  node_scrypt_later,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { secretOf, toBuffer } from "./bytes.js";
import { secretKeyOf } from "./crypto-keys.js";
import {
  nodeError,
  outOfRange,
  requireFunction,
  requireInteger,
  requireString,
} from "./errors.js";
import { nextTick } from "./stream-base.js";

const MAX_INT = 2 ** 31 - 1;
const MAX_INFO_BYTES = 1024;
const SCRYPT = { N: 16_384, r: 8, p: 1, maxmem: 32 * 1024 * 1024 };

const invalidDigest = (digest) =>
  nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${digest}`);

function answer(promise, callback) {
  promise.then(
    (bytes) => nextTick(callback, null, toBuffer(bytes)),
    (error) => nextTick(callback, coded(error)),
  );
}

function coded(error) {
  if (error.message.startsWith("Invalid scrypt params"))
    error.code = "ERR_CRYPTO_INVALID_SCRYPT_PARAMS";
  return error;
}

function pbkdf2Arguments(password, salt, iterations, keylen, digest) {
  requireString(digest, "digest");
  const secret = secretOf(password, "password");
  const salted = secretOf(salt, "salt");
  requireInteger(iterations, "iterations", 1, MAX_INT);
  requireInteger(keylen, "keylen", 0, MAX_INT);
  digestBytes(digest);
  return [digest, secret, salted, iterations, keylen];
}

/** How many bytes a digest has that HMAC can use. */
function digestBytes(digest) {
  try {
    return node_hmac(digest, new Uint8Array(1), new Uint8Array(0)).length;
  } catch {
    throw invalidDigest(digest);
  }
}

export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  return toBuffer(node_pbkdf2(...pbkdf2Arguments(password, salt, iterations, keylen, digest)));
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  if (typeof digest === "function") [callback, digest] = [digest, undefined];
  const args = pbkdf2Arguments(password, salt, iterations, keylen, digest);
  requireFunction(callback, "callback");
  answer(node_pbkdf2_later(...args), callback);
}

const SCRYPT_PAIRS = [
  ["N", "cost"],
  ["r", "blockSize"],
  ["p", "parallelization"],
];

function scryptArguments(password, salt, keylen, options) {
  const secret = secretOf(password, "password");
  const salted = secretOf(salt, "salt");
  requireInteger(keylen, "keylen", 0, MAX_INT);
  for (const [name, other] of SCRYPT_PAIRS)
    if (options?.[name] !== undefined && options[other] !== undefined)
      throw nodeError(Error, "ERR_CRYPTO_SCRYPT_INVALID_PARAMETER", "Invalid scrypt parameter");
  // Zero stands for what is usual, as in Node.js.
  const [n, r, p] = SCRYPT_PAIRS.map(([name, other]) => {
    const value = options?.[name] ?? options?.[other] ?? 0;
    requireInteger(value, name, 0, 2 ** 32 - 1);
    return value || SCRYPT[name];
  });
  const memory = options?.maxmem ?? 0;
  requireInteger(memory, "maxmem", 0);
  requireScryptCost(n, r, p, memory || SCRYPT.maxmem);
  return [secret, salted, [n, r, p, memory || SCRYPT.maxmem].join(","), keylen];
}

/** What OpenSSL refuses is refused before there is anything to wait for. */
function requireScryptCost(n, r, p, memory) {
  const refused = (reason) =>
    nodeError(RangeError, "ERR_CRYPTO_INVALID_SCRYPT_PARAMS", `Invalid scrypt params${reason}`);
  if (n < 2 || !Number.isInteger(Math.log2(n)) || p > (2 ** 30 - 1) / r) throw refused("");
  if (128 * r * (p + n + 2) > memory)
    throw refused(": error:030000AC:digital envelope routines::memory limit exceeded");
}

export function scryptSync(password, salt, keylen, options = undefined) {
  const args = scryptArguments(password, salt, keylen, options);
  try {
    return toBuffer(node_scrypt(...args));
  } catch (error) {
    throw coded(error);
  }
}

export function scrypt(password, salt, keylen, options, callback) {
  if (typeof options === "function") [callback, options] = [options, undefined];
  const args = scryptArguments(password, salt, keylen, options);
  requireFunction(callback, "callback");
  answer(node_scrypt_later(...args), callback);
}

/** https://www.rfc-editor.org/rfc/rfc5869 */
export function hkdfSync(digest, ikm, salt, info, keylen) {
  requireString(digest, "digest");
  const secret = secretKeyOf(ikm, "ikm");
  const salted = secretOf(salt, "salt");
  const context = secretOf(info, "info");
  requireInteger(keylen, "length", 0, MAX_INT);
  if (context.length > MAX_INFO_BYTES)
    throw outOfRange("info", `must not contain more than ${MAX_INFO_BYTES} bytes`, context.length);
  const size = digestBytes(digest);
  if (keylen > 255 * size)
    throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
  const key = node_hmac(digest, salted.length > 0 ? salted : new Uint8Array(size), secret);
  const parts = [];
  let last = Buffer.alloc(0);
  for (let i = 1; parts.length * size < keylen; i++) {
    last = toBuffer(
      node_hmac(digest, key, Buffer.concat([last, Buffer.from(context), Buffer.from([i])])),
    );
    parts.push(last);
  }
  const result = Buffer.concat(parts, keylen);
  return result.buffer.slice(result.byteOffset, result.byteOffset + result.byteLength);
}

export function hkdf(digest, ikm, salt, info, keylen, callback) {
  const result = hkdfSync(digest, ikm, salt, info, keylen);
  requireFunction(callback, "callback");
  nextTick(callback, null, result);
}
