// `Cloudflare`: what a script may ask of the runtime that it is in.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/

import { compatibility_flags } from "holdfast:ops";

const compatibilityFlags = { __proto__: null };
const [holding, others] = compatibility_flags().split("\n\n");
for (const name of holding.split("\n")) compatibilityFlags[name] = true;
for (const name of others.split("\n")) compatibilityFlags[name] = false;

/** The global object's `Cloudflare`: which compatibility flags hold. */
export const Cloudflare = { compatibilityFlags: Object.freeze(compatibilityFlags) };

Object.defineProperty(Cloudflare, Symbol.toStringTag, { value: "Cloudflare", configurable: true });
