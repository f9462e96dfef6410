// node:crypto: https://nodejs.org/docs/latest-v20.x/api/crypto.html
//
// Everything is done by the host's libraries; `crypto-*.js` has what Node.js says of arguments.

import { crypto_equal, node_hashes } from "holdfast:ops";
import { crypto as webcrypto } from "../crypto/crypto.js";
import { bytesOf } from "./bytes.js";
import * as ciphers from "./crypto-cipher.js";
import { getCipherInfo, getCiphers } from "./crypto-cipher-names.js";
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
export const constants = Object.freeze({
  __proto__: null,
  SSL_OP_ALL: 2147485776,
  SSL_OP_ALLOW_NO_DHE_KEX: 1024,
  SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION: 262144,
  SSL_OP_CIPHER_SERVER_PREFERENCE: 4194304,
  SSL_OP_CISCO_ANYCONNECT: 32768,
  SSL_OP_COOKIE_EXCHANGE: 8192,
  SSL_OP_CRYPTOPRO_TLSEXT_BUG: 2147483648,
  SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS: 2048,
  SSL_OP_LEGACY_SERVER_CONNECT: 4,
  SSL_OP_NO_COMPRESSION: 131072,
  SSL_OP_NO_ENCRYPT_THEN_MAC: 524288,
  SSL_OP_NO_QUERY_MTU: 4096,
  SSL_OP_NO_RENEGOTIATION: 1073741824,
  SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION: 65536,
  SSL_OP_NO_SSLv2: 0,
  SSL_OP_NO_SSLv3: 33554432,
  SSL_OP_NO_TICKET: 16384,
  SSL_OP_NO_TLSv1: 67108864,
  SSL_OP_NO_TLSv1_1: 268435456,
  SSL_OP_NO_TLSv1_2: 134217728,
  SSL_OP_NO_TLSv1_3: 536870912,
  SSL_OP_PRIORITIZE_CHACHA: 2097152,
  SSL_OP_TLS_ROLLBACK_BUG: 8388608,
  ENGINE_METHOD_RSA: 1,
  ENGINE_METHOD_DSA: 2,
  ENGINE_METHOD_DH: 4,
  ENGINE_METHOD_RAND: 8,
  ENGINE_METHOD_EC: 2048,
  ENGINE_METHOD_CIPHERS: 64,
  ENGINE_METHOD_DIGESTS: 128,
  ENGINE_METHOD_PKEY_METHS: 512,
  ENGINE_METHOD_PKEY_ASN1_METHS: 1024,
  ENGINE_METHOD_ALL: 65535,
  ENGINE_METHOD_NONE: 0,
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
  defaultCoreCipherList: "",
  TLS1_VERSION: 769,
  TLS1_1_VERSION: 770,
  TLS1_2_VERSION: 771,
  TLS1_3_VERSION: 772,
  POINT_CONVERSION_COMPRESSED: 2,
  POINT_CONVERSION_UNCOMPRESSED: 4,
  POINT_CONVERSION_HYBRID: 6,
});
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
