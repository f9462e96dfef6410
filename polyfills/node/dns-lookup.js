// What dns.lookup() takes and gives: https://nodejs.org/docs/latest-v20.x/api/dns.html#dnslookuphostname-options-callback
//
// Addresses are as they are, `localhost` is the loopback; other names are not to be looked up:
// connections do that themselves.

import { invalidType, invalidValue, requireBoolean, requireOneOf, requireString } from "./errors.js";
import { isIP } from "./net-addresses.js";

export const ADDRCONFIG = 1024;
export const ALL = 256;
export const V4MAPPED = 2048;
/** In which order addresses may be given. */
export const ORDERS = ["verbatim", "ipv4first", "ipv6first"];

const LOOPBACK = { 4: "127.0.0.1", 6: "::1" };
const FAMILIES = { __proto__: null, IPv4: 4, IPv6: 6 };
const MAX_HINTS = ADDRCONFIG | ALL | V4MAPPED;
const isGiven = (option) => option !== undefined && option !== null;

/** `{ family, all }` of options, or of a family in their place. */
export function lookupOptions(options) {
  if (typeof options === "number") {
    requireOneOf(options, "family", [0, 4, 6]);
    return { family: options, all: false };
  }
  if (options === undefined || options === null) return { family: 0, all: false };
  if (typeof options !== "object") throw invalidType("options", ["integer", "object"], options);
  const { hints, all, verbatim, order } = options;
  if (isGiven(hints)) {
    if (typeof hints !== "number") throw invalidType("options.hints", "number", hints);
    if (hints !== 0 && (hints & ~MAX_HINTS) !== 0) throw invalidValue("hints", hints);
  }
  const family = FAMILIES[options.family] ?? options.family ?? 0;
  requireOneOf(family, "options.family", [0, 4, 6]);
  if (isGiven(all)) requireBoolean(all, "options.all");
  if (isGiven(verbatim)) requireBoolean(verbatim, "options.verbatim");
  if (isGiven(order)) requireOneOf(order, "options.order", ORDERS);
  return { family, all: all === true };
}

/** The address of a host, or a list of them for `all`. */
export function addressOf(hostname, { family: wanted, all }) {
  if (!hostname) return all ? [] : { address: null, family: wanted === 6 ? 6 : 4 };
  requireString(hostname, "hostname");
  const address = hostname === "localhost" ? LOOPBACK[wanted || 4] : hostname;
  const family = isIP(address);
  if (family === 0) {
    const error = new Error(`getaddrinfo ENOTFOUND ${hostname}`);
    const told = { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname };
    throw Object.assign(error, told);
  }
  return all ? [{ address, family }] : { address, family };
}
