// HTTP methods: https://fetch.spec.whatwg.org/#methods

import { isToken } from "./header-values.js";

const KNOWN = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PURGE", "SEARCH"],
  ...["PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT"],
]);
const FORBIDDEN = new Set(["CONNECT", "TRACK"]);

/**
 * The method that a script means. Like workerd it puts every well-known method in
 * upper case, not just those of the standard; others are taken as they are.
 */
export function normalizeMethod(value) {
  if (KNOWN.has(value)) return value;
  const method = `${value}`;
  const upper = method.toUpperCase();
  if (KNOWN.has(upper)) return upper;
  if (FORBIDDEN.has(upper) || !isToken(method)) {
    throw new TypeError(`Invalid HTTP method string: ${method}`);
  }
  return method;
}
