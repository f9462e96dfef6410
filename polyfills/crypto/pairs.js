// What the algorithms with pairs of keys share: RSA and the curves.

import { crypto_public_key } from "holdfast:ops";
import { failure } from "./builtins.js";
import { checkUsages, createKey, factsOf, materialOf } from "./key.js";

/** A CryptoKeyPair from the material of its private key. */
export function createPair(algorithm, extractable, material, privateUsages, publicUsages) {
  return {
    publicKey: createKey("public", algorithm, true, publicUsages, crypto_public_key(material)),
    privateKey: createKey("private", algorithm, extractable, privateUsages, material),
  };
}

/**
 * Whether what is imported in this format is a private key, once its usages are checked;
 * throws for a format that keys of the algorithm do not have.
 */
export function checkImport(format, keyData, name, usages, allowed) {
  const isPrivate = format === "pkcs8" || (format === "jwk" && keyData.d !== undefined);
  checkUsages(
    usages,
    isPrivate ? allowed.private : allowed.public,
    `import ${isPrivate ? "private" : "public"} ${name}`,
  );
  return isPrivate;
}

/** The DER of a key; undefined for the formats that are none. */
export function exportDer(format, key) {
  if (format !== "spki" && format !== "pkcs8") return undefined;
  requireExportType(key, format === "spki" ? "public" : "private", format);
  return materialOf(key);
}

/** Throws unless the key has the type that the format is for. */
export function requireExportType(key, type, format) {
  const has = factsOf(key).type;
  if (has === type) return;
  throw failure(
    "InvalidAccessError",
    `Asymmetric ${format} export requires ${type} key (not "${has}").`,
  );
}
