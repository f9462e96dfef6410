// node:dns/promises; connections look names up themselves:
// https://nodejs.org/docs/latest-v20.x/api/dns.html#dns-promises-api

import { absentFrom, requireString } from "./errors.js";
import * as shared from "./dns-constants.js";
import { isIP } from "./net-addresses.js";

const LOOPBACK = "127.0.0.1";

/** An address as it is, `localhost` as the loopback's; other names are not to be looked up. */
export async function lookup(hostname, options = undefined) {
  requireString(hostname, "hostname");
  const address = hostname === "localhost" ? LOOPBACK : hostname;
  const family = isIP(address);
  if (family === 0) {
    const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
    throw Object.assign(error, { code: "ENOTFOUND", errno: -3008, syscall: "getaddrinfo", hostname });
  }
  return options?.all ? [{ address, family }] : { address, family };
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
