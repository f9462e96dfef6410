// node:crypto: https://nodejs.org/docs/latest-v20.x/api/crypto.html
//
// Digests, HMACs, key derivation and random values, on the host's libraries. Ciphers, signatures
// and key pairs are Web Crypto's (`webcrypto`).

import { crypto_equal, node_hashes } from "holdfast:ops";
import { crypto as webcrypto } from "../crypto/crypto.js";
import { bytesOf } from "./crypto-bytes.js";
import { createHash, createHmac, Hash, hash, Hmac } from "./crypto-hash.js";
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from "./crypto-derive.js";
import {
  pseudoRandomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
} from "./crypto-random.js";
import { createSecretKey, KeyObject } from "./crypto-keys.js";
import { absent, nodeError } from "./errors.js";

export {
  createHash,
  createHmac,
  createSecretKey,
  Hash,
  hash,
  hkdf,
  hkdfSync,
  Hmac,
  KeyObject,
  pbkdf2,
  pbkdf2Sync,
  pseudoRandomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  scrypt,
  scryptSync,
  webcrypto,
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
export const getCiphers = () => [];
export const getCurves = () => [];
export const getFips = () => 0;
export const setFips = () => {};
export const setEngine = () => {};
export const secureHeapUsed = () => ({ total: 0, used: 0, utilization: 0, min: 0 });
export const constants = Object.freeze({
  __proto__: null,
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  defaultCoreCipherList: "",
});
export const { subtle } = webcrypto;
export const getRandomValues = (array) => webcrypto.getRandomValues(array);

const missing = absent("crypto", [
  "Cipher",
  "Decipher",
  "DiffieHellmanGroup",
  "checkPrime",
  "checkPrimeSync",
  "createCipheriv",
  "createDecipheriv",
  "createDiffieHellman",
  "createDiffieHellmanGroup",
  "createECDH",
  "createPrivateKey",
  "createPublicKey",
  "createSign",
  "createVerify",
  "diffieHellman",
  "generateKey",
  "generateKeyPair",
  "generateKeyPairSync",
  "generateKeySync",
  "generatePrime",
  "generatePrimeSync",
  "getCipherInfo",
  "getDiffieHellman",
  "privateDecrypt",
  "privateEncrypt",
  "publicDecrypt",
  "publicEncrypt",
  "sign",
  "verify",
  "Certificate",
  "Cipheriv",
  "Decipheriv",
  "DiffieHellman",
  "ECDH",
  "Sign",
  "Verify",
  "X509Certificate",
]);
export const {
  checkPrime,
  checkPrimeSync,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createDiffieHellmanGroup,
  createECDH,
  createPrivateKey,
  createPublicKey,
  createSign,
  createVerify,
  diffieHellman,
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  generatePrime,
  generatePrimeSync,
  getCipherInfo,
  getDiffieHellman,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
  sign,
  verify,
  Certificate,
  Cipher,
  Cipheriv,
  Decipher,
  DiffieHellmanGroup,
  Decipheriv,
  DiffieHellman,
  ECDH,
  Sign,
  Verify,
  X509Certificate,
} = missing;

export default {
  ...missing,
  constants,
  createHash,
  createHmac,
  createSecretKey,
  getCiphers,
  getCurves,
  getFips,
  getHashes,
  getRandomValues,
  Hash,
  hash,
  hkdf,
  hkdfSync,
  Hmac,
  KeyObject,
  pbkdf2,
  pbkdf2Sync,
  pseudoRandomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  scrypt,
  scryptSync,
  secureHeapUsed,
  setEngine,
  setFips,
  subtle,
  timingSafeEqual,
  webcrypto,
};
