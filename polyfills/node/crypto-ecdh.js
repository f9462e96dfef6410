// Diffie-Hellman with points of a curve: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-ecdh

import { callable } from "./callable.js";
import {
  node_curves,
  node_ecdh_compute,
  node_ecdh_convert,
  node_ecdh_generate,
  node_ecdh_public,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { encoded, secretOf } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { nodeError, requireString } from "./errors.js";

export const getCurves = () => node_curves().split(",");

function curveOf(name) {
  if (getCurves().includes(name)) return name;
  throw nodeError(TypeError, "ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name");
}

function formOf(format) {
  if (!format) return "uncompressed";
  if (["compressed", "uncompressed", "hybrid"].includes(format)) return format;
  throw nodeError(TypeError, "ERR_CRYPTO_ECDH_INVALID_FORMAT", `Invalid ECDH format: ${format}`);
}

class ECDHClass {
  #curve;
  #private = null;
  #public = null;

  constructor(curve) {
    requireString(curve, "curve");
    this.#curve = curveOf(curve);
  }

  static convertKey(key, curve, inputEncoding, outputEncoding, format) {
    requireString(curve, "curve");
    const point = secretOf(key, "key", inputEncoding);
    const form = formOf(format);
    return encoded(
      attempt(() => node_ecdh_convert(curveOf(curve), point, form)),
      outputEncoding,
    );
  }

  generateKeys(encoding = undefined, format = undefined) {
    this.#private = node_ecdh_generate(this.#curve);
    this.#public = node_ecdh_public(this.#curve, this.#private);
    return this.getPublicKey(encoding, format);
  }

  computeSecret(otherPublicKey, inputEncoding = undefined, outputEncoding = undefined) {
    const other = secretOf(otherPublicKey, "key", inputEncoding);
    if (this.#private === null)
      throw nodeError(RangeError, "ERR_CRYPTO_INVALID_KEYPAIR", "Invalid key pair");
    return encoded(
      attempt(() => node_ecdh_compute(this.#curve, this.#private, other)),
      outputEncoding,
    );
  }

  getPublicKey(encoding = undefined, format = undefined) {
    const form = formOf(format);
    if (this.#public === null) throw missing("public");
    return encoded(node_ecdh_convert(this.#curve, this.#public, form), encoding);
  }

  getPrivateKey(encoding = undefined) {
    if (this.#private === null) throw missing("private");
    return encoded(Buffer.from(this.#private), encoding);
  }

  setPrivateKey(key, encoding = undefined) {
    const secret = secretOf(key, "key", encoding);
    this.#public = attempt(() => node_ecdh_public(this.#curve, secret));
    this.#private = Buffer.from(secret);
    return this;
  }

  /** Deprecated in Node.js, since it may contradict the private key. */
  setPublicKey(key, encoding = undefined) {
    const point = secretOf(key, "key", encoding);
    this.#public = attempt(() => node_ecdh_convert(this.#curve, point, "uncompressed"));
    return this;
  }
}

function missing(which) {
  return nodeError(Error, "ERR_CRYPTO_OPERATION_FAILED", `Failed to get ECDH ${which} key`);
}

export const ECDH = callable(ECDHClass, "ECDH");
export const createECDH = (curve) => new ECDH(curve);
