// What URLs are relative to in Request and Response: in a Worker to nothing at all, so that
// only absolute ones are valid.

import { canonicalOf, canonicalWithBase } from "../url/canonical.js";
import { originOf } from "../url/components.js";

let base;

/** The canonical form of a URL, relative to the base where there is one; or undefined. */
export function resolve(url) {
  return base === undefined ? canonicalOf(url) : canonicalWithBase(url, base);
}

/** The origin that blob URLs have: the base's, or none. */
export function baseOrigin() {
  return base === undefined ? "null" : originOf(base);
}

/**
 * Give this isolate an API base URL, for tests that are written for one.
 * https://html.spec.whatwg.org/#api-base-url
 */
export function setBaseURL(url) {
  base = url;
}
