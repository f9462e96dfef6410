// `request.cf`: what Cloudflare's edge knows of a request.
// https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
//
// On a machine of one's own there is no edge: what a request tells is told, what nobody
// knows has Cloudflare's value for the unknown (country "XX", the score of a bot 99) or is
// left out, as it is on Cloudflare where it is unknown. The server may be told more, of all
// clients or by a proxy of each: host/edge.py.

import { edge_told } from "holdfast:ops";
import { rawHeadersOf } from "./record.js";

/** Stands in a record for the properties of a request that came in; made when asked for. */
export const INCOMING = Symbol("incoming");

/** What crosses for a request that has none. */
export const NO_CF = "null";

const ACCEPT_ENCODING = /(?:^|\n)accept-encoding\n(.*)\n/i;

/** A record's `cf`, as scripts see it. */
export function cfOf(record) {
  if (record.cf !== INCOMING) return record.cf;
  const cf = incomingCf(rawHeadersOf(record));
  record.cf = record.guard === "immutable" ? freezeAll(cf) : cf;
  return record.cf;
}

/** The `cf` of a request on its way to another isolate: JSON, or undefined as it came in. */
export function cfForHost({ cf }) {
  if (cf === undefined) return NO_CF;
  return cf === INCOMING ? undefined : JSON.stringify(cf ?? null);
}

/** What a record of the other isolate is given for that. */
export function cfFromHost(json) {
  if (json === undefined) return INCOMING;
  if (json === NO_CF) return undefined;
  const cf = JSON.parse(json);
  return cf === null ? undefined : freezeAll(cf);
}

/** A `cf` that a script gave, as it is kept: what JSON has of it. Throws for what JSON cannot have. */
export const copyOfCf = (cf) => JSON.parse(JSON.stringify(cf));

/** The `cf` of a copy: the same properties in an object of its own. */
export function copiedCf({ cf }) {
  return cf === undefined || cf === INCOMING ? cf : copyOfCf(cf);
}

/** That of a request that came in with these raw headers. */
export function incomingCf(raw) {
  const [, clientAcceptEncoding = ""] = ACCEPT_ENCODING.exec(raw) ?? [];
  return { ...incoming(clientAcceptEncoding), ...JSON.parse(edge_told(raw)) };
}

function incoming(clientAcceptEncoding) {
  return {
    asOrganization: "",
    asn: 0,
    botManagement: {
      corporateProxy: false,
      verifiedBot: false,
      jsDetection: { passed: false },
      staticResource: false,
      detectionIds: {},
      score: 99,
    },
    clientAcceptEncoding,
    clientTcpRtt: 0,
    colo: "LCL",
    country: "XX",
    edgeRequestKeepAliveStatus: 1,
    httpProtocol: "HTTP/1.1",
    requestPriority: "",
    timezone: "Etc/UTC",
    tlsCipher: "",
    tlsClientAuth: {
      certIssuerDNLegacy: "",
      certIssuerSKI: "",
      certSubjectDNRFC2253: "",
      certSubjectDNLegacy: "",
      certFingerprintSHA256: "",
      certNotBefore: "",
      certSKI: "",
      certSerial: "",
      certIssuerDN: "",
      certVerified: "NONE",
      certNotAfter: "",
      certSubjectDN: "",
      certPresented: "0",
      certRevoked: "0",
      certIssuerSerial: "",
      certIssuerDNRFC2253: "",
      certFingerprintSHA1: "",
    },
    tlsVersion: "",
    verifiedBotCategory: "",
  };
}

function freezeAll(object) {
  for (const value of Object.values(object)) {
    if (typeof value === "object" && value !== null) freezeAll(value);
  }
  return Object.freeze(object);
}
