// RSA: https://w3c.github.io/webcrypto/#rsassa-pkcs1 and the two sections after it.

import {
  crypto_rsa_decrypt,
  crypto_rsa_encrypt,
  crypto_rsa_facts,
  crypto_rsa_from_jwk,
  crypto_rsa_from_pkcs8,
  crypto_rsa_from_spki,
  crypto_rsa_generate,
  crypto_rsa_sign,
  crypto_rsa_sign_raw,
  crypto_rsa_to_jwk,
  crypto_rsa_verify,
  crypto_run,
  crypto_take,
} from "holdfast:ops";
import { copyBytes, viewKind } from "../kernel/buffers.js";
import {
  noParameters,
  optional,
  readBytes,
  readHash,
  readLong,
  readStandardHash,
  registerAlgorithm,
  required,
} from "./algorithms.js";
import { failure, Uint8Array } from "./builtins.js";
import { digestOf } from "./digest.js";
import { checkJsonWebKey, checkJwkAlgorithm, jsonOfKey, materialOfJwk } from "./jwk.js";
import {
  checkUsages,
  createKey,
  DECRYPT,
  ENCRYPT,
  factsOf,
  materialOf,
  requireType,
  SIGN,
  UNWRAP_KEY,
  VERIFY,
  WRAP_KEY,
} from "./key.js";
import { checkImport, createPair, exportDer } from "./pairs.js";
import { noSuchFormat } from "./secret.js";

const NOTHING = new Uint8Array(0);
const SIGNS = { private: SIGN, public: VERIFY };
const ENCRYPTS = { private: DECRYPT | UNWRAP_KEY, public: ENCRYPT | WRAP_KEY };

/** RsaHashedKeyGenParams */
function readKeyGenParameters(given) {
  const modulusLength = readLong(given.modulusLength, "modulusLength");
  const publicExponent = required(given.publicExponent, "publicExponent");
  if (viewKind(publicExponent) !== "Uint8Array") {
    throw new TypeError('The field "publicExponent" in "algorithm" is not a Uint8Array.');
  }
  return {
    modulusLength,
    publicExponent: copyBytes(publicExponent),
    hash: readStandardHash(given),
  };
}

/** What all three have: their keys. `jwkAlgorithm(hash)` is the member `alg`. */
function registerRsa(name, allowed, use, jwkAlgorithm, { parameters, ...operations }) {
  registerAlgorithm({
    name,
    parameters: {
      ...parameters,
      generateKey: readKeyGenParameters,
      importKey: (given) => ({ hash: readHash(given) }),
      exportKey: noParameters,
    },
    ...operations,

    async generateKey({ modulusLength, publicExponent, hash }, extractable, usages) {
      checkUsages(usages, allowed.private | allowed.public, `generate ${name}`);
      const job = crypto_rsa_generate(modulusLength, publicExponent);
      const algorithm = { name, modulusLength, publicExponent, hash };
      return createPair(
        algorithm,
        extractable,
        crypto_take(await crypto_run(job)),
        usages & allowed.private,
        usages & allowed.public,
      );
    },

    importKey(format, keyData, { hash }, extractable, usages) {
      if (format === "raw") throw noSuchFormat(name, format);
      const isPrivate = checkImport(format, keyData, name, usages, allowed);
      const material =
        format === "jwk"
          ? materialFromJwk(keyData, { kty: "RSA", use, usages, extractable }, jwkAlgorithm(hash))
          : (isPrivate ? crypto_rsa_from_pkcs8 : crypto_rsa_from_spki)(keyData);
      const algorithm = { name, hash, ...readFacts(crypto_rsa_facts(isPrivate, material)) };
      return createKey(isPrivate ? "private" : "public", algorithm, extractable, usages, material);
    },

    exportKey(format, key) {
      const bytes = exportDer(format, key);
      if (bytes !== undefined) return bytes;
      if (format === "raw") throw noSuchFormat(name, format);
      const { algorithm, type } = factsOf(key);
      const members = crypto_rsa_to_jwk(type === "private", materialOf(key));
      return jsonOfKey(key, "RSA", members, { alg: jwkAlgorithm(algorithm.hash) });
    },
  });
}

