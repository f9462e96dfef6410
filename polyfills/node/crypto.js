// node:crypto: https://nodejs.org/docs/latest-v20.x/api/crypto.html
//
// Everything is done by the host's libraries; `crypto-*.js` has what Node.js says of arguments.

import { crypto_equal, node_hashes } from "holdfast:ops";
import { crypto as webcrypto } from "../crypto/crypto.js";
import { bytesOf } from "./crypto-bytes.js";
import { Cipheriv, createCipheriv, createDecipheriv, Decipheriv } from "./crypto-cipher.js";
import { getCipherInfo, getCiphers } from "./crypto-cipher-names.js";
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from "./crypto-derive.js";
import {
  createDiffieHellman,
  createDiffieHellmanGroup,
  DiffieHellman,
  diffieHellman,
  DiffieHellmanGroup,
  getDiffieHellman,
} from "./crypto-dh.js";
import { createECDH, ECDH, getCurves } from "./crypto-ecdh.js";
import {
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
} from "./crypto-generate.js";
import { createHash, createHmac, Hash, hash, Hmac } from "./crypto-hash.js";
import { createPrivateKey, createPublicKey } from "./crypto-key-reading.js";
import {
  createSecretKey,
  CryptoKey,
  KeyObject,
  PrivateKeyObject,
  PublicKeyObject,
  SecretKeyObject,
} from "./crypto-keys.js";
import { checkPrime, checkPrimeSync, generatePrime, generatePrimeSync } from "./crypto-primes.js";
import {
  pseudoRandomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
} from "./crypto-random.js";
import { privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt } from "./crypto-rsa.js";
import { createSign, createVerify, Sign, sign, Verify, verify } from "./crypto-sign.js";
import { Certificate } from "./crypto-spkac.js";
import { X509Certificate } from "./crypto-x509.js";
import { absent, nodeError } from "./errors.js";

export {
  Certificate,
  checkPrime,
  checkPrimeSync,
  Cipheriv,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createDiffieHellmanGroup,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  CryptoKey,
  Decipheriv,
  DiffieHellman,
  diffieHellman,
  DiffieHellmanGroup,
  ECDH,
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  generatePrime,
  generatePrimeSync,
  getCipherInfo,
  getCiphers,
  getCurves,
  getDiffieHellman,
  Hash,
  hash,
  hkdf,
  hkdfSync,
  Hmac,
  KeyObject,
  pbkdf2,
  pbkdf2Sync,
  privateDecrypt,
  privateEncrypt,
  PrivateKeyObject,
  pseudoRandomBytes,
  publicDecrypt,
  publicEncrypt,
  PublicKeyObject,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  scrypt,
  scryptSync,
  SecretKeyObject,
  Sign,
  sign,
  verify,
  Verify,
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
export const constants = Object.freeze({
  __proto__: null,
  DH_CHECK_P_NOT_SAFE_PRIME: 2,
  DH_CHECK_P_NOT_PRIME: 1,
  DH_UNABLE_TO_CHECK_GENERATOR: 4,
  DH_NOT_SUITABLE_GENERATOR: 8,
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_X931_PADDING: 5,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  POINT_CONVERSION_COMPRESSED: 2,
  POINT_CONVERSION_UNCOMPRESSED: 4,
  POINT_CONVERSION_HYBRID: 6,
  defaultCoreCipherList: "",
});
export const { subtle } = webcrypto;
export const getRandomValues = (array) => webcrypto.getRandomValues(array);

// What Node.js itself has given up, or nobody asks for.
const missing = absent("crypto", ["Cipher", "createCipher", "createDecipher", "Decipher"]);
export const { Cipher, createCipher, createDecipher, Decipher } = missing;

export default {
  ...missing,
  SecretKeyObject,
  PublicKeyObject,
  PrivateKeyObject,
  CryptoKey,
  Certificate,
  checkPrime,
  checkPrimeSync,
  Cipheriv,
  constants,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createDiffieHellmanGroup,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  Decipheriv,
  DiffieHellman,
  diffieHellman,
  DiffieHellmanGroup,
  ECDH,
  generateKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  generatePrime,
  generatePrimeSync,
  getCipherInfo,
  getCiphers,
  getCurves,
  getDiffieHellman,
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
  privateDecrypt,
  privateEncrypt,
  pseudoRandomBytes,
  publicDecrypt,
  publicEncrypt,
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
  Sign,
  sign,
  subtle,
  timingSafeEqual,
  Verify,
  verify,
  webcrypto,
  X509Certificate,
};
