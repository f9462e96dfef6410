// Signatures: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-sign

import { callable } from "./callable.js";
import {
  node_sign,
  node_sign_digest,
  node_sign_later,
  node_signature_hash,
  node_verify,
  node_verify_digest,
  node_verify_later,
} from "holdfast:ops";
import { encoded, isBytes, secretOf, toBuffer } from "./bytes.js";
import { answer, attempt } from "./crypto-errors.js";
import { createHash } from "./crypto-hash.js";
import { privateKeyFor, publicKeyFor } from "./crypto-key-reading.js";
import { isExtractable, materialOfKey } from "./crypto-keys.js";
import { invalidType, invalidValue, nodeError, requireFunction, requireString } from "./errors.js";
import { Writable } from "./stream-writable.js";

/** Padding, salt and form of a signature as one text, which the host reads. */
function mannerOf(options) {
  const { padding, saltLength, dsaEncoding } = typeof options === "object" ? (options ?? {}) : {};
  for (const [name, value] of [
    ["options.padding", padding],
    ["options.saltLength", saltLength],
  ])
    if (value !== undefined && value !== value >> 0) throw invalidValue(name, value);
  if (![undefined, "der", "ieee-p1363"].includes(dsaEncoding))
    throw invalidValue("options.dsaEncoding", dsaEncoding);
  return `${padding ?? ""},${saltLength ?? ""},${dsaEncoding ?? "der"}`;
}

/** The name of a hash, and the digest of all that was added; nothing can be added any more. */
let finish;

class Signing extends Writable {
  #name;
  #hash;

  constructor(algorithm, options) {
    requireString(algorithm, "algorithm");
    super(options);
    if (!node_signature_hash(algorithm))
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", "Invalid digest");
    this.#name = algorithm;
    this.#hash = createHash(algorithm);
  }

  _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  update(data, encoding = undefined) {
    if (typeof data !== "string" && !ArrayBuffer.isView(data))
      throw invalidType("data", ["string", "Buffer", "TypedArray", "DataView"], data);
    this.#require().update(data, encoding);
    return this;
  }

  #require() {
    if (this.#hash !== null) return this.#hash;
    throw nodeError(Error, "ERR_CRYPTO_INVALID_STATE", "Not initialised");
  }

  static {
    finish = (signing) => {
      const digest = signing.#require().digest();
      signing.#hash = null;
      return [signing.#name, digest];
    };
  }
}

class SignClass extends Signing {
  sign(options, encoding = undefined) {
    if (!options) throw nodeError(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
    const manner = mannerOf(options);
    const key = materialOfKey(privateKeyFor(options));
    const [name, digest] = finish(this);
    return encoded(
      attempt(() => node_sign_digest(key, name, manner, digest)),
      encoding,
    );
  }
}

class VerifyClass extends Signing {
  verify(options, signature, encoding = undefined) {
    const manner = mannerOf(options);
    const key = materialOfKey(publicKeyFor(options));
    const bytes = secretOf(signature, "signature", encoding);
    const [name, digest] = finish(this);
    return attempt(() => node_verify_digest(key, name, manner, digest, bytes));
  }
}

export const Sign = callable(SignClass, "Sign");
export const Verify = callable(VerifyClass, "Verify");
export const createSign = (algorithm, options = undefined) => new Sign(algorithm, options);
export const createVerify = (algorithm, options = undefined) => new Verify(algorithm, options);

function hashOf(algorithm) {
  if (algorithm === null || algorithm === undefined) return undefined;
  requireString(algorithm, "algorithm");
  if (node_signature_hash(algorithm)) return algorithm;
  throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${algorithm}`);
}

export function sign(algorithm, data, key, callback = undefined) {
  const name = hashOf(algorithm);
  if (callback !== undefined) requireFunction(callback, "callback");
  const bytes = secretOf(data, "data");
  if (!key) throw nodeError(Error, "ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
  const manner = mannerOf(key);
  const object = privateKeyFor(key);
  const material = materialOfKey(object);
  const now = () => toBuffer(attempt(() => node_sign(material, name, manner, bytes)));
  if (callback === undefined) return now();
  // The arguments of an op that answers later can be watched.
  if (!isExtractable(object)) answer(Promise.try(now), callback, (value) => value);
  else answer(node_sign_later(material, name, manner, bytes), callback, toBuffer);
  return undefined;
}

export function verify(algorithm, data, key, signature, callback = undefined) {
  const name = hashOf(algorithm);
  if (callback !== undefined) requireFunction(callback, "callback");
  const bytes = secretOf(data, "data");
  const manner = mannerOf(key);
  if (!isBytes(signature))
    throw invalidType("signature", ["Buffer", "TypedArray", "DataView"], signature);
  const material = materialOfKey(publicKeyFor(key));
  const signed = secretOf(signature, "signature");
  if (callback === undefined)
    return attempt(() => node_verify(material, name, manner, bytes, signed));
  answer(node_verify_later(material, name, manner, bytes, signed), callback, (value) => value);
  return undefined;
}
