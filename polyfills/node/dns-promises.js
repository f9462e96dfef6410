// node:dns/promises; connections look names up themselves:
// https://nodejs.org/docs/latest-v20.x/api/dns.html#dns-promises-api

import { absentFrom, requireString } from "./errors.js";
import * as shared from "./dns-constants.js";
import { addressOf, lookupOptions } from "./dns-lookup.js";

/** The address of a host. Mistakes in the call are thrown. */
export function lookup(hostname, options = undefined) {
  if (hostname) requireString(hostname, "hostname");
  const wanted = lookupOptions(options);
  return Promise.try(addressOf, hostname, wanted);
}

export * from "./dns-constants.js";
const missing = absentFrom("dns/promises");
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

export default { ...missing, ...shared, lookup };
