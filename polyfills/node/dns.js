// node:dns; connections look names up themselves: https://nodejs.org/docs/latest-v20.x/api/dns.html

import * as shared from "./dns-constants.js";
import promises from "./dns-promises.js";
import { lookUp, lookupOptions } from "./dns-lookup.js";
import { question, QUESTIONS, Resolver as PromisingResolver } from "./dns-resolver.js";
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
  lookUp(hostname, wanted).then(
    (found) => {
      if (wanted.all) nextTick(callback, null, found);
      else nextTick(callback, null, found.address, found.family);
    },
    (error) => nextTick(callback, error),
  );
}
Object.defineProperty(lookup, customPromisify, { value: promises.lookup, configurable: true });

/** The same question with a callback behind its arguments. */
const calling = (method, ask) =>
  ({
    [method](...args) {
      const callback = args.pop();
      requireFunction(callback, "callback");
      ask(this, args).then(
        (found) => nextTick(callback, null, found),
        (error) => nextTick(callback, error),
      );
    },
  })[method];

/** Questions that can be given up together. */
export class Resolver extends PromisingResolver {}

const questions = {};
for (const method of QUESTIONS) {
  questions[method] = calling(method, (_, args) => question(method, args));
  Object.defineProperty(questions[method], customPromisify, {
    value: promises[method],
    configurable: true,
  });
  const { [method]: ask } = PromisingResolver.prototype;
  Object.defineProperty(Resolver.prototype, method, {
    value: calling(method, (resolver, args) => ask.apply(resolver, args)),
    writable: true,
    configurable: true,
  });
}

const missing = absentFrom("dns");
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

export default { ...missing, ...shared, ...questions, lookup, promises, Resolver };
