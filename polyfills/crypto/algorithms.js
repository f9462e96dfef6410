// The algorithms that are there, and how scripts ask for them.
//
// An algorithm registers itself: its name, and for each operation that it has a function
// that reads the parameters of this operation from the script's object. The other
// functions of its record do the work; subtle.js calls them.

import { isObject, toDictionary, toDOMString } from "../kernel/webidl.js";

const { DOMException } = globalThis;

const algorithms = new Map(); // by name in lower case

/**
 * Make an algorithm known. `record.name` is its name; `record.parameters` maps an
 * operation ("digest", "sign", "importKey", …) to a function that reads the operation's
 * own parameters from an object and returns them. The operations are functions of the
 * record; see `SubtleCrypto` for what each is given.
 */
export function registerAlgorithm(record) {
  algorithms.set(record.name.toLowerCase(), record);
}

/** Parameters of operations that have none. */
export const noParameters = () => ({});

/**
 * An AlgorithmIdentifier as { name, record, …parameters }.
 * https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm
 */
export function normalize(operation, identifier) {
  const given = isObject(identifier) ? identifier : { name: toDOMString(identifier) };
  const name = requiredName(given);
  const record = algorithms.get(name.toLowerCase());
  const readParameters = record?.parameters[operation];
  if (readParameters === undefined) {
    throw new DOMException(`"${name}" cannot be used for ${operation}.`, "NotSupportedError");
  }
  return { ...readParameters(given), name: record.name, record };
}

function requiredName(given) {
  const { name } = toDictionary(given, "Algorithm");
  if (name === undefined) throw new TypeError("Algorithm: the member 'name' is missing.");
  return toDOMString(name);
}

/** The required member `hash`, as the name of a digest algorithm. */
export function readHash(given, what) {
  const { hash } = given;
  if (hash === undefined) throw new TypeError(`${what}: the member 'hash' is missing.`);
  return normalize("digest", hash).name;
}