function materialFromJwk(jwk, facts, algorithm) {
  checkJsonWebKey(jwk, facts);
  if (algorithm !== undefined) checkJwkAlgorithm(jwk, algorithm);
  if (jwk.d !== undefined && jwk.oth !== undefined) {
    throw failure("NotSupportedError", "Multi-prime private keys not supported.");
  }
  return crypto_rsa_from_jwk(materialOfJwk(jwk));
}

function readFacts(text) {
  const [modulusLength, exponent] = text.split(" ");
  return { modulusLength: +modulusLength, publicExponent: Uint8Array.fromHex(exponent) };
}

/** The number in a hash's name: "256" of "SHA-256". MD5 has none, and no JWK. */
function sizeOf(hash) {
  if (hash !== "MD5") return hash.slice(4);
  throw failure("NotSupportedError", `JWK export not supported for hash algorithm "${hash}".`);
}

// ---- Signatures -------------------------------------------------------------------------

/** `saltOf(parameters)` is the length of a salt in bytes, or undefined where there is none. */
function signatures(saltOf) {
  return {
    async sign(parameters, key, data) {
      requireType(key, "private", "Asymmetric signing");
      const { hash } = factsOf(key).algorithm;
      const digest = await digestOf(hash, data);
      return crypto_rsa_sign(hash, saltOf(parameters), materialOf(key), digest);
    },
    async verify(parameters, key, signature, data) {
      requireType(key, "public", "Asymmetric verification");
      const { hash } = factsOf(key).algorithm;
      const digest = await digestOf(hash, data);
      return crypto_rsa_verify(hash, saltOf(parameters), materialOf(key), signature, digest);
    },
  };
}

registerRsa("RSASSA-PKCS1-v1_5", SIGNS, "sig", (hash) => `RS${sizeOf(hash)}`, {
  parameters: { sign: noParameters, verify: noParameters },
  ...signatures(() => undefined),
});

const readSalt = ({ saltLength }) => ({ saltLength: readLong(saltLength, "saltLength") });

registerRsa("RSA-PSS", SIGNS, "sig", (hash) => `PS${sizeOf(hash)}`, {
  parameters: { sign: readSalt, verify: readSalt },
  ...signatures(({ saltLength }) => saltLength),
});

// Workers' own, for blind signatures: the data is what the power is taken of.
registerAlgorithm({
  name: "RSA-RAW",
  parameters: { sign: noParameters, importKey: noParameters, exportKey: noParameters },

  async sign(_parameters, key, data) {
    return crypto_rsa_sign_raw(materialOf(key), data);
  },

  importKey(format, keyData, _parameters, extractable, usages) {
    if (format === "raw") throw noSuchFormat("RSA-RAW", format);
    if (
      !checkImport(format, keyData, "RSA-RAW", usages, { private: SIGN | VERIFY, public: VERIFY })
    )
      throw failure("DataError", 'RSA-RAW only supports private keys but requested "public".');
    const material =
      format === "jwk"
        ? materialFromJwk(keyData, { kty: "RSA", use: "sig", usages, extractable })
        : crypto_rsa_from_pkcs8(keyData);
    const algorithm = { name: "RSA-RAW", ...readFacts(crypto_rsa_facts(true, material)) };
    return createKey("private", algorithm, extractable, usages, material);
  },

  exportKey(format, key) {
    const bytes = exportDer(format, key);
    if (bytes !== undefined) return bytes;
    if (format === "raw") throw noSuchFormat("RSA-RAW", format);
    return jsonOfKey(key, "RSA", crypto_rsa_to_jwk(true, materialOf(key)), {});
  },
});

// ---- Encryption -------------------------------------------------------------------------

const readLabel = ({ label }) => ({ label: optional(label, "label", readBytes) ?? NOTHING });
const oaepName = (hash) => (hash === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${sizeOf(hash)}`);

registerRsa("RSA-OAEP", ENCRYPTS, "enc", oaepName, {
  parameters: { encrypt: readLabel, decrypt: readLabel },

  encrypt({ label }, key, data) {
    requireType(key, "public", "Encryption/key wrapping");
    return crypto_rsa_encrypt(factsOf(key).algorithm.hash, label, materialOf(key), data);
  },

  decrypt({ label }, key, data) {
    requireType(key, "private", "Decryption/key unwrapping");
    return crypto_rsa_decrypt(factsOf(key).algorithm.hash, label, materialOf(key), data);
  },
});
