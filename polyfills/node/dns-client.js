// Questions to DNS, which go to Cloudflare's resolver by HTTPS, as in workerd:
// https://developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/dns-json/

import { Buffer } from "./buffer.js";
import { toASCII } from "./punycode.js";

const RESOLVER = "https://cloudflare-dns.com/dns-query";
/** Kinds of records: https://www.iana.org/assignments/dns-parameters#dns-parameters-4 */
const TYPES = {
  __proto__: null,
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  CAA: 257,
};
/** What the codes of answers are called: https://www.iana.org/assignments/dns-parameters#dns-parameters-6 */
const FAILURES = { 1: "EFORMERR", 2: "ESERVFAIL", 3: "ENOTFOUND", 4: "ENOTIMP", 5: "EREFUSED" };

/** An error of a question, as Node.js words it. */
function dnsError(code, syscall, hostname, cause = undefined) {
  const error = new Error(`${syscall} ${code} ${hostname}`, cause && { cause });
  return Object.assign(error, { errno: undefined, code, syscall, hostname });
}

/** The records of this kind that a name has, at least one: `[{ data, ttl }]`. */
export async function recordsOf(name, type, options = {}) {
  // `hostname` is who was asked about, for errors.
  const { signal, syscall = syscallOf(type), hostname = name } = options;
  const url = new URL(RESOLVER);
  url.searchParams.set("name", toASCII(name));
  url.searchParams.set("type", type);
  let answer;
  try {
    const headers = { Accept: "application/dns-json" };
    const response = await fetch(url, { headers, signal });
    if (!response.ok) throw dnsError("EBADRESP", syscall, hostname);
    answer = await response.json();
  } catch (error) {
    if (signal?.aborted) throw dnsError("ECANCELLED", syscall, hostname);
    throw error.hostname === hostname ? error : dnsError("ECONNREFUSED", syscall, hostname, error);
  }
  const { Status: status, Answer: records = [] } = answer;
  if (status !== 0) throw dnsError(FAILURES[status] ?? "EBADRESP", syscall, hostname);
  // Others are the aliases by which these were found.
  const found = records.filter((record) => record.type === TYPES[type]);
  if (found.length === 0) throw dnsError("ENODATA", syscall, hostname);
  return found.map(({ data, TTL: ttl }) => ({ data, ttl }));
}

const syscallOf = (type) => `query${type[0]}${type.slice(1).toLowerCase()}`;

// ---- What is in a record --------------------------------------------------------------------

const withoutDot = (name) => name.replace(/\.$/, "");

/** Texts in quotes, with what is escaped in them. */
function quoted(data) {
  const texts = [];
  for (const [, text] of data.matchAll(/"((?:[^"\\]|\\.)*)"/gs))
    texts.push(
      text.replace(/\\(\d{3})|\\(.)/gs, (_, code, other) =>
        code === undefined ? other : String.fromCharCode(Number(code)),
      ),
    );
  return texts;
}

/** The bytes of a record that is given as RFC 3597 has it, `\# 3 61 62 63`; undefined of others. */
function bytesIn(data) {
  const [, digits] = /^\\# \d+ ([\da-f ]*)$/i.exec(data) ?? [];
  return digits === undefined ? undefined : new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));
}

/** Reads texts that have their length in front. */
class Reader {
  #bytes;
  #at;

  constructor(bytes, at) {
    this.#bytes = bytes;
    this.#at = at;
  }

  text() {
    const from = this.#at + 1;
    this.#at = from + this.#bytes[this.#at];
    return String.fromCharCode(...this.#bytes.subarray(from, this.#at));
  }

  rest() {
    return String.fromCharCode(...this.#bytes.subarray(this.#at));
  }

  name() {
    const labels = [];
    for (let label = this.text(); label !== ""; label = this.text()) labels.push(label);
    return labels.join(".");
  }
}

function caa(data) {
  const bytes = bytesIn(data);
  if (bytes === undefined) {
    const [flags, tag] = data.split(" ");
    return { critical: Number(flags), [tag]: quoted(data)[0] ?? "" };
  }
  const reader = new Reader(bytes, 1);
  return { critical: bytes[0], [reader.text()]: reader.rest() };
}

function naptr(data) {
  const bytes = bytesIn(data);
  if (bytes === undefined) {
    const [order, preference] = data.split(" ", 2).map(Number);
    const [flags, service, regexp] = quoted(data);
    const replacement = withoutDot(data.slice(data.lastIndexOf(" ") + 1));
    return { flags, service, regexp, replacement, order, preference };
  }
  const view = new DataView(bytes.buffer);
  const reader = new Reader(bytes, 4);
  const [flags, service, regexp, replacement] = [reader.text(), reader.text(), reader.text(), reader.name()];
  return { flags, service, regexp, replacement, order: view.getUint16(0), preference: view.getUint16(2) };
}

function soa(data) {
  const [nsname, hostmaster, ...counts] = data.split(" ");
  const [serial, refresh, retry, expire, minttl] = counts.map(Number);
  const names = { nsname: withoutDot(nsname), hostmaster: withoutDot(hostmaster) };
  return { ...names, serial, refresh, retry, expire, minttl };
}

function srv(data) {
  const [priority, weight, port, name] = data.split(" ");
  return { name: withoutDot(name), port: +port, priority: +priority, weight: +weight };
}

function mx(data) {
  const [priority, exchange] = data.split(" ");
  return { exchange: withoutDot(exchange), priority: Number(priority) };
}

/** What Node.js makes of a record's text, by its kind. */
export const PARSERS = {
  __proto__: null,
  CAA: caa,
  CNAME: withoutDot,
  MX: mx,
  NAPTR: naptr,
  NS: withoutDot,
  PTR: withoutDot,
  SOA: soa,
  SRV: srv,
  TXT: (data) => (data.startsWith('"') ? quoted(data) : [data]),
};
