// HMAC: https://w3c.github.io/webcrypto/#hmac

import {
  crypto_equal,
  crypto_hmac,
  crypto_hmac_large,
  crypto_run,
  crypto_secret_first_bits,
  crypto_secret_generate,
  crypto_take,
} from "holdfast:ops";
import { byteLengthOfArray } from "../kernel/buffers.js";
import {
  noParameters,
  optional,
  readHash,
  readLong,
  readStandardHash,
  registerAlgorithm,
} from "./algorithms.js";
import { failure } from "./builtins.js";
import { isLarge } from "./digest.js";
import { checkUsages, createKey, factsOf, materialOf, SIGN, VERIFY } from "./key.js";
import { exportSecret, secretFrom } from "./secret.js";

const USAGES = SIGN | VERIFY;
const MAX_GENERATED_BITS = 1 << 23;
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
    sign: noParameters,
    verify: noParameters,
    generateKey: (given) => readKeyParameters(given, readStandardHash),
    importKey: (given) => readKeyParameters(given, readHash),
    getKeyLength: (given) => readKeyParameters(given, readHash),
    exportKey: noParameters,
  },
  sign,
  async verify(parameters, key, signature, data) {
    const answer = sign(parameters, key, data);
    // Who may only verify never sees the signature that should be.
    const mac = typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer;
    return crypto_equal(mac, signature);
  },
  generateKey,
  importKey,
  exportKey: (format, key) =>
    exportSecret(format, key, JWK_ALGORITHMS[factsOf(key).algorithm.hash]),
  getKeyLength({ hash, length = BLOCK_BITS[hash] }) {
    if (length !== 0) return length;
    throw new TypeError("HMAC key length must be a non-zero unsigned long integer.");
  },
});

/** HmacKeyGenParams and HmacImportParams, which are alike. */
function readKeyParameters(given, read) {
  const hash = read(given);
  return { hash, length: optional(given.length, "length", readLong) };
}

function sign(_parameters, key, data) {
  const { hash } = factsOf(key).algorithm;
  return (isLarge(data) ? crypto_hmac_large : crypto_hmac)(hash, materialOf(key), data);
}

function generateKey({ hash, length = BLOCK_BITS[hash] }, extractable, usages) {
  checkUsages(usages, USAGES, "generate HMAC");
  if (length === 0 || length > MAX_GENERATED_BITS) {
    throw failure("OperationError", `No HMAC key is generated with ${length} bits.`);
  }
  return keyOf(crypto_secret_generate(length), hash, length, extractable, usages);
}

function keyOf(material, hash, length, extractable, usages) {
  return createKey("secret", { name: "HMAC", hash, length }, extractable, usages, material);
}

/** https://w3c.github.io/webcrypto/#hmac-operations-import-key */
function importKey(format, keyData, { hash, length }, extractable, usages) {
  checkUsages(usages, USAGES, "import secret HMAC");
  const facts = { use: "sig", usages, extractable };
  const bytes = secretFrom(format, keyData, "HMAC", facts, () => JWK_ALGORITHMS[hash]);
  const bits = 8 * byteLengthOfArray(bytes);
  if (bits === 0) throw failure("DataError", "HMAC key is empty.");
  if (length === undefined) return keyOf(bytes, hash, bits, extractable, usages);
  if (length > bits || length <= bits - 8) {
    throw failure("DataError", `Imported HMAC key has ${bits} bits, not ${length} as specified.`);
  }
  return keyOf(crypto_secret_first_bits(bytes, length), hash, length, extractable, usages);
}
