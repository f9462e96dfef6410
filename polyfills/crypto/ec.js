// ECDSA (https://w3c.github.io/webcrypto/#ecdsa) and ECDH (…/#ecdh).

import { crypto_ecdsa_sign, crypto_ecdsa_verify } from "holdfast:ops";
import { toDOMString } from "../kernel/webidl.js";
import { noParameters, readHash, registerAlgorithm, required } from "./algorithms.js";
import { agreement, readPublic } from "./agreement.js";
import { failure } from "./builtins.js";
import { curveKeys } from "./curve-keys.js";
import { digestOf } from "./digest.js";
import { checkJwkAlgorithm } from "./jwk.js";
import { DERIVE_BITS, DERIVE_KEY, factsOf, materialOf, requireType, SIGN, VERIFY } from "./key.js";

const JWK_ALGORITHMS = { __proto__: null, "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

function readCurve({ namedCurve }) {
  return { namedCurve: toDOMString(required(namedCurve, "namedCurve")) };
}

function curveOf({ namedCurve }) {
  if (namedCurve in JWK_ALGORITHMS) return namedCurve;
  throw failure(
    "NotSupportedError",
    `Unrecognized or unimplemented EC curve "${namedCurve}" requested.`,
  );
}

const readHashOnly = (given) => ({ hash: readHash(given) });

registerAlgorithm({
  name: "ECDSA",
  parameters: {
    sign: readHashOnly,
    verify: readHashOnly,
    generateKey: readCurve,
    importKey: readCurve,
    exportKey: noParameters,
  },

  async sign({ hash }, key, data) {
    requireType(key, "private", "Asymmetric signing");
    const { namedCurve } = factsOf(key).algorithm;
    return crypto_ecdsa_sign(namedCurve, hash, materialOf(key), await digestOf(hash, data));
  },

  async verify({ hash }, key, signature, data) {
    requireType(key, "public", "Asymmetric verification");
    const { namedCurve } = factsOf(key).algorithm;
    const digest = await digestOf(hash, data);
    return crypto_ecdsa_verify(namedCurve, hash, materialOf(key), signature, digest);
  },

  ...curveKeys("ECDSA", {
    kty: "EC",
    use: "sig",
    allowed: { private: SIGN, public: VERIFY },
    curveOf,
    algorithmOf: (namedCurve) => ({ name: "ECDSA", namedCurve }),
    checkJwk(jwk, curve) {
      for (const other in JWK_ALGORITHMS) {
        if (jwk.alg === JWK_ALGORITHMS[other]) checkJwkAlgorithm(jwk, JWK_ALGORITHMS[curve]);
      }
    },
  }),
});

registerAlgorithm({
  name: "ECDH",
  parameters: {
    deriveBits: readPublic,
    generateKey: readCurve,
    importKey: readCurve,
    exportKey: noParameters,
  },
  deriveBits: agreement,
  ...curveKeys("ECDH", {
    kty: "EC",
    use: "enc",
    allowed: { private: DERIVE_KEY | DERIVE_BITS, public: 0 },
    curveOf,
    algorithmOf: (namedCurve) => ({ name: "ECDH", namedCurve }),
    checkJwk: () => undefined,
  }),
});
