// New keys: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptogeneratekeypairtype-options-callback

import {
  node_curves,
  node_key_generate,
  node_key_generate_later,
  node_key_public,
  node_signature_hash,
} from "holdfast:ops";
import { randomBytes } from "../crypto/random.js";
import { answer, attempt } from "./crypto-errors.js";
import { keyEncoding } from "./crypto-key-encoding.js";
import { keyOf, written } from "./crypto-keys.js";
import {
  invalidValue,
  nodeError,
  requireFunction,
  requireInteger,
  requireObject,
  requireString,
} from "./errors.js";
import { customPromisify } from "./promisify.js";
import { nextTick } from "./stream-base.js";

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;
const WITHOUT_OPTIONS = ["ed25519", "ed448", "x25519", "x448"];
const WITH_OPTIONS = ["rsa", "rsa-pss", "dsa", "ec"];
const NIST = { "P-192": 1, "P-224": 1, "P-256": 1, "P-384": 1, "P-521": 1 };

const unsupported = (type) => invalidValue("type", type, "must be a supported key type");

/** What the host needs to know of a new key pair. */
function wantedOf(type, options) {
  if (WITHOUT_OPTIONS.includes(type)) return {};
  if (!WITH_OPTIONS.includes(type)) throw unsupported(type);
  requireObject(options, "options");
  if (type === "ec") {
    requireString(options.namedCurve, "options.namedCurve");
    const { namedCurve, paramEncoding } = options;
    if (![undefined, null, "named", "explicit"].includes(paramEncoding))
      throw invalidValue("options.paramEncoding", paramEncoding);
    if (!node_curves().split(",").includes(namedCurve) && !Object.hasOwn(NIST, namedCurve))
      throw nodeError(TypeError, "ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name");
    return { namedCurve };
  }
  const { modulusLength, publicExponent, divisorLength } = options;
  requireInteger(modulusLength, "options.modulusLength", 0, MAX_UINT32);
  if (type === "dsa") {
    if (divisorLength !== undefined && divisorLength !== null)
      requireInteger(divisorLength, "options.divisorLength", 0, MAX_INT32);
    return { modulusLength };
  }
  if (type === "rsa-pss") checkPss(options);
  const exponent = publicExponent ?? 65_537;
  requireInteger(exponent, "options.publicExponent", 0, MAX_UINT32);
  return { modulusLength, publicExponent: exponent };
}

/** What a key would be restricted to, which is lost here. */
function checkPss({ saltLength, hashAlgorithm, mgf1HashAlgorithm }) {
  if (saltLength !== undefined && saltLength !== null)
    requireInteger(saltLength, "options.saltLength", 0, MAX_INT32);
  for (const [name, hash] of Object.entries({ hashAlgorithm, mgf1HashAlgorithm })) {
    if (hash === undefined) continue;
    requireString(hash, `options.${name}`);
    if (node_signature_hash(hash)) continue;
    const which = name === "hashAlgorithm" ? "digest" : "MGF1 digest";
    throw nodeError(TypeError, "ERR_CRYPTO_INVALID_DIGEST", `Invalid ${which}: ${hash}`);
  }
}

/** Checks how both keys are to be given; a function that gives them so. */
function givingOf(type, options) {
  const encodings = ["public", "private"].map((which) => {
    const name = `${which}KeyEncoding`;
    const encoding = options?.[name];
    if (encoding === undefined || encoding === null) return undefined;
    if (typeof encoding !== "object") throw invalidValue(`options.${name}`, encoding);
    return keyEncoding(encoding, which, type, name);
  });
  return (material) =>
    ["public", "private"].map((which, i) => {
      const key = keyOf(which, which === "public" ? node_key_public(material) : material);
      return encodings[i] === undefined ? key : written(key, encodings[i]);
    });
}

function pairArguments(type, options) {
  requireString(type, "type");
  if (options !== undefined) requireObject(options, "options");
  const wanted = wantedOf(type, options);
  return [JSON.stringify(wanted), givingOf(type, options)];
}

export function generateKeyPairSync(type, options = undefined) {
  const [wanted, give] = pairArguments(type, options);
  const material = attempt(() => node_key_generate(type, wanted));
  const [publicKey, privateKey] = give(material);
  return { publicKey, privateKey };
}

export function generateKeyPair(type, options, callback) {
  if (typeof options === "function") [callback, options] = [options, undefined];
  requireFunction(callback, "callback");
  const [wanted, give] = pairArguments(type, options);
  const later = (error, keys) => (error ? callback(error) : callback(null, ...keys));
  answer(node_key_generate_later(type, wanted), later, give);
}
Object.defineProperty(generateKeyPair, customPromisify, {
  value: (type, options) =>
    new Promise((resolve, reject) => {
      generateKeyPair(type, options, (error, publicKey, privateKey) =>
        error ? reject(error) : resolve({ publicKey, privateKey }),
      );
    }),
  configurable: true,
});

function secretBytes(type, options) {
  requireString(type, "type");
  requireObject(options, "options");
  const { length } = options;
  if (type === "hmac") {
    requireInteger(length, "options.length", 8, MAX_INT32);
    return Math.floor(length / 8);
  }
  if (type !== "aes") throw unsupported(type);
  if (length === 128 || length === 192 || length === 256) return length / 8;
  throw invalidValue("options.length", length, "must be one of: 128, 192, 256");
}

const MAX_SECRET_BYTES = 65_536;

export function generateKeySync(type, options) {
  const size = secretBytes(type, options);
  if (size > MAX_SECRET_BYTES)
    throw new RangeError(`Secret keys of at most ${MAX_SECRET_BYTES} bytes are generated`);
  return keyOf("secret", randomBytes(size));
}

export function generateKey(type, options, callback) {
  requireString(type, "type");
  requireObject(options, "options");
  requireFunction(callback, "callback");
  const key = generateKeySync(type, options);
  nextTick(callback, undefined, key);
}
