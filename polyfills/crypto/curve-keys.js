// Keys of elliptic curves: how they are generated, imported and exported.

import {
  crypto_curve_from_jwk,
  crypto_curve_from_pkcs8,
  crypto_curve_from_raw,
  crypto_curve_from_spki,
  crypto_curve_generate,
  crypto_curve_to_jwk,
  crypto_curve_to_raw,
} from "holdfast:ops";
import { checkJsonWebKey, invalid, jsonOfKey, materialOfJwk } from "./jwk.js";
import { checkUsages, createKey, factsOf, materialOf } from "./key.js";
import { checkImport, createPair, exportDer, requireExportType } from "./pairs.js";

/**
 * `generateKey`, `importKey` and `exportKey` of an algorithm. `kind` has:
 *
 *   kty, use              the members of its JWKs
 *   allowed               { private, public }: the usages of its keys
 *   curveOf(facts)        the curve that parameters or a key's algorithm name
 *   algorithmOf(curve)    a key's algorithm
 *   checkJwk(jwk, curve)  throws if the member `alg` is wrong
 *   jwkAlgorithm          the member `alg` that is written, or undefined
 */
export function curveKeys(name, kind) {
  const { kty, use, allowed, curveOf, algorithmOf, checkJwk, jwkAlgorithm } = kind;

  function materialFrom(format, keyData, curve, facts) {
    if (format === "raw") return crypto_curve_from_raw(curve, keyData);
    if (format === "spki") return crypto_curve_from_spki(curve, keyData);
    if (format === "pkcs8") return crypto_curve_from_pkcs8(curve, keyData);
    checkJsonWebKey(keyData, facts);
    if (keyData.crv !== curve) {
      throw invalid(`Curve parameter "crv" ("${keyData.crv ?? ""}") equal to "${curve}"`);
    }
    checkJwk(keyData, curve);
    return crypto_curve_from_jwk(curve, materialOfJwk(keyData));
  }

  return {
    generateKey(parameters, extractable, usages) {
      checkUsages(usages, allowed.private | allowed.public, `generate ${name}`);
      const curve = curveOf(parameters);
      return createPair(
        algorithmOf(curve),
        extractable,
        crypto_curve_generate(curve),
        usages & allowed.private,
        usages & allowed.public,
      );
    },

    importKey(format, keyData, parameters, extractable, usages) {
      const isPrivate = checkImport(format, keyData, name, usages, allowed);
      const curve = curveOf(parameters);
      const facts = { kty, use, usages, extractable };
      const material = materialFrom(format, keyData, curve, facts);
      const type = isPrivate ? "private" : "public";
      return createKey(type, algorithmOf(curve), extractable, usages, material);
    },

    exportKey(format, key) {
      const bytes = exportDer(format, key);
      if (bytes !== undefined) return bytes;
      const { algorithm, type } = factsOf(key);
      const curve = curveOf(algorithm);
      if (format === "raw") {
        requireExportType(key, "public", format);
        return crypto_curve_to_raw(curve, materialOf(key));
      }
      const members = crypto_curve_to_jwk(curve, type === "private", materialOf(key));
      return jsonOfKey(key, kty, members, { alg: jwkAlgorithm, crv: curve });
    },
  };
}
