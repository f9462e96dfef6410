// RSA encryption with either key: https://nodejs.org/docs/latest-v20.x/api/crypto.html#cryptopublicencryptkey-buffer

import {
  node_rsa_decrypt,
  node_rsa_encrypt,
  node_rsa_private_encrypt,
  node_rsa_public_decrypt,
  node_signature_hash,
} from "holdfast:ops";
import { secretOf, toBuffer } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { privateKeyFor, publicKeyFor } from "./crypto-key-reading.js";
import { materialOfKey } from "./crypto-keys.js";
import { nodeError, requireString } from "./errors.js";

const PKCS1 = 1;
const OAEP = 4;

function paddingOf(options, usual) {
  const padding = options?.padding;
  if (padding === undefined) return usual;
  return padding >>> 0; // which is none that there is for what is no number
}

/** The hash and the label of OAEP. */
function oaepOf(options) {
  const { oaepHash, oaepLabel } = options ?? {};
  if (oaepHash !== undefined) {
    requireString(oaepHash, "key.oaepHash");
    if (!node_signature_hash(oaepHash))
      throw nodeError(Error, "ERR_OSSL_EVP_INVALID_DIGEST", "Invalid digest used");
  }
  const label =
    oaepLabel === undefined
      ? new Uint8Array(0)
      : secretOf(oaepLabel, "key.oaepLabel", options.encoding);
  return [oaepHash ?? "sha1", label];
}

export function publicEncrypt(options, buffer) {
  const key = materialOfKey(publicKeyFor(options));
  const padding = paddingOf(options, OAEP);
  const oaep = oaepOf(options);
  return treated(options, buffer, (data) => node_rsa_encrypt(key, padding, ...oaep, data));
}

/** What an op makes of the data. */
function treated({ encoding }, buffer, run) {
  const data = secretOf(buffer, "buffer", encoding);
  return toBuffer(attempt(() => run(data)));
}

export function privateDecrypt(options, buffer) {
  const key = materialOfKey(privateKeyFor(options));
  const padding = paddingOf(options, OAEP);
  if (padding === PKCS1) {
    // What the answer tells of the padding would be enough to decrypt others' messages.
    const message =
      "RSA_PKCS1_PADDING is no longer supported for private decryption, this can be reverted with --security-revert=CVE-2023-46809";
    throw nodeError(TypeError, "ERR_INVALID_ARG_VALUE", message);
  }
  const oaep = oaepOf(options);
  return treated(options, buffer, (data) => node_rsa_decrypt(key, padding, ...oaep, data));
}

export function privateEncrypt(options, buffer) {
  const key = materialOfKey(privateKeyFor(options));
  const padding = paddingOf(options, PKCS1);
  oaepOf(options); // which means nothing here, and is checked all the same
  return treated(options, buffer, (data) => node_rsa_private_encrypt(key, padding, data));
}

export function publicDecrypt(options, buffer) {
  const key = materialOfKey(publicKeyFor(options));
  const padding = paddingOf(options, PKCS1);
  oaepOf(options); // which means nothing here, and is checked all the same
  return treated(options, buffer, (data) => node_rsa_public_decrypt(key, padding, data));
}
