// `Cloudflare`: what a script may ask of the runtime that it is in.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/

import { compatibility_flags } from "holdfast:ops";

const compatibilityFlags = { __proto__: null };
let holds = true;
for (const name of compatibility_flags().split("\n")) {
  if (name === "") holds = false;
  else compatibilityFlags[name] = holds;
}

/** The global object's `Cloudflare`: which compatibility flags hold. */
export const Cloudflare = { compatibilityFlags: Object.freeze(compatibilityFlags) };

Object.defineProperty(Cloudflare, Symbol.toStringTag, { value: "Cloudflare", configurable: true });
