// Two keys' shared secret: https://w3c.github.io/webcrypto/#ecdh-operations-derive-bits

import { crypto_curve_agree } from "holdfast:ops";
import { required } from "./algorithms.js";
import { failure } from "./builtins.js";
import { factsOf, materialOf, requireType, toKey } from "./key.js";

/** EcdhKeyDeriveParams */
export function readPublic(given) {
  return { peer: toKey(required(given.public, "public"), 'The field "public" in "algorithm"') };
}

/** The first `bits` bits of what a private key shares with its peer's public key. */
export function agreement({ peer }, key, bits) {
  requireType(key, "private", "The deriveBits operation");
  requireType(peer, "public", "The other side of the deriveBits operation");
  const own = factsOf(key).algorithm;
  const other = factsOf(peer).algorithm;
  if (own.name !== other.name) {
    throw failure(
      "InvalidAccessError",
      `Private key for derivation is using "${own.name}" while public key is using ` +
        `"${other.name}".`,
    );
  }
  if (own.namedCurve !== other.namedCurve) {
    throw failure(
      "InvalidAccessError",
      `Private key for derivation is using curve "${own.namedCurve}" while public key is ` +
        `using "${other.namedCurve}".`,
    );
  }
  const curve = own.namedCurve ?? own.name;
  return crypto_curve_agree(curve, materialOf(key), materialOf(peer), bits);
}
