// node:crypto: https://nodejs.org/docs/latest-v20.x/api/crypto.html
//
// Everything is done by the host's libraries; `crypto-*.js` has what Node.js says of arguments.

import { crypto_equal, node_hashes } from "holdfast:ops";
import { crypto as webcrypto } from "../crypto/crypto.js";
import { bytesOf } from "./bytes.js";
import * as ciphers from "./crypto-cipher.js";
import { getCipherInfo, getCiphers } from "./crypto-cipher-names.js";
import { constants } from "./crypto-constants.js";
import * as derivation from "./crypto-derive.js";
import * as numbers from "./crypto-dh.js";
import * as curves from "./crypto-ecdh.js";
import * as generation from "./crypto-generate.js";
import * as digests from "./crypto-hash.js";
import { createPrivateKey, createPublicKey } from "./crypto-key-reading.js";
import {
  createSecretKey,
  CryptoKey,
  KeyObject,
  PrivateKeyObject,
  PublicKeyObject,
  SecretKeyObject,
} from "./crypto-keys.js";
import * as primes from "./crypto-primes.js";
import * as chance from "./crypto-random.js";
import * as encryption from "./crypto-rsa.js";
import * as signatures from "./crypto-sign.js";
import { Certificate } from "./crypto-spkac.js";
import { X509Certificate } from "./crypto-x509.js";
import { absentFrom, nodeError } from "./errors.js";

// What these export is what scripts see, and nothing else.
export * from "./crypto-cipher.js";
export * from "./crypto-derive.js";
export * from "./crypto-dh.js";
export * from "./crypto-ecdh.js";
export * from "./crypto-generate.js";
export * from "./crypto-hash.js";
export * from "./crypto-primes.js";
export * from "./crypto-random.js";
export * from "./crypto-rsa.js";
export * from "./crypto-sign.js";
export {
  Certificate,
  constants,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  CryptoKey,
  getCipherInfo,
  getCiphers,
  KeyObject,
  PrivateKeyObject,
  PublicKeyObject,
  SecretKeyObject,
  webcrypto,
  X509Certificate,
};

/** Whether both are the same bytes, in a time that depends on their length alone. */
export function timingSafeEqual(left, right) {
  for (const [name, value] of [
    ["buf1", left],
    ["buf2", right],
  ]) {
    if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) {
      const message = `The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`;
      throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", message);
    }
  }
  if (left.byteLength !== right.byteLength) {
    throw nodeError(
      RangeError,
      "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH",
      "Input buffers must have the same byte length",
    );
  }
  return crypto_equal(bytesOf(left), bytesOf(right));
}

export const getHashes = () => node_hashes().split(",");
export const getFips = () => 0;
export const setFips = () => {};
export const setEngine = () => {};
export const secureHeapUsed = () => ({ total: 0, used: 0, utilization: 0, min: 0 });
export const { subtle } = webcrypto;
export const getRandomValues = (array) => webcrypto.getRandomValues(array);

// What Node.js itself has given up, or nobody asks for.
const missing = absentFrom("crypto");
export const { Cipher, createCipher, createDecipher, Decipher } = missing;

export default {
  ...missing,
  ...ciphers,
  ...derivation,
  ...numbers,
  ...curves,
  ...generation,
  ...digests,
  ...primes,
  ...chance,
  ...encryption,
  ...signatures,
  Certificate,
  constants,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  CryptoKey,
  getCipherInfo,
  getCiphers,
  getFips,
  getHashes,
  getRandomValues,
  KeyObject,
  PrivateKeyObject,
  PublicKeyObject,
  SecretKeyObject,
  secureHeapUsed,
  setEngine,
  setFips,
  subtle,
  timingSafeEqual,
  webcrypto,
  X509Certificate,
};
