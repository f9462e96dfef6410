// Random values as scripts get them: in handlers only, as at Cloudflare.
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/

import { crypto_random, crypto_random_uuid } from "holdfast:ops";
import { requireHandler } from "../kernel/pending.js";

/** So many random bytes. */
export function randomBytes(size) {
  requireHandler();
  return crypto_random(size);
}

/** A UUID of version 4. */
export function randomUUID() {
  requireHandler();
  return crypto_random_uuid();
}
