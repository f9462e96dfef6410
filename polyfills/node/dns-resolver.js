// The questions of node:dns/promises, and its Resolver:
// https://nodejs.org/docs/latest-v20.x/api/dns.html#class-dnspromisesresolver

import { PARSERS, recordsOf } from "./dns-client.js";
import { getServers, setServers } from "./dns-constants.js";
import { invalidValue, nodeError, requireString } from "./errors.js";
import { isIP } from "./net-addresses.js";

/** Functions of a name, and of options or a signal: each checks what it is given at once. */
const asking = {
  resolve4: (name, options, signal) => addresses(name, "A", options, signal),
  resolve6: (name, options, signal) => addresses(name, "AAAA", options, signal),
  reverse(ip, signal) {
    requireString(ip, "name");
    if (isIP(ip) === 0) throw nodeError(TypeError, "ERR_INVALID_IP_ADDRESS", `Invalid IP address: ${ip}`);
    return parsed(arpaOf(ip), "PTR", { signal, syscall: "getHostByAddr", hostname: ip });
  },
};
/** Names of functions, by the kind of records that they ask for. */
const NAMES = { A: "resolve4", AAAA: "resolve6" };
for (const type of Object.keys(PARSERS)) {
  NAMES[type] = `resolve${type[0]}${type.slice(1).toLowerCase()}`;
  asking[NAMES[type]] = (name, signal) => {
    requireString(name, "name");
    const found = parsed(name, type, { signal });
    return type === "SOA" ? found.then(([record]) => record) : found;
  };
}

async function parsed(name, type, options) {
  const records = await recordsOf(name, type, options);
  return records.map(({ data }) => PARSERS[type](data));
}

function addresses(name, type, options, signal) {
  requireString(name, "name");
  const withTtl = Boolean(options?.ttl);
  return recordsOf(name, type, { signal }).then((records) =>
    records.map(({ data: address, ttl }) => (withTtl ? { address, ttl } : address)),
  );
}

/** `4.3.2.1.in-addr.arpa` for 1.2.3.4. */
function arpaOf(ip) {
  if (isIP(ip) === 4) return `${ip.split(".").toReversed().join(".")}.in-addr.arpa`;
  const { hostname } = new URL(`http://[${ip.split("%")[0]}]`); // as short as it can be, in hexadecimal
  const [before, after] = hostname.slice(1, -1).split("::");
  const groups = (text) => (text ? text.split(":") : []);
  const [head, tail] = [groups(before), groups(after)];
  const all = [...head, ...Array(8 - head.length - tail.length).fill("0"), ...tail];
  const digits = all.map((group) => group.padStart(4, "0")).join("");
  return `${[...digits].toReversed().join(".")}.ip6.arpa`;
}

const TAKES_OPTIONS = new Set(["resolve4", "resolve6"]);

/** Asks a question by its name, for a resolver or for nobody in particular. */
export function question(method, args, signal = undefined) {
  if (method !== "resolve")
    return asking[method](args[0], ...(TAKES_OPTIONS.has(method) ? [args[1]] : []), signal);
  const [name, type = "A"] = args;
  requireString(name, "name");
  requireString(type, "rrtype");
  if (!Object.hasOwn(NAMES, type)) throw invalidValue("rrtype", type);
  return question(NAMES[type], [name], signal);
}

export const QUESTIONS = ["resolve", ...Object.keys(asking)];

/** Questions that can be given up together. */
export class Resolver {
  #controller = new AbortController();
  getServers = getServers;
  setServers = setServers;

  cancel() {
    this.#controller.abort();
    this.#controller = new AbortController();
  }

  setLocalAddress() {}

  static {
    for (const method of QUESTIONS) {
      const asked = {
        [method](...args) {
          return question(method, args, this.#controller.signal);
        },
      };
      Object.defineProperty(this.prototype, method, {
        value: asked[method],
        writable: true,
        configurable: true,
      });
    }
  }
}
