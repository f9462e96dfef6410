// AES: https://w3c.github.io/webcrypto/#aes-ctr and the three sections after it.

import {
  crypto_aes_cbc,
  crypto_aes_cbc_large,
  crypto_aes_ctr,
  crypto_aes_ctr_large,
  crypto_aes_gcm,
  crypto_aes_gcm_large,
  crypto_aes_unwrap,
  crypto_aes_unwrap_large,
  crypto_aes_wrap,
  crypto_aes_wrap_large,
  crypto_secret_generate,
} from "holdfast:ops";
import { byteLengthOfArray } from "../kernel/buffers.js";
import {
  noParameters,
  optional,
  readBytes,
  readOctet,
  readShort,
  registerAlgorithm,
} from "./algorithms.js";
import { failure, Uint8Array } from "./builtins.js";
import { isLarge } from "./digest.js";
import {
  checkUsages,
  createKey,
  DECRYPT,
  ENCRYPT,
  factsOf,
  materialOf,
  UNWRAP_KEY,
  WRAP_KEY,
} from "./key.js";
import { exportSecret, secretFrom } from "./secret.js";

const NOTHING = new Uint8Array(0);

function readLength({ length }) {
  return { length: readShort(length, "length") };
}

const isKeyLength = (length) => length === 128 || length === 192 || length === 256;

/** What all four modes have: their keys. */
function registerAes(name, allowed, { parameters, ...operations }) {
  const jwkAlgorithm = (bits) => `A${bits}${name.slice(4)}`;
  const keyOf = (material, length, extractable, usages) =>
    createKey("secret", { name, length }, extractable, usages, material);

  registerAlgorithm({
    name,
    parameters: {
      ...parameters,
      generateKey: readLength,
      importKey: noParameters,
      exportKey: noParameters,
      getKeyLength: readLength,
    },
    ...operations,

    generateKey({ length }, extractable, usages) {
      checkUsages(usages, allowed, `generate ${name}`);
      if (isKeyLength(length)) {
        return keyOf(crypto_secret_generate(length), length, extractable, usages);
      }
      throw failure(
        "OperationError",
        `Generated AES key length must be 128, 192, or 256 bits but requested ${length}.`,
      );
    },

    importKey(format, keyData, _parameters, extractable, usages) {
      checkUsages(usages, allowed, `import secret ${name}`);
      const facts = { use: "enc", usages, extractable };
      const material = secretFrom(format, keyData, name, facts, (bytes) => {
        return jwkAlgorithm(checkedBits(bytes));
      });
      return keyOf(material, checkedBits(material), extractable, usages);
    },

    exportKey: (format, key) =>
      exportSecret(format, key, jwkAlgorithm(factsOf(key).algorithm.length)),

    getKeyLength({ length }) {
      if (isKeyLength(length)) return length;
      throw failure(
        "OperationError",
        `Derived AES key must be 128, 192, or 256 bits in length but provided ${length}.`,
      );
    },
  });
}

function checkedBits(material) {
  const bits = 8 * byteLengthOfArray(material);
  if (isKeyLength(bits)) return bits;
  throw failure(
    "DataError",
    `Imported AES key length must be 128, 192, or 256 bits but provided ${bits}.`,
  );
}

const ENCRYPTS = ENCRYPT | DECRYPT | WRAP_KEY | UNWRAP_KEY;

const readIv = ({ iv }) => ({ iv: readBytes(iv, "iv") });
const cbc = (encrypts) => ({ iv }, key, data) =>
  (isLarge(data) ? crypto_aes_cbc_large : crypto_aes_cbc)(encrypts, materialOf(key), iv, data);

registerAes("AES-CBC", ENCRYPTS, {
  parameters: { encrypt: readIv, decrypt: readIv },
  encrypt: cbc(true),
  decrypt: cbc(false),
});

const readCounter = ({ counter, length }) => ({
  counter: readBytes(counter, "counter"),
  length: readOctet(length, "length"),
});
const ctr = ({ counter, length }, key, data) =>
  (isLarge(data) ? crypto_aes_ctr_large : crypto_aes_ctr)(materialOf(key), counter, length, data);

registerAes("AES-CTR", ENCRYPTS, {
  parameters: { encrypt: readCounter, decrypt: readCounter },
  encrypt: ctr,
  decrypt: ctr,
});

const readGcm = ({ additionalData, iv, tagLength }) => ({
  additionalData: optional(additionalData, "additionalData", readBytes) ?? NOTHING,
  iv: readBytes(iv, "iv"),
  tagLength: optional(tagLength, "tagLength", readOctet) ?? 128,
});
const gcm = (encrypts) => ({ additionalData, iv, tagLength }, key, data) =>
  (isLarge(data) ? crypto_aes_gcm_large : crypto_aes_gcm)(
    encrypts,
    materialOf(key),
    iv,
    data,
    additionalData,
    tagLength,
  );

registerAes("AES-GCM", ENCRYPTS, {
  parameters: { encrypt: readGcm, decrypt: readGcm },
  encrypt: gcm(true),
  decrypt: gcm(false),
});

registerAes("AES-KW", WRAP_KEY | UNWRAP_KEY, {
  parameters: { wrapKey: noParameters, unwrapKey: noParameters },
  wrapKey: (_parameters, key, data) =>
    (isLarge(data) ? crypto_aes_wrap_large : crypto_aes_wrap)(materialOf(key), data),
  unwrapKey: (_parameters, key, data) =>
    (isLarge(data) ? crypto_aes_unwrap_large : crypto_aes_unwrap)(materialOf(key), data),
});
