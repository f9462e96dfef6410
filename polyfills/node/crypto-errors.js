// What the host says went wrong, as Node.js tells it: see host/node_crypto/errors.py.

import { nodeError } from "./errors.js";
import { nextTick } from "./stream-base.js";

const CODED = /^\[(ERR_[A-Z0-9_]+)\] (.*)$/s;
const OPENSSL = /^error:[0-9A-F]{8}:(.*?)::(.*)$/;
// What stands for a library of OpenSSL's in a code; nothing for the others.
const LIBRARIES = {
  __proto__: null,
  "asn1 encoding routines": "ASN1_",
  "common libcrypto routines": "CRYPTO_",
  "digital envelope routines": "EVP_",
  "elliptic curve routines": "EC_",
  "rsa routines": "RSA_",
  "x509 certificate routines": "X509_",
  "PEM routines": "PEM_",
};

/** The error with the properties that Node.js gives it. */
export function coded(error) {
  const found = CODED.exec(error.message);
  if (found !== null) return nodeError(error.constructor, found[1], found[2]);
  const [, library, reason] = OPENSSL.exec(error.message) ?? [];
  if (library === undefined) return error;
  const name = reason.toUpperCase().replaceAll(/[ -]/g, "_");
  return Object.assign(error, {
    library,
    reason,
    code: `ERR_OSSL_${LIBRARIES[library] ?? ""}${name}`,
  });
}

/** What `run` returns; what it throws has its code. */
export function attempt(run) {
  try {
    return run();
  } catch (error) {
    throw coded(error);
  }
}

/** Settle a callback as Node.js does: later, and with the error's code. */
export function answer(promise, callback, convert) {
  promise.then(
    (value) => nextTick(callback, null, convert(value)),
    (error) => nextTick(callback, coded(error)),
  );
}
