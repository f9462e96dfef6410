// JSON Web Keys: https://w3c.github.io/webcrypto/#JsonWebKey-dictionary
//
// A key may come from unwrapKey, and then its members are secrets: see key.js.

import { isObject, toDictionary, toDOMString, toSequence } from "../kernel/webidl.js";
import { failure, parseJson, stringifyJson } from "./builtins.js";
import { bitOf, factsOf, namesOf } from "./key.js";

// In the order in which Web IDL reads them.
const MEMBERS = [
  "alg",
  "crv",
  "d",
  "dp",
  "dq",
  "e",
  "ext",
  "k",
  "key_ops",
  "kty",
  "n",
  "oth",
  "p",
  "q",
  "qi",
  "use",
  "x",
  "y",
];
// In the order in which workerd writes them.
const WRITTEN = ["x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"];

const converters = {
  __proto__: null,
  ext: (value) => !!value,
  key_ops: (value) => toSequence(value, toDOMString, "JsonWebKey: key_ops"),
  oth: toOtherPrimes,
};

/** sequence<RsaOtherPrimesInfo>; nobody looks into it, as keys of many primes are refused. */
function toOtherPrimes(value) {
  if (isObject(value)) return value;
  throw new TypeError("JsonWebKey: oth is not a sequence.");
}

/** The dictionary's members, read in their order; absent ones are undefined. */
export function toJsonWebKey(value) {
  const given = toDictionary(value, "JsonWebKey");
  const jwk = { __proto__: null };
  for (let i = 0; i < MEMBERS.length; i++) {
    const name = MEMBERS[i];
    const member = given[name];
    if (member !== undefined) jwk[name] = (converters[name] ?? toDOMString)(member);
  }
  return jwk;
}

/**
 * Throws a DataError unless the JWK may become a key with these usages. `use` is what
 * its member "use" has to be, if it is there.
 */
export function checkJsonWebKey(jwk, { kty, use, usages, extractable }) {
  if (jwk.kty !== kty) {
    throw invalid(`Key Type parameter "kty" ("${jwk.kty ?? ""}") equal to "${kty}"`);
  }
  if (usages !== 0 && jwk.use !== undefined && jwk.use !== use) {
    throw invalid(`Public Key Use parameter "use" ("${jwk.use}") equal to "${use}"`);
  }
  checkKeyOperations(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) {
    throw failure(
      "DataError",
      "JWK ext field is set to false but extractable is true",
    );
  }
}

function checkKeyOperations(operations, usages) {
  if (operations === undefined) return;
  let bits = 0;
  for (let i = 0; i < operations.length; i++) {
    if (operations.indexOf(operations[i]) < i) {
      throw failure(
        "DataError",
        'A JSON Web Key\'s Key Operations parameter ("key_ops") must not contain duplicates.',
      );
    }
    bits |= bitOf(operations[i]);
  }
  if ((usages & ~bits) !== 0) {
    throw failure(
      "DataError",
      "All specified key usages must be present in the JSON Web Key's Key Operations parameter " +
        '("key_ops").',
    );
  }
}

/** Throws a DataError if the JWK has a member "alg" that is not this. */
export function checkJwkAlgorithm(jwk, expected) {
  if (jwk.alg === undefined || jwk.alg === expected) return;
  throw invalid(`Algorithm parameter "alg" ("${jwk.alg}") equal to "${expected}"`);
}

/** The DataError of a JWK that is none for an algorithm; `what` it should have. */
export function invalid(what) {
  return failure("DataError", `"jwk" key import requires a JSON Web Key with ${what}.`);
}

/** The members that hold key material, as JSON for an op. */
export function materialOfJwk(jwk) {
  const members = { __proto__: null };
  for (let i = 0; i < WRITTEN.length; i++) {
    const name = WRITTEN[i];
    if (jwk[name] !== undefined) members[name] = jwk[name];
  }
  return stringifyJson(members);
}

/**
 * The JSON of a key: what an op told of its material, and what it is. Members that the key
 * does not have are undefined.
 */
export function jsonOfKey(key, kty, material, { alg, crv }) {
  const { extractable, usages } = factsOf(key);
  const told = parseJson(material);
  const jwk = { __proto__: null, kty, key_ops: namesOf(usages), alg, ext: extractable, crv };
  for (let i = 0; i < WRITTEN.length; i++) {
    const name = WRITTEN[i];
    if (name in told) jwk[name] = told[name];
  }
  return stringifyJson(jwk);
}
