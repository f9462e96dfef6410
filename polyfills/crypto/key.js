// CryptoKey: https://w3c.github.io/webcrypto/#cryptokey-interface
//
// Where the secrets are. A key's material is a Uint8Array in a private field. A script gets
// at what is in it by exportKey of an extractable key and by nothing else, though it may
// replace every builtin. For that, whoever handles material keeps three rules:
//
// - Material goes from an op into a key and from a key into an op. No method is called on
//   it and no property of it is read.
// - No promise is settled with it, since a script can watch those: see host/jobs.py. A
//   function that has material to return is not async.
// - Objects that hold it have no prototype, or have each property that is looked up.
//
// For the same reason usages are bits, and not names in an array.

import { defineView } from "../console/views.js";
import {
  defineInterface,
  illegalConstructor,
  isObject,
  toEnum,
  toSequence,
} from "../kernel/webidl.js";
import { registerCloneable } from "../serialize/index.js";
import { failure, Uint8Array } from "./builtins.js";

const CONSTRUCTING = {};

export const ENCRYPT = 1;
export const DECRYPT = 2;
export const SIGN = 4;
export const VERIFY = 8;
export const DERIVE_KEY = 16;
export const DERIVE_BITS = 32;
export const WRAP_KEY = 64;
export const UNWRAP_KEY = 128;

// In the order of the standard, which is that of the bits and of a key's `usages`.
const USAGES = [
  "encrypt",
  "decrypt",
  "sign",
  "verify",
  "deriveKey",
  "deriveBits",
  "wrapKey",
  "unwrapKey",
];

let isKey;
/** A key's `type`, `extractable`, `algorithm` and `usages`, and no secret. */
export let factsOf;
/** The bytes that are the key. */
export let materialOf;

/** A key that scripts may use and, if it is extractable, look into. */
export class CryptoKey {
  #facts;
  #material;
  #algorithm = null;
  #usages = null;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    this.#facts = arguments[1];
    this.#material = arguments[2];
  }

  get type() {
    return this.#facts.type;
  }

  get extractable() {
    return this.#facts.extractable;
  }

  get algorithm() {
    return (this.#algorithm ??= copyOf(this.#facts.algorithm));
  }

  get usages() {
    return (this.#usages ??= namesOf(this.#facts.usages));
  }

  static {
    isKey = (value) => #facts in value;
    factsOf = (key) => key.#facts;
    materialOf = (key) => key.#material;
  }
}

defineInterface(CryptoKey);
defineView(CryptoKey, ["type", "extractable", "algorithm", "usages"]);
registerCloneable(CryptoKey, {
  write: (key, sink) => sink.reference(key),
  read(source) {
    const key = source.reference();
    return new CryptoKey(CONSTRUCTING, factsOf(key), materialOf(key));
  },
  isInstance: isKey,
});

/** What scripts see of an algorithm, in the order of the standard's dictionaries. */
function copyOf({ name, length, modulusLength, publicExponent, namedCurve, hash }) {
  const copy = { name };
  if (modulusLength !== undefined) copy.modulusLength = modulusLength;
  if (publicExponent !== undefined) copy.publicExponent = new Uint8Array(publicExponent);
  if (hash !== undefined) copy.hash = { name: hash };
  if (length !== undefined) copy.length = length;
  if (namedCurve !== undefined) copy.namedCurve = namedCurve;
  return copy;
}

/**
 * A key of these facts. `algorithm` has the name and what the algorithm adds, `hash` as a
 * string; `usages` are bits.
 */
export function createKey(type, algorithm, extractable, usages, material) {
  const facts = {
    __proto__: null,
    type,
    extractable,
    algorithm: { __proto__: null, ...algorithm },
    usages,
  };
  return new CryptoKey(CONSTRUCTING, facts, material);
}

/** An argument of type CryptoKey. */
export function toKey(value, what) {
  if (isObject(value) && isKey(value)) return value;
  throw new TypeError(`${what} is not of type 'CryptoKey'.`);
}

/** An argument of type sequence<KeyUsage>, as bits. */
export function toUsages(value, what) {
  let bits = 0;
  toSequence(value, (usage) => (bits |= bitOf(toEnum(usage, USAGES, what))), what);
  return bits;
}

/** The bit of a usage by its name. */
export function bitOf(usage) {
  for (let i = 0; i < USAGES.length; i++) if (USAGES[i] === usage) return 1 << i;
  return 0;
}

/** The names of usages, in the standard's order. */
export function namesOf(bits) {
  return USAGES.filter((_, i) => bits & (1 << i));
}

/** Throws unless a key of this kind ("import public ECDSA") can have these usages. */
export function checkUsages(usages, allowed, what) {
  const strange = usages & ~allowed;
  if (strange === 0) return;
  const name = namesOf(strange)[0];
  throw failure("SyntaxError", `Attempt to ${what} key with invalid usage "${name}".`);
}

/** Throws unless the key is one of the algorithm of this name and may be used so. */
export function requireUsage(key, name, usage) {
  const facts = factsOf(key);
  if (facts.algorithm.name !== name) {
    throw failure(
      "InvalidAccessError",
      `Requested algorithm "${name}" does not match this CryptoKey's algorithm ` +
        `"${facts.algorithm.name}".`,
    );
  }
  if ((facts.usages & usage) === 0) {
    throw failure(
      "InvalidAccessError",
      `Requested key usage "${namesOf(usage)[0]}" does not match any usage listed in this ` +
        "CryptoKey.",
    );
  }
}

/** Throws unless the key has this type, as an operation needs it. */
export function requireType(key, type, what) {
  const has = factsOf(key).type;
  if (has === type) return;
  throw failure("InvalidAccessError", `${what} requires a ${type} key (not "${has}").`);
}
