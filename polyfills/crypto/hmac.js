// HMAC: https://w3c.github.io/webcrypto/#hmac

import { crypto_equal, crypto_hmac, crypto_hmac_large, crypto_random } from "holdfast:ops";
import { enforceUnsignedLong } from "../kernel/webidl.js";
import { readHash, registerAlgorithm } from "./algorithms.js";
import { MAX_INLINE_BYTES } from "./digest.js";
import { base64UrlFromBytes, bytesFromBase64Url, checkJsonWebKey, invalid } from "./jwk.js";
import { checkUsages, createKey, factsOf } from "./key.js";

const { DOMException } = globalThis;

const USAGES = ["sign", "verify"];
const BLOCK_BITS = { MD5: 512, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
const JWK_ALGORITHMS = {
  "SHA-1": "HS1",
  "SHA-256": "HS256",
  "SHA-384": "HS384",
  "SHA-512": "HS512",
};

registerAlgorithm({
  name: "HMAC",
  parameters: {
    sign: () => ({}),
    verify: () => ({}),
    generateKey: readKeyParameters,
    importKey: readKeyParameters,
    exportKey: () => ({}),
  },
  sign,
  async verify(algorithm, key, signature, data) {
    return crypto_equal(await sign(algorithm, key, data), signature);
  },
  generateKey,
  importKey,
  exportKey,
});

/** HmacKeyGenParams and HmacImportParams, which are alike. */
function readKeyParameters(given) {
  const hash = readHash(given, "HMAC");
  const { length } = given;
  return {
    hash,
    length: length === undefined ? undefined : enforceUnsignedLong(length, "HMAC: length"),
  };
}

function sign(_algorithm, key, data) {
  const { algorithm, material } = factsOf(key);
  const large = data.length > MAX_INLINE_BYTES;
  return (large ? crypto_hmac_large : crypto_hmac)(algorithm.hash.name, material, data);
}

function generateKey({ hash, length = BLOCK_BITS[hash] }, extractable, usages) {
  checkUsages(usages, USAGES, "HMAC");
  if (length === 0) throw new DOMException("HMAC: a key has at least one bit.", "OperationError");
  const material = withoutSpareBits(crypto_random(Math.ceil(length / 8)), length);
  return keyOf(material, hash, length, extractable, usages);
}

function keyOf(material, hash, length, extractable, usages) {
  const algorithm = { name: "HMAC", hash: { name: hash }, length };
  return createKey({ type: "secret", extractable, algorithm, usages, material });
}

/** The bytes of a key with all bits past `length` zero. */
function withoutSpareBits(bytes, length) {
  const spare = 8 * bytes.length - length;
  if (spare > 0) bytes[bytes.length - 1] &= 255 << spare;
  return bytes;
}

/** https://w3c.github.io/webcrypto/#hmac-operations-import-key */
function importKey(format, keyData, { hash, length }, extractable, usages) {
  checkUsages(usages, USAGES, "HMAC");
  checkFormat(format);
  const bytes = format === "jwk" ? bytesOfJwk(keyData, hash, extractable, usages) : keyData;
  const bits = 8 * bytes.length;
  if (bits === 0) throw new DOMException("HMAC: the key is empty.", "DataError");
  if (length !== undefined && (length > bits || length <= bits - 8)) {
    throw new DOMException("HMAC: 'length' does not fit the key's data.", "DataError");
  }
  const material = length === undefined ? bytes : withoutSpareBits(bytes, length);
  return keyOf(material, hash, length ?? bits, extractable, usages);
}

function checkFormat(format) {
  if (format === "raw" || format === "jwk") return;
  throw new DOMException(`HMAC: a key has no format "${format}".`, "NotSupportedError");
}

function bytesOfJwk(jwk, hash, extractable, usages) {
  checkJsonWebKey(jwk, { kty: "oct", use: "sig", usages, extractable });
  if (jwk.k === undefined) throw invalid('"k" is missing');
  const bytes = bytesFromBase64Url(jwk.k, "k");
  if (jwk.alg !== undefined && jwk.alg !== JWK_ALGORITHMS[hash]) {
    throw invalid(`"alg" is not "${JWK_ALGORITHMS[hash]}"`);
  }
  return bytes;
}

/** https://w3c.github.io/webcrypto/#hmac-operations-export-key */
function exportKey(format, key) {
  const { algorithm, extractable, material, usages } = factsOf(key);
  checkFormat(format);
  if (format === "raw") return material;
  return {
    kty: "oct",
    k: base64UrlFromBytes(material),
    alg: JWK_ALGORITHMS[algorithm.hash.name],
    key_ops: [...usages],
    ext: extractable,
  };
}
