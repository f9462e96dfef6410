// Digests and HMACs, also as streams.
// https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-hash

import { node_digest, node_hmac } from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { dataOf, secretOf } from "./crypto-bytes.js";
import { KeyObject, secretOfKey } from "./crypto-keys.js";
import { invalidType, nodeError, requireString } from "./errors.js";
import { Transform } from "./stream-duplex.js";

const EMPTY = new Uint8Array(0);

/** Collects data until its digest is asked for. */
class Digest extends Transform {
  #parts = [];
  #compute;
  #finalized = false;

  constructor(compute, options) {
    super(options);
    this.#compute = compute;
  }

  get parts() {
    return this.#parts;
  }

  isFinalized() {
    return this.#finalized;
  }

  update(data, inputEncoding = undefined) {
    if (this.#finalized)
      throw nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    // A copy, since the data may change before the digest is asked for.
    this.#parts.push(
      typeof data === "string"
        ? dataOf(data, "data", inputEncoding)
        : Buffer.from(dataOf(data, "data")),
    );
    return this;
  }

  finish(encoding) {
    this.#finalized = true;
    const data = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    const result = Buffer.from(this.#compute(data).buffer);
    return encoding && encoding !== "buffer" ? result.toString(encoding) : result;
  }

  _transform(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  }

  _flush(callback) {
    this.push(this.finish());
    callback();
  }
}

export class Hash extends Digest {
  #algorithm;
  #options;

  constructor(algorithm, options = undefined) {
    requireString(algorithm, "algorithm");
    super((data) => node_digest(algorithm, data), options);
    node_digest(algorithm, EMPTY); // an unknown one is refused at once
    this.#algorithm = algorithm;
    this.#options = options;
  }

  copy(options = undefined) {
    if (this.isFinalized())
      throw nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    const copy = new Hash(this.#algorithm, options ?? this.#options);
    copy.parts.push(...this.parts);
    return copy;
  }

  digest(outputEncoding = undefined) {
    if (this.isFinalized())
      throw nodeError(Error, "ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    return this.finish(outputEncoding);
  }
}

export class Hmac extends Digest {
  constructor(hmac, key, options = undefined) {
    requireString(hmac, "hmac");
    const secret = key instanceof KeyObject ? secretOfKey(key) : keyOf(key);
    super((data) => node_hmac(hmac, secret, data), options);
    try {
      node_hmac(hmac, secret, EMPTY);
    } catch {
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid digest: ${hmac}`);
    }
  }

  /** Empty once it was asked for, as in Node.js. */
  digest(outputEncoding = undefined) {
    if (!this.isFinalized()) return this.finish(outputEncoding);
    return outputEncoding && outputEncoding !== "buffer" ? "" : Buffer.alloc(0);
  }
}

function keyOf(key) {
  if (typeof key === "string" || ArrayBuffer.isView(key) || key instanceof ArrayBuffer)
    return Buffer.from(secretOf(key, "key"));
  throw invalidType(
    "key",
    ["ArrayBuffer", "Buffer", "TypedArray", "DataView", "string", "KeyObject", "CryptoKey"],
    key,
  );
}

export const createHash = (algorithm, options = undefined) => new Hash(algorithm, options);
export const createHmac = (hmac, key, options = undefined) => new Hmac(hmac, key, options);

/** The digest of data in one go; in hexadecimal unless told otherwise. */
export function hash(algorithm, data, outputEncoding = "hex") {
  return createHash(algorithm).update(data).digest(outputEncoding);
}
