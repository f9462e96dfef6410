// node:dns/promises; connections look names up themselves:
// https://nodejs.org/docs/latest-v20.x/api/dns.html#dns-promises-api

import { absentFrom, requireString } from "./errors.js";
import * as shared from "./dns-constants.js";
import { lookUp, lookupOptions } from "./dns-lookup.js";
import { question, QUESTIONS, Resolver } from "./dns-resolver.js";

/** The address of a host. Mistakes in the call are thrown. */
export function lookup(hostname, options = undefined) {
  if (hostname) requireString(hostname, "hostname");
  return lookUp(hostname, lookupOptions(options));
}

const questions = {};
for (const method of QUESTIONS) {
  const asked = { [method]: (...args) => question(method, args) };
  questions[method] = asked[method];
}

export * from "./dns-constants.js";
export { Resolver };
const missing = absentFrom("dns/promises");
export const { lookupService, resolveAny } = missing;
export const {
  resolve,
  resolve4,
  resolve6,
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
} = questions;

export default { ...missing, ...shared, ...questions, lookup, Resolver };
