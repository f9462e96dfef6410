// Digests: https://w3c.github.io/webcrypto/#sha
// MD5 is Workers' own addition: https://developers.cloudflare.com/workers/runtime-apis/web-crypto/

import { crypto_digest, crypto_digest_large } from "holdfast:ops";
import { noParameters, registerAlgorithm } from "./algorithms.js";

/** What is longer than this is worked on in a thread, at the price of a turn. */
export const MAX_INLINE_BYTES = 65_536;

for (const name of ["SHA-1", "SHA-256", "SHA-384", "SHA-512", "MD5"]) {
  registerAlgorithm({
    name,
    parameters: { digest: noParameters },

    /** The digest of a Uint8Array, or a promise of it. */
    digest({ name: hash }, bytes) {
      const large = bytes.length > MAX_INLINE_BYTES;
      return large ? crypto_digest_large(hash, bytes) : crypto_digest(hash, bytes);
    },
  });
}
