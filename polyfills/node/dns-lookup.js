// What dns.lookup() takes and gives: https://nodejs.org/docs/latest-v20.x/api/dns.html#dnslookuphostname-options-callback
//
// Addresses are as they are, `localhost` is the loopback, and DNS is asked for other names; connections
// look names up themselves.

import { recordsOf } from "./dns-client.js";
import { invalidType, invalidValue, requireBoolean, requireOneOf } from "./errors.js";
import { isIP } from "./net-addresses.js";

export const ADDRCONFIG = 1024;
export const ALL = 256;
export const V4MAPPED = 2048;
/** In which order addresses may be given. */
const ORDERS = ["verbatim", "ipv4first", "ipv6first"];

let usualOrder = "verbatim";
export const getDefaultResultOrder = () => usualOrder;
export function setDefaultResultOrder(value) {
  requireOneOf(value, "dnsOrder", ORDERS);
  usualOrder = value;
}

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
  if (!isGiven(options)) return { family: 0, all: false };
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
  const verbatimOrder = verbatim === false ? "ipv4first" : undefined;
  return { family, all: all === true, order: order ?? verbatimOrder };
}

/** A host's addresses, `[{ address, family }]`: the one that it is, or those that DNS knows. */
async function addressesOf(hostname, { family, order = usualOrder }) {
  const address = hostname === "localhost" ? LOOPBACK[family || 4] : hostname;
  const known = isIP(address);
  if (known !== 0) return [{ address, family: known }];
  const families = family === 0 ? [4, 6] : [family];
  if (order === "ipv6first") families.reverse();
  const asked = families.map((each) => recordsOf(hostname, each === 4 ? "A" : "AAAA"));
  const answers = await Promise.allSettled(asked);
  const found = answers.flatMap(({ value = [] }, i) =>
    value.map(({ data }) => ({ address: data, family: families[i] })),
  );
  if (found.length > 0) return found;
  const { reason: cause } = answers[0];
  const told = { errno: -3008, code: "ENOTFOUND", syscall: "getaddrinfo", hostname };
  throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`, { cause }), told);
}

/** The address of a host, or a list of them for `all`. */
export async function lookUp(hostname, wanted) {
  const { family, all } = wanted;
  if (!hostname) return all ? [] : { address: null, family: family === 6 ? 6 : 4 };
  const found = await addressesOf(hostname, wanted);
  return all ? found : found[0];
}
