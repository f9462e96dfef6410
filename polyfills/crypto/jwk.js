// JSON Web Keys: https://w3c.github.io/webcrypto/#JsonWebKey-dictionary

import { toDictionary, toDOMString, toSequence } from "../kernel/webidl.js";

const { DOMException, Uint8Array } = globalThis;
const fromBase64 = Uint8Array.fromBase64;
const toBase64 = Function.prototype.call.bind(Uint8Array.prototype.toBase64);

const ALPHABET = /^[A-Za-z0-9_-]*$/;
const MEMBERS = [
  "alg",
  "crv",
  "d",
  "dp",
  "dq",
  "e",
  "ext",
  "k",
  "key_ops",
  "kty",
  "n",
  "p",
  "q",
  "qi",
  "use",
  "x",
  "y",
];
const converters = {
  __proto__: null,
  ext: Boolean,
  key_ops: (value) => toSequence(value, toDOMString, "JsonWebKey: key_ops"),
};

/** A member of a JWK as bytes; throws a DataError if it is no base64url. */
export function bytesFromBase64Url(text, what) {
  try {
    if (ALPHABET.test(text)) return fromBase64(text, { alphabet: "base64url" });
  } catch {
    // The length is none that base64 can have.
  }
  throw invalid(`"${what}" is not base64url`);
}

/** Bytes as a member of a JWK. */
export function base64UrlFromBytes(bytes) {
  return toBase64(bytes, { alphabet: "base64url", omitPadding: true });
}

/** The dictionary's members, read in their order; absent ones are undefined. */
export function toJsonWebKey(value) {
  const given = toDictionary(value, "JsonWebKey");
  const jwk = {};
  for (const name of MEMBERS) {
    const member = given[name];
    if (member !== undefined) jwk[name] = (converters[name] ?? toDOMString)(member);
  }
  return jwk;
}

/**
 * Throws a DataError unless the JWK may become a key with these usages. `use` is what
 * its member "use" has to be, if it is there.
 */
export function checkJsonWebKey(jwk, { kty, use, usages, extractable }) {
  if (jwk.kty !== kty) throw invalid(`"kty" is not "${kty}"`);
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) {
    throw invalid(`"use" is not "${use}"`);
  }
  checkKeyOperations(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) throw invalid('"ext" forbids an extractable key');
}

function checkKeyOperations(operations, usages) {
  if (operations === undefined) return;
  if (new Set(operations).size < operations.length) throw invalid('"key_ops" has a duplicate');
  const missing = usages.find((usage) => !operations.includes(usage));
  if (missing !== undefined) throw invalid(`"key_ops" does not include "${missing}"`);
}

/** The DataError of a JWK that is no key. */
export function invalid(why) {
  return new DOMException(`JSON Web Key: ${why}.`, "DataError");
}
