// Keys out of whatever may stand for one: PEM, DER, JSON Web Keys, KeyObjects, CryptoKeys.
// https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptocreateprivatekeykey

import {
  crypto_curve_from_jwk,
  crypto_rsa_from_jwk,
  node_key_of_seed,
  node_key_read,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { isText, secretOf } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { keyEncoding, keyText } from "./crypto-key-encoding.js";
import { isCryptoKey, isKeyObject, keyOf, publicOf, requireKeyType } from "./crypto-keys.js";
import { invalidType, invalidValue, nodeError, requireObject } from "./errors.js";

const CURVES = {
  EC: ["P-256", "secp256k1", "P-384", "P-521"],
  OKP: ["Ed25519", "Ed448", "X25519", "X448"],
};
const RSA_PRIVATE = ["d", "p", "q", "dp", "dq", "qi"];

function oneOf(value, allowed, name) {
  if (allowed.includes(value)) return;
  const list = allowed.map((item) => `'${item}'`).join(", ");
  throw invalidValue(name, value, `must be one of: ${list}`);
}

/** A key from its JSON; of a private one the public part, unless `wantsPrivate`. */
function fromJwk(jwk, wantsPrivate) {
  requireObject(jwk, "key.key");
  oneOf(jwk.kty, ["RSA", "EC", "OKP"], "key.kty");
  const members = {};
  const take = (names) => {
    for (const name of names) {
      if (typeof jwk[name] !== "string") throw invalidType(`key.${name}`, "string", jwk[name]);
      members[name] = jwk[name];
    }
  };
  if (jwk.kty === "RSA") take(wantsPrivate ? ["n", "e", ...RSA_PRIVATE] : ["n", "e"]);
  else {
    oneOf(jwk.crv, CURVES[jwk.kty], "key.crv");
    take(jwk.kty === "EC" ? ["x", "y"] : ["x"]);
    if (wantsPrivate) take(["d"]);
  }
  let material;
  try {
    if (jwk.kty === "OKP" && wantsPrivate)
      return keyOf("private", node_key_of_seed(jwk.crv, Buffer.from(jwk.d, "base64url")));
    const text = JSON.stringify(members);
    material = jwk.kty === "RSA" ? crypto_rsa_from_jwk(text) : crypto_curve_from_jwk(jwk.crv, text);
  } catch {
    const what = jwk.kty === "OKP" ? "data" : `${jwk.kty} key`;
    throw nodeError(TypeError, "ERR_CRYPTO_INVALID_JWK", `Invalid JWK ${what}`);
  }
  return keyOf(wantsPrivate ? "private" : "public", material);
}

function fromText(text, options, wantsPrivate, encoding = undefined) {
  const { format, type, passphrase } = keyEncoding(options, wantsPrivate ? "private" : undefined);
  const bytes = secretOf(text, "key", encoding);
  const material = attempt(() =>
    node_key_read(
      bytes,
      format === "pem",
      format === "der" ? type : undefined,
      wantsPrivate,
      passphrase,
    ),
  );
  return keyOf(wantsPrivate ? "private" : "public", material);
}

/** The KeyObject for a key and what it stands in; undefined where `given` is none. */
function read(given, wantsPrivate, alsoKeys) {
  if (isText(given)) return fromText(given, {}, wantsPrivate);
  if (given === null || typeof given !== "object") keyText(given, "key", alsoKeys);
  if (given.format === "jwk") return fromJwk(given.key, wantsPrivate);
  const text = keyText(given.key, "key.key", alsoKeys);
  return fromText(text, given, wantsPrivate, given.encoding);
}

const isKey = (value) => isKeyObject(value) || isCryptoKey(value);
const innerKey = (given) => (isKey(given) ? given : isKey(given?.key) ? given.key : undefined);

/** The private key that an operation is to use. */
export function privateKeyFor(given) {
  const key = innerKey(given);
  if (key !== undefined) return requireKeyType(key, "private");
  return asPrivate(read(given, true, ["KeyObject", "CryptoKey"]));
}

/** The public key that an operation is to use; a private one has it in it. */
export function publicKeyFor(given) {
  const key = innerKey(given);
  const found =
    key === undefined
      ? read(given, false, ["KeyObject", "CryptoKey"])
      : requireKeyType(key, "public", "private");
  return found.type === "private" ? publicOf(found) : found;
}

const asPrivate = (key) => requireKeyType(key, "private");

export function createPrivateKey(key) {
  if (isKey(key)) keyText(key, "key");
  if (isKey(key?.key)) keyText(key.key, "key");
  return asPrivate(read(key, true, []));
}

export function createPublicKey(key) {
  const inner = innerKey(key);
  if (inner !== undefined) return publicOf(requireKeyType(inner, "private"));
  const found = read(key, false, ["KeyObject", "CryptoKey"]);
  return found.type === "private" ? publicOf(found) : found;
}
