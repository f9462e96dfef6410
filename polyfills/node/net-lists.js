// SocketAddress and BlockList of node:net: https://nodejs.org/docs/latest-v20.x/api/net.html

import {
  invalidType,
  invalidValue,
  nodeError,
  portOf,
  requireInteger,
  requireObject,
  requireString,
} from "./errors.js";
import { customInspect } from "./inspect.js";
import { isIPv4, isIPv6 } from "./net-addresses.js";

const MAX_FLOW_LABEL = 2 ** 32 - 1;
const BITS = 128n;
const BITS_OF_V4 = 32n;
const MAPPED = 0xffffn << BITS_OF_V4; // ::ffff:0:0, which stands in front of IPv4's

/** An address as a number of 128 bits; those of IPv4 as IPv6 has them. */
function numberOf(address) {
  if (isIPv4(address)) return MAPPED | numberOfV4(address);
  const [text] = address.split("%");
  const [head, tail] = text.split("::").map(groupsOf);
  const value = head.reduce(joined, 0n);
  if (tail === undefined) return value;
  return (value << BigInt(16 * (8 - head.length))) | tail.reduce(joined, 0n);
}

const joined = (value, group) => (value << 16n) | group;

function numberOfV4(address) {
  return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function groupsOf(half) {
  if (half === "") return [];
  return half.split(":").flatMap((part) => {
    if (!part.includes(".")) return BigInt(`0x${part}`);
    const value = numberOfV4(part);
    return [value >> 16n, value & 0xffffn];
  });
}

/** https://www.rfc-editor.org/rfc/rfc5952#section-4 */
function textOf(number) {
  const groups = Array.from({ length: 8 }, (_, i) => (number >> BigInt(16 * (7 - i))) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(":");
  if (number >> BITS_OF_V4 === 0xffffn) {
    const parts = groups.slice(6).flatMap((group) => [group >> 8n, group & 0xffn]);
    return `::ffff:${parts.join(".")}`;
  }
  const runs = text.match(/(?<=^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`(?<=^|:)${longest}(?=:|$)`));
  const before = text.slice(0, at).replace(/:$/, "");
  return `${before}::${text.slice(at + longest.length).replace(/^:/, "")}`;
}

function familyOf(value) {
  const family = typeof value === "string" ? value.toLowerCase() : "";
  if (family === "ipv4" || family === "ipv6") return family;
  throw invalidValue("options.family", value);
}

/** An address with a port. */
export class SocketAddress {
  #address;
  #family;
  #port;
  #flowLabel;

  constructor(options = {}) {
    requireObject(options, "options");
    const family = familyOf(options.family ?? "ipv4");
    const { address = family === "ipv4" ? "127.0.0.1" : "::", port = 0, flowlabel = 0 } = options;
    requireString(address, "options.address");
    this.#port = portOf(port, "options.port");
    requireInteger(flowlabel, "options.flowlabel", 0, MAX_FLOW_LABEL);
    if (!(family === "ipv4" ? isIPv4 : isIPv6)(address)) {
      throw nodeError(Error, "ERR_INVALID_ADDRESS", "Invalid socket address");
    }
    this.#address = family === "ipv4" ? address : textOf(numberOf(address));
    this.#family = family;
    this.#flowLabel = flowlabel;
  }

  static isSocketAddress(value) {
    return typeof value === "object" && value !== null && #address in value;
  }

  /** The address in a text such as `[::1]:80`; undefined where there is none. */
  static parse(input) {
    requireString(input, "input");
    const found = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(input);
    if (found === null) return undefined;
    try {
      const [, v6, v4, port = "0"] = found;
      if (v6 !== undefined) return new SocketAddress({ address: v6, port: +port, family: "ipv6" });
      return new SocketAddress({ address: v4, port: +port });
    } catch {
      return undefined;
    }
  }

  get address() {
    return this.#address;
  }

  get port() {
    return this.#port;
  }

  get family() {
    return this.#family;
  }

  get flowlabel() {
    return this.#flowLabel;
  }

  toJSON() {
    return { address: this.address, port: this.port, family: this.family, flowlabel: this.flowlabel };
  }

  [customInspect](_depth, options, inspect) {
    return `SocketAddress ${inspect(this.toJSON(), options)}`;
  }
}

/** The address that an argument names. */
function addressOf(value, family, name = "address") {
  if (SocketAddress.isSocketAddress(value)) return value;
  requireString(value, name);
  requireString(family, "family");
  return new SocketAddress({ address: value, family });
}

const RULE = /^(Address|Range|Subnet): (IPv[46]) ([^-/]+)(?:[-/](.+))?$/;
const NAMES = { ipv4: "IPv4", ipv6: "IPv6" };

/** Addresses, ranges and subnets, by which connections may be refused. */
export class BlockList {
  #rules = []; // { first, last, text }, the youngest first

  static isBlockList(value) {
    return typeof value === "object" && value !== null && #rules in value;
  }

  addAddress(address, family = "ipv4") {
    const one = addressOf(address, family);
    const number = numberOf(one.address);
    this.#add(number, number, `Address: ${NAMES[one.family]} ${one.address}`);
  }

  addRange(start, end, family = "ipv4") {
    const first = addressOf(start, family, "start");
    const last = addressOf(end, family, "end");
    const [low, high] = [numberOf(first.address), numberOf(last.address)];
    if (low > high) throw invalidValue("start", first, "must come before end");
    this.#add(low, high, `Range: ${NAMES[first.family]} ${first.address}-${last.address}`);
  }

  addSubnet(network, prefix, family = "ipv4") {
    const { address, family: kind } = addressOf(network, family, "network");
    const bits = kind === "ipv4" ? BITS_OF_V4 : BITS;
    requireInteger(prefix, "prefix", 0, Number(bits));
    const hosts = (1n << (bits - BigInt(prefix))) - 1n;
    const number = numberOf(address);
    this.#add(number & ~hosts, number | hosts, `Subnet: ${NAMES[kind]} ${address}/${prefix}`);
  }

  #add(first, last, text) {
    this.#rules.unshift({ first, last, text });
  }

  check(address, family = "ipv4") {
    let number;
    try {
      number = numberOf(addressOf(address, family).address);
    } catch (error) {
      if (error.code === "ERR_INVALID_ARG_TYPE") throw error;
      return false;
    }
    return this.#rules.some(({ first, last }) => first <= number && number <= last);
  }

  get rules() {
    return this.#rules.map(({ text }) => text);
  }

  toJSON() {
    return this.rules;
  }

  /** Adds what `rules` of a list has told, or JSON of it. */
  fromJSON(given) {
    const rules = typeof given === "string" ? JSON.parse(given) : given;
    if (!Array.isArray(rules)) throw invalidType("data", ["string", "Array"], given);
    for (const rule of rules.toReversed()) {
      const [, kind, family, first, second] = RULE.exec(rule) ?? [];
      if (kind === "Address") this.addAddress(first, family);
      else if (kind === "Range") this.addRange(first, second, family);
      else if (kind === "Subnet") this.addSubnet(first, Number(second), family);
      else throw invalidValue("data", rule);
    }
  }

  [customInspect](_depth, options, inspect) {
    return `BlockList ${inspect({ rules: this.rules }, options)}`;
  }
}
