// Digests: https://w3c.github.io/webcrypto/#sha
// MD5 is Workers' own addition: https://developers.cloudflare.com/workers/runtime-apis/web-crypto/

import { crypto_digest, crypto_digest_large, crypto_run, crypto_take } from "holdfast:ops";
import { byteLengthOfArray } from "../kernel/buffers.js";
import { noParameters, registerAlgorithm } from "./algorithms.js";

/** What is longer than this is worked on in a thread, at the price of a turn. */
const MAX_INLINE_BYTES = 65_536;

/** Whether it takes long to work on these bytes. */
export const isLarge = (bytes) => byteLengthOfArray(bytes) > MAX_INLINE_BYTES;

/** The digest of a Uint8Array, for a signature; a promise of it where there is much. */
export function digestOf(hash, bytes) {
  return isLarge(bytes) ? digestOfMany(hash, bytes) : crypto_digest(hash, bytes);
}

async function digestOfMany(hash, bytes) {
  const answer = crypto_digest_large(hash, bytes);
  return typeof answer === "number" ? crypto_take(await crypto_run(answer)) : answer;
}

for (const name of ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "MD5"]) {
  registerAlgorithm({
    name,
    parameters: { digest: noParameters },
    digest: (bytes) =>
      isLarge(bytes) ? crypto_digest_large(name, bytes) : crypto_digest(name, bytes),
  });
}
