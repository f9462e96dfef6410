// What the algorithms of symmetric keys share: import and export of raw bytes.

import {
  crypto_secret_from_jwk,
  crypto_secret_to_jwk,
} from "holdfast:ops";
import { failure } from "./builtins.js";
import { checkJsonWebKey, checkJwkAlgorithm, jsonOfKey, materialOfJwk } from "./jwk.js";
import { factsOf, materialOf } from "./key.js";

/** The NotSupportedError of a format that keys of this algorithm do not have. */
export function noSuchFormat(name, format) {
  return failure("NotSupportedError", `Unrecognized key format "${format}" for ${name}.`);
}

/** The bytes of a key; `facts` are those that a JWK is checked by. */
export function secretFrom(format, keyData, name, facts, jwkAlgorithmOf) {
  if (format === "raw") return keyData;
  if (format !== "jwk") throw noSuchFormat(name, format);
  checkJsonWebKey(keyData, { kty: "oct", ...facts });
  const material = crypto_secret_from_jwk(materialOfJwk(keyData));
  checkJwkAlgorithm(keyData, jwkAlgorithmOf(material));
  return material;
}

/** The bytes of a key, or its JWK as JSON. */
export function exportSecret(format, key, alg) {
  if (format === "raw") return materialOf(key);
  if (format !== "jwk") throw noSuchFormat(factsOf(key).algorithm.name, format);
  return jsonOfKey(key, "oct", crypto_secret_to_jwk(materialOf(key)), { alg });
}
