// Keys as objects: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-keyobject
//
// A key's material is the bytes of a secret, or DER. That of a CryptoKey which is not extractable
// goes to the host and nowhere else, as crypto/key.js has it.

import {
  crypto_equal,
  node_key_facts,
  node_key_jwk,
  node_key_public,
  node_key_write,
} from "holdfast:ops";
import { CryptoKey, factsOf, materialOf } from "../crypto/key.js";
import { byteLengthOfArray } from "../kernel/buffers.js";
import { lazily } from "../kernel/lazy.js";
import { Buffer } from "./buffer.js";
import { bytesOf, isBytes, secretOf, toBuffer } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { keyEncoding } from "./crypto-key-encoding.js";
import { invalidType, invalidValue, nodeError, requireObject } from "./errors.js";
import { learnKeyObjects } from "./types.js";

const subtle = lazily("crypto/subtle.js");
const MAKING = {};
const KEY_TYPES = ["secret", "public", "private"];
const BASES = ["ArrayBuffer", "Buffer", "TypedArray", "DataView"];
/** What may stand for a key, as errors name it. */
const KEY_LIKE = ["string", ...BASES, "KeyObject", "CryptoKey"];

let partsOf;
let make;

export class KeyObject {
  #type;
  #material;
  #extractable = true;
  #facts = null;

  constructor(type, handle) {
    if (!KEY_TYPES.includes(type)) throw invalidValue("type", type);
    if (handle !== MAKING) throw invalidType("handle", "object", handle);
    this.#type = type;
  }

  static {
    partsOf = (key) => ({
      type: key.#type,
      material: key.#material,
      extractable: key.#extractable,
      facts: () => (key.#facts ??= readFacts(key.#type, key.#material)),
    });
    make = (type, material, extractable) => {
      const Class = { secret: SecretKeyObject, public: PublicKeyObject, private: PrivateKeyObject };
      const key = new Class[type](type, MAKING);
      key.#material = material;
      key.#extractable = extractable;
      return key;
    };
  }

  /** A CryptoKey as a KeyObject. */
  static from(key) {
    if (!(key instanceof CryptoKey)) throw invalidType("key", "CryptoKey", key);
    const { type, extractable } = factsOf(key);
    return make(type, materialOf(key), extractable);
  }

  get type() {
    return this.#type;
  }

  equals(otherKeyObject) {
    if (!(otherKeyObject instanceof KeyObject))
      throw invalidType("otherKeyObject", "KeyObject", otherKeyObject);
    if (otherKeyObject === this) return true;
    const other = partsOf(otherKeyObject);
    // That two keys are the same would tell what a key is that does not leave.
    if (!this.#extractable || !other.extractable) return false;
    return other.type === this.#type && crypto_equal(this.#material, other.material);
  }

  /** The same key for Web Crypto, as `importKey` would make it. */
  toCryptoKey(algorithm, extractable, keyUsages) {
    const format = { secret: "raw", public: "spki", private: "pkcs8" }[this.#type];
    const mayLeave = Boolean(extractable) && this.#extractable;
    return subtle().importKeyNow(format, this.#material, algorithm, mayLeave, keyUsages);
  }

  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
}

function readFacts(type, material) {
  const { type: kind, details } = JSON.parse(node_key_facts(material, type === "private"));
  if (details.publicExponent !== undefined) details.publicExponent = BigInt(details.publicExponent);
  return { kind, details };
}

function requireExtractable({ extractable }) {
  if (extractable) return;
  throw nodeError(
    Error,
    "ERR_CRYPTO_INVALID_STATE",
    "Invalid state for operation export: the key is not extractable",
  );
}

export class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    return byteLengthOfArray(partsOf(this).material);
  }

  export(options = undefined) {
    const parts = partsOf(this);
    if (options !== undefined) {
      requireObject(options, "options");
      if (![undefined, "buffer", "jwk"].includes(options.format)) {
        const reason = "must be one of: undefined, 'buffer', 'jwk'";
        throw invalidValue("options.format", options.format, reason);
      }
    }
    requireExtractable(parts);
    const secret = Buffer.from(parts.material);
    return options?.format === "jwk" ? { kty: "oct", k: secret.toString("base64url") } : secret;
  }
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() {
    return partsOf(this).facts().kind;
  }

  get asymmetricKeyDetails() {
    return { ...partsOf(this).facts().details };
  }
}

export class PublicKeyObject extends AsymmetricKeyObject {
  export(options) {
    return exported(this, options, "public");
  }
}

export class PrivateKeyObject extends AsymmetricKeyObject {
  export(options) {
    return exported(this, options, "private");
  }
}

function exported(key, options, type) {
  requireObject(options, "options");
  if (type === "private" && options.format === "jwk" && options.passphrase !== undefined)
    throw noEncryption("jwk");
  const parts = partsOf(key);
  const isJwk = options.format === "jwk";
  const encoding = isJwk ? { format: "jwk" } : keyEncoding(options, type, parts.facts().kind);
  requireExtractable(parts);
  return written(key, encoding);
}

function noEncryption(what) {
  const message = `The selected key encoding ${what} does not support encryption.`;
  return nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message);
}

/** A public or private key as an encoding asks for it. */
export function written(key, { format, type, passphrase }) {
  const { type: ofKey, material } = partsOf(key);
  const isPrivate = ofKey === "private";
  if (format === "jwk") return JSON.parse(attempt(() => node_key_jwk(material, isPrivate)));
  const isPem = format === "pem";
  const bytes = toBuffer(
    attempt(() => node_key_write(material, isPrivate, isPem, type, passphrase)),
  );
  return isPem ? bytes.toString("latin1") : bytes;
}

export { CryptoKey };

export const isKeyObject = (value) => value instanceof KeyObject;
learnKeyObjects(isKeyObject);
export const isCryptoKey = (value) => value instanceof CryptoKey;

/** A key of this type and material, which an op gave. */
export const keyOf = (type, material) => make(type, material, true);

/** A key's material, for ops alone. */
export const materialOfKey = (key) => partsOf(key).material;

export const isExtractable = (key) => partsOf(key).extractable;

/** A KeyObject or CryptoKey of one of these types, as a KeyObject. */
export function requireKeyType(key, ...types) {
  const object = isCryptoKey(key) ? KeyObject.from(key) : key;
  if (types.includes(object.type)) return object;
  const expected = types[0] === "public" ? "private or public" : types[0];
  throw nodeError(
    TypeError,
    "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE",
    `Invalid key object type ${object.type}, expected ${expected}.`,
  );
}

/** The public key that belongs to a private one. */
export const publicOf = (key) =>
  make("public", node_key_public(partsOf(key).material), partsOf(key).extractable);

/** The bytes of a secret key, however it is given; they are not to be changed. */
export function secretKeyOf(key, name, encoding = undefined) {
  if (isKeyObject(key) || isCryptoKey(key)) return materialOfKey(requireKeyType(key, "secret"));
  if (typeof key === "string" || isBytes(key)) return secretOf(key, name, encoding);
  throw invalidType(name, KEY_LIKE, key);
}

export function createSecretKey(key, encoding = undefined) {
  if (typeof key === "string") return keyOf("secret", Buffer.from(key, encoding));
  if (!isBytes(key)) throw invalidType("key", BASES, key);
  return keyOf("secret", Buffer.from(bytesOf(key)));
}
