// The algorithms that are there, and how scripts ask for them.
//
// An algorithm registers itself: its name, and for each operation that it has a function
// that reads the parameters of this operation from the script's object. The other
// functions of its record do the work; subtle.js calls them.

import { copyBytes } from "../kernel/buffers.js";
import {
  enforceRange,
  enforceUnsignedLong,
  isObject,
  toDOMString,
} from "../kernel/webidl.js";
import { failure } from "./builtins.js";

const algorithms = { __proto__: null }; // by name in lower case

/**
 * Make an algorithm known. `record.name` is its name; `record.parameters` maps an
 * operation ("digest", "sign", "importKey", …) to a function that reads the operation's
 * own parameters from an object and returns them. The operations are functions of the
 * record; see `SubtleCrypto` for what each is given.
 */
export function registerAlgorithm(record) {
  const parameters = { __proto__: null, ...record.parameters };
  algorithms[record.name.toLowerCase()] = { __proto__: null, ...record, parameters };
}

/** Parameters of operations that have none. */
export const noParameters = () => undefined;

/**
 * An AlgorithmIdentifier as { name, record, parameters }, for the first of these operations
 * that the algorithm has.
 * https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm
 */
export function normalize(identifier, operation, otherwise = operation) {
  const given = isObject(identifier) ? identifier : { __proto__: null, name: identifier };
  const name = toDOMString(required(given.name, "name"));
  const record = algorithms[name.toLowerCase()];
  const read = record?.parameters[operation] ?? record?.parameters[otherwise];
  if (read !== undefined) {
    return { __proto__: null, name: record.name, record, parameters: read(given) };
  }
  throw failure(
    "NotSupportedError",
    `Unrecognized or unimplemented ${operation} algorithm "${name}" requested.`,
  );
}

// ---- Members of dictionaries ------------------------------------------------------------

/** A member that has to be there. */
export function required(value, member) {
  if (value !== undefined) return value;
  throw new TypeError(`Missing field "${member}" in "algorithm".`);
}

/** HashAlgorithmIdentifier, as the name of a digest. */
export function readHash({ hash }) {
  return normalize(required(hash, "hash"), "digest").name;
}

/** The same for keys to be generated: none is made for MD5, which Web Crypto has not. */
export function readStandardHash(given) {
  const hash = readHash(given);
  if (hash !== "MD5") return hash;
  throw failure("NotSupportedError", "No key is generated for MD5.");
}

/** A required BufferSource, copied. */
export function readBytes(value, member) {
  return copyBytes(required(value, member), `The field "${member}" in "algorithm"`);
}

/** [EnforceRange] unsigned long */
export function readLong(value, member) {
  return enforceUnsignedLong(required(value, member), `The field "${member}" in "algorithm"`);
}

/** [EnforceRange] unsigned short */
export function readShort(value, member) {
  return enforceRange(required(value, member), 0, 65_535, `The field "${member}" in "algorithm"`);
}

/** [EnforceRange] octet */
export function readOctet(value, member) {
  return enforceRange(required(value, member), 0, 255, `The field "${member}" in "algorithm"`);
}

/** An optional member. */
export function optional(value, member, read) {
  return value === undefined ? undefined : read(value, member);
}
