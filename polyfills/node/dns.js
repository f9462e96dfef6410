// node:dns; connections look names up themselves: https://nodejs.org/docs/latest-v20.x/api/dns.html

import * as shared from "./dns-constants.js";
import promises from "./dns-promises.js";
import { addressOf, lookupOptions } from "./dns-lookup.js";
import { absentFrom, requireFunction, requireString } from "./errors.js";
import { customPromisify } from "./promisify.js";
import { nextTick } from "./stream-base.js";

export { promises };
export * from "./dns-constants.js";

/** Calls back with `(error, address, family)`, or a list for `all`. */
export function lookup(hostname, options, callback = options) {
  if (hostname) requireString(hostname, "hostname");
  requireFunction(callback, "callback");
  const wanted = lookupOptions(callback === options ? undefined : options);
  let found;
  try {
    found = addressOf(hostname, wanted);
  } catch (error) {
    return void nextTick(callback, error);
  }
  if (wanted.all) nextTick(callback, null, found);
  else nextTick(callback, null, found.address, found.family);
}
Object.defineProperty(lookup, customPromisify, { value: promises.lookup, configurable: true });

const missing = absentFrom("dns");
export const {
  Resolver,
  lookupService,
  resolve,
  resolve4,
  resolve6,
  resolveAny,
  resolveCaa,
  resolveCname,
  resolveMx,
  resolveNaptr,
  resolveNs,
  resolvePtr,
  resolveSoa,
  resolveSrv,
  resolveTxt,
  reverse,
} = missing;

export default { ...missing, ...shared, lookup, promises };
