// Certificates: https://nodejs.org/docs/latest-v20.x/api/crypto.html#class-x509certificate

import {
  node_certificate_facts,
  node_certificate_has_ip,
  node_certificate_has_key,
  node_certificate_issued,
  node_certificate_key,
  node_certificate_read,
  node_certificate_verify,
} from "holdfast:ops";
import { Buffer } from "./buffer.js";
import { isText, secretOf, toBuffer } from "./bytes.js";
import { attempt } from "./crypto-errors.js";
import { createHash } from "./crypto-hash.js";
import { isKeyObject, keyOf, materialOfKey } from "./crypto-keys.js";
import { invalidType, invalidValue, requireObject, requireString } from "./errors.js";
import { inspect } from "./inspect.js";

const SUBJECTS = ["default", "always", "never"];
// What would make a name say two things at once is quoted, as Node.js does since CVE-2021-44532.
const SPECIAL = /["\\,'\p{Cc}]/u;

const quoted = (text) => (SPECIAL.test(text) ? JSON.stringify(text) : text);
// RFC 2253, 2.4
const escaped = (text) => text.replaceAll(/[,+"\\<>;]|^[ #]| $/g, "\\$&");
const linesOf = (name) => name.map(([key, value]) => `${key}=${escaped(value)}`).join("\n");

function objectOf(name) {
  const object = Object.create(null);
  for (const [key, value] of name) {
    if (!(key in object)) object[key] = value;
    else object[key] = [object[key], value].flat();
  }
  return object;
}

/** Whether a host is one that a certificate's name allows: RFC 6125, 6.4.3. */
function matchesHost(
  host,
  pattern,
  { wildcards = true, partialWildcards = true, multiLabelWildcards = false },
) {
  if (!pattern.includes("*")) return host === pattern;
  if (!wildcards) return false;
  const [first, ...rest] = pattern.split(".");
  const parts = first.split("*");
  if (rest.length < 2 || rest.some((label) => label.includes("*")) || parts.length !== 2)
    return false;
  if (first !== "*" && (!partialWildcards || host.startsWith("xn--"))) return false;
  const suffix = `.${rest.join(".")}`;
  if (!host.endsWith(suffix)) return false;
  const label = host.slice(0, -suffix.length);
  if (label.includes(".") && !(multiLabelWildcards && first === "*")) return false;
  return (
    label.length >= Math.max(1, first.length - 1) &&
    label.startsWith(parts[0]) &&
    label.endsWith(parts[1])
  );
}

export class X509Certificate {
  #der;
  #facts = null;

  constructor(buffer) {
    if (!isText(buffer))
      throw invalidType("buffer", ["string", "Buffer", "TypedArray", "DataView"], buffer);
    this.#der = toBuffer(attempt(() => node_certificate_read(secretOf(buffer, "buffer"))));
  }

  get #read() {
    return (this.#facts ??= JSON.parse(node_certificate_facts(this.#der)));
  }

  #fingerprint(algorithm) {
    const hex = createHash(algorithm).update(this.#der).digest("hex").toUpperCase();
    return hex.match(/../g).join(":");
  }

  #names(kind) {
    return (this.#read.names ?? []).filter(([its]) => its === kind).map(([, value]) => value);
  }

  get subject() {
    return linesOf(this.#read.subject) || undefined;
  }

  get subjectAltName() {
    return this.#read.names?.map(([kind, value]) => `${kind}:${quoted(value)}`).join(", ");
  }

  get issuer() {
    return linesOf(this.#read.issuer) || undefined;
  }

  get issuerCertificate() {
    return undefined;
  }

  get infoAccess() {
    return this.#read.infoAccess?.join("\n");
  }

  get validFrom() {
    return this.#read.validFrom;
  }

  get validTo() {
    return this.#read.validTo;
  }

  get fingerprint() {
    return this.#fingerprint("sha1");
  }

  get fingerprint256() {
    return this.#fingerprint("sha256");
  }

  get fingerprint512() {
    return this.#fingerprint("sha512");
  }

  get keyUsage() {
    return this.#read.keyUsage ?? undefined;
  }

  get serialNumber() {
    return this.#read.serialNumber;
  }

  get raw() {
    return Buffer.from(this.#der);
  }

  get publicKey() {
    return keyOf(
      "public",
      attempt(() => node_certificate_key(this.#der)),
    );
  }

  get ca() {
    return this.#read.ca;
  }

  toString() {
    const lines = this.#der.toString("base64").match(/.{1,64}/g);
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }

  toJSON() {
    return this.toString();
  }

  [inspect.custom](depth, options) {
    if (depth < 0) return this;
    const { subject, subjectAltName, issuer, infoAccess, validFrom, validTo } = this;
    const { fingerprint, fingerprint256, fingerprint512, keyUsage, serialNumber } = this;
    const told = {
      ...{ subject, subjectAltName, issuer, infoAccess, validFrom, validTo },
      ...{ fingerprint, fingerprint256, fingerprint512, keyUsage, serialNumber },
    };
    const nested = { ...options, depth: options.depth === null ? null : options.depth - 1 };
    return `X509Certificate ${inspect(told, nested)}`;
  }

  /** The name in the certificate that stands for this host, or undefined. */
  checkHost(name, options = undefined) {
    requireString(name, "name");
    const rules = checkOptions(options);
    const host = name.toLowerCase();
    const names = this.#names("DNS");
    const found = names.find((pattern) => matchesHost(host, pattern.toLowerCase(), rules));
    if (found !== undefined) return found;
    if (rules.subject === "never" || (rules.subject === "default" && names.length > 0))
      return undefined;
    const common = this.#read.subject.filter(([key]) => key === "CN").map(([, value]) => value);
    return common.find((pattern) => matchesHost(host, pattern.toLowerCase(), rules));
  }

  checkEmail(email, options = undefined) {
    requireString(email, "email");
    const { subject } = checkOptions(options);
    const names = this.#names("email");
    const split = (address) => {
      const at = address.lastIndexOf("@");
      return address.slice(0, at) + address.slice(at).toLowerCase();
    };
    if (names.some((address) => split(address) === split(email))) return email;
    if (subject === "never" || (subject === "default" && names.length > 0)) return undefined;
    const own = this.#read.subject.filter(([key]) => key === "emailAddress");
    return own.some(([, address]) => split(address) === split(email)) ? email : undefined;
  }

  checkIP(ip) {
    requireString(ip, "ip");
    return attempt(() => node_certificate_has_ip(this.#der, ip)) ? ip : undefined;
  }

  checkIssued(otherCert) {
    return node_certificate_issued(this.#der, X509Certificate.#require(otherCert, "otherCert"));
  }

  static #require(value, name) {
    if (value instanceof X509Certificate) return value.#der;
    throw invalidType(name, "X509Certificate", value);
  }

  checkPrivateKey(pkey) {
    if (!isKeyObject(pkey)) throw invalidType("pkey", "KeyObject", pkey);
    if (pkey.type !== "private") throw invalidValue("pkey", pkey);
    return node_certificate_has_key(this.#der, materialOfKey(pkey));
  }

  verify(pkey) {
    if (!isKeyObject(pkey)) throw invalidType("pkey", "KeyObject", pkey);
    if (pkey.type !== "public") throw invalidValue("pkey", pkey);
    return node_certificate_verify(this.#der, materialOfKey(pkey));
  }

  toLegacyObject() {
    return {
      subject: objectOf(this.#read.subject),
      issuer: objectOf(this.#read.issuer),
      subjectaltname: this.subjectAltName,
      infoAccess: this.#read.infoAccess ?? undefined,
      ca: this.ca,
      valid_from: this.validFrom,
      valid_to: this.validTo,
      fingerprint: this.fingerprint,
      fingerprint256: this.fingerprint256,
      fingerprint512: this.fingerprint512,
      ext_key_usage: this.keyUsage,
      serialNumber: this.serialNumber,
      raw: this.raw,
    };
  }
}

function checkOptions(options) {
  if (options !== undefined) requireObject(options, "options");
  const { subject = "default" } = options ?? {};
  if (!SUBJECTS.includes(subject)) throw invalidValue("options.subject", subject);
  return { ...options, subject };
}
