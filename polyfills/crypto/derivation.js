// HKDF (https://w3c.github.io/webcrypto/#hkdf) and PBKDF2 (…/#pbkdf2).

import { crypto_hkdf, crypto_hkdf_large, crypto_pbkdf2 } from "holdfast:ops";
import { noParameters, readBytes, readHash, readLong, registerAlgorithm } from "./algorithms.js";
import { failure } from "./builtins.js";
import { isLarge } from "./digest.js";
import { checkUsages, createKey, DERIVE_BITS, DERIVE_KEY, materialOf } from "./key.js";
import { noSuchFormat } from "./secret.js";

function registerDerivation(name, readParameters, deriveBits) {
  registerAlgorithm({
    name,
    parameters: {
      deriveBits: readParameters,
      importKey: noParameters,
      getKeyLength: noParameters,
    },
    deriveBits,

    importKey(format, keyData, _parameters, extractable, usages) {
      if (format !== "raw") throw noSuchFormat(name, format);
      checkUsages(usages, DERIVE_KEY | DERIVE_BITS, `import secret ${name}`);
      if (extractable) throw failure("SyntaxError", `${name} key cannot be extractable.`);
      return createKey("secret", { name }, extractable, usages, keyData);
    },

    getKeyLength: () => null,
  });
}

registerDerivation(
  "HKDF",
  (given) => ({
    hash: readHash(given),
    info: readBytes(given.info, "info"),
    salt: readBytes(given.salt, "salt"),
  }),
  ({ hash, salt, info }, key, bits) =>
    (isLarge(info) ? crypto_hkdf_large : crypto_hkdf)(hash, materialOf(key), salt, info, bits),
);

registerDerivation(
  "PBKDF2",
  (given) => ({
    hash: readHash(given),
    iterations: readLong(given.iterations, "iterations"),
    salt: readBytes(given.salt, "salt"),
  }),
  ({ hash, salt, iterations }, key, bits) =>
    crypto_pbkdf2(hash, materialOf(key), salt, iterations, bits),
);
