// What node:dns and node:dns/promises share: https://nodejs.org/docs/latest-v20.x/api/dns.html

import { invalidType, nodeError } from "./errors.js";
import { isIP } from "./net-addresses.js";

export {
  ADDRCONFIG,
  ALL,
  getDefaultResultOrder,
  setDefaultResultOrder,
  V4MAPPED,
} from "./dns-lookup.js";
export const ADDRGETNETWORKPARAMS = "EADDRGETNETWORKPARAMS";
export const BADFAMILY = "EBADFAMILY";
export const BADFLAGS = "EBADFLAGS";
export const BADHINTS = "EBADHINTS";
export const BADNAME = "EBADNAME";
export const BADQUERY = "EBADQUERY";
export const BADRESP = "EBADRESP";
export const BADSTR = "EBADSTR";
export const CANCELLED = "ECANCELLED";
export const CONNREFUSED = "ECONNREFUSED";
export const DESTRUCTION = "EDESTRUCTION";
export const EOF = "EOF";
export const FILE = "EFILE";
export const FORMERR = "EFORMERR";
export const LOADIPHLPAPI = "ELOADIPHLPAPI";
export const NODATA = "ENODATA";
export const NOMEM = "ENOMEM";
export const NONAME = "ENONAME";
export const NOTFOUND = "ENOTFOUND";
export const NOTIMP = "ENOTIMP";
export const NOTINITIALIZED = "ENOTINITIALIZED";
export const REFUSED = "EREFUSED";
export const SERVFAIL = "ESERVFAIL";
export const TIMEOUT = "ETIMEOUT";

/** The resolver that is asked, by whatever address. */
export const getServers = () => [
  "1.1.1.1",
  "2606:4700:4700::1111",
  "1.0.0.1",
  "2606:4700:4700::1001",
];

/** Checked, and without effect. */
export function setServers(servers) {
  if (!Array.isArray(servers)) throw invalidType("servers", "Array", servers);
  for (const server of servers) {
    const [, bracketed, plain] = /^\[([^[\]]*)\]|^(.*?)(?::\d+)?$/.exec(server);
    if (isIP(server) === 0 && isIP(bracketed ?? plain) === 0)
      throw nodeError(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: ${server}`);
  }
}
