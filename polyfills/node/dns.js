// node:dns; connections look names up themselves: https://nodejs.org/docs/latest-v20.x/api/dns.html

import * as shared from "./dns-constants.js";
import promises from "./dns-promises.js";
import { absentFrom, requireFunction } from "./errors.js";
import { nextTick } from "./stream-base.js";

export { promises };
export * from "./dns-constants.js";

/** See dns-promises.js; calls back with `(error, address, family)`, or a list for `all`. */
export function lookup(hostname, options, callback = options) {
  requireFunction(callback, "callback");
  const wanted = callback === options ? {} : typeof options === "number" ? {} : options;
  promises.lookup(hostname, wanted).then(
    (found) => {
      if (Array.isArray(found)) nextTick(callback, null, found);
      else nextTick(callback, null, found.address, found.family);
    },
    (error) => nextTick(callback, error),
  );
}

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
