// CryptoKey: https://w3c.github.io/webcrypto/#cryptokey-interface

import { defineView } from "../console/views.js";
import {
  defineInterface,
  illegalConstructor,
  isObject,
  toEnum,
  toSequence,
} from "../kernel/webidl.js";

const { DOMException } = globalThis;
const CONSTRUCTING = {};

// In the order of the standard, which is that of a key's `usages`.
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
/**
 * What a key is: `type`, `extractable`, `algorithm`, `usages` and its `material` (bytes
 * for secret keys). Scripts get copies, so what they change is not this.
 */
export let factsOf;

/** A key that scripts may use and, if it is extractable, look into. */
export class CryptoKey {
  #facts;
  #algorithm = null;
  #usages = null;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    this.#facts = arguments[1];
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
    return (this.#usages ??= [...this.#facts.usages]);
  }

  static {
    isKey = (value) => #facts in value;
    factsOf = (key) => key.#facts;
  }
}

defineInterface(CryptoKey);
defineView(CryptoKey, ["type", "extractable", "algorithm", "usages"]);

function copyOf(algorithm) {
  const { hash } = algorithm;
  return hash === undefined ? { ...algorithm } : { ...algorithm, hash: { ...hash } };
}

/** A key of these facts; `algorithm` has the members that scripts see. */
export function createKey({ type, extractable, algorithm, usages, material }) {
  return new CryptoKey(CONSTRUCTING, { type, extractable, algorithm, usages, material });
}

/** An argument of type CryptoKey. */
export function toKey(value, what) {
  if (isObject(value) && isKey(value)) return value;
  throw new TypeError(`${what} is not a CryptoKey.`);
}

/** An argument of type sequence<KeyUsage>: each once, in the standard's order. */
export function toUsages(value, what) {
  const given = toSequence(value, (usage) => toEnum(usage, USAGES, what), what);
  return USAGES.filter((usage) => given.includes(usage));
}

/** Throws unless a key of this algorithm can have these usages. */
export function checkUsages(usages, allowed, algorithm) {
  const strange = usages.find((usage) => !allowed.includes(usage));
  if (strange === undefined) return;
  throw new DOMException(`A key of ${algorithm} cannot be used to ${strange}.`, "SyntaxError");
}

/** Throws unless the key is one of the algorithm's and may be used so. */
export function requireUsage(key, algorithm, usage) {
  const facts = factsOf(key);
  if (facts.algorithm.name !== algorithm.name) {
    throw new DOMException(
      `The key is for ${facts.algorithm.name}, not for ${algorithm.name}.`,
      "InvalidAccessError",
    );
  }
  if (!facts.usages.includes(usage)) {
    throw new DOMException(`The key's usages do not include "${usage}".`, "InvalidAccessError");
  }
}
