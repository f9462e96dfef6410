// Ed25519 (https://w3c.github.io/webcrypto/#ed25519), X25519 (…/#x25519), their larger
// sisters (https://wicg.github.io/webcrypto-secure-curves/), and the name that Workers had
// for Ed25519 before it was a standard:
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/

import {
  crypto_eddsa_sign,
  crypto_eddsa_sign_large,
  crypto_eddsa_verify,
  crypto_eddsa_verify_large,
  crypto_run,
  crypto_take,
} from "holdfast:ops";
import { byteLengthOfArray } from "../kernel/buffers.js";
import { toDOMString } from "../kernel/webidl.js";
import { noParameters, optional, readBytes, registerAlgorithm, required } from "./algorithms.js";
import { agreement, readPublic } from "./agreement.js";
import { failure } from "./builtins.js";
import { curveKeys } from "./curve-keys.js";
import { isLarge } from "./digest.js";
import { invalid } from "./jwk.js";
import { DERIVE_BITS, DERIVE_KEY, materialOf, requireType, SIGN, VERIFY } from "./key.js";

const OLD_NAME = "NODE-ED25519";

/** `readKey` reads the parameters of generateKey and importKey, `read` those of the rest. */
function registerSignatures(name, curve, read, readKey, algorithm, jwkAlgorithm) {
  registerAlgorithm({
    name,
    parameters: {
      sign: read,
      verify: read,
      generateKey: readKey,
      importKey: readKey,
      exportKey: noParameters,
    },

    sign(parameters, key, data) {
      requireType(key, "private", "Asymmetric signing");
      requireNoContext(parameters);
      return (isLarge(data) ? crypto_eddsa_sign_large : crypto_eddsa_sign)(materialOf(key), data);
    },

    async verify(parameters, key, signature, data) {
      requireType(key, "public", "Asymmetric verification");
      requireNoContext(parameters);
      const material = materialOf(key);
      if (!isLarge(data)) return crypto_eddsa_verify(material, signature, data);
      const answer = crypto_eddsa_verify_large(material, signature, data);
      return typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer;
    },

    ...curveKeys(name, {
      kty: "OKP",
      use: "sig",
      allowed: { private: SIGN, public: VERIFY },
      curveOf: () => curve,
      algorithmOf: () => algorithm,
      checkJwk({ alg }) {
        if (alg === undefined || alg === "EdDSA" || alg === curve) return;
        throw invalid(`Algorithm parameter "alg" ("${alg}") equal to "EdDSA"`);
      },
      jwkAlgorithm,
    }),
  });
}

function requireNoContext(parameters) {
  if (parameters?.context === undefined) return;
  if (byteLengthOfArray(parameters.context) === 0) return;
  throw failure("OperationError", "Ed448 is there without contexts only.");
}

// Ed448Params
const readContext = ({ context }) => ({ context: optional(context, "context", readBytes) });

function readOldCurve({ namedCurve }) {
  const curve = toDOMString(required(namedCurve, "namedCurve"));
  if (curve.toUpperCase() === OLD_NAME) return undefined;
  throw failure("NotSupportedError", `EDDSA curve "${curve}" isn't supported.`);
}

const named = (name) => ({ name });
registerSignatures("Ed25519", "Ed25519", noParameters, noParameters, named("Ed25519"), "EdDSA");
registerSignatures("Ed448", "Ed448", readContext, noParameters, named("Ed448"), "EdDSA");
const oldAlgorithm = { name: OLD_NAME, namedCurve: OLD_NAME };
registerSignatures(OLD_NAME, "Ed25519", noParameters, readOldCurve, oldAlgorithm);

function registerAgreement(name) {
  registerAlgorithm({
    name,
    parameters: {
      deriveBits: readPublic,
      generateKey: noParameters,
      importKey: noParameters,
      exportKey: noParameters,
    },
    deriveBits: agreement,
    ...curveKeys(name, {
      kty: "OKP",
      use: "enc",
      allowed: { private: DERIVE_KEY | DERIVE_BITS, public: 0 },
      curveOf: () => name,
      algorithmOf: () => named(name),
      checkJwk: () => undefined,
    }),
  });
}

registerAgreement("X25519");
registerAgreement("X448");
