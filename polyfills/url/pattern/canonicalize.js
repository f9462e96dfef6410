// What URLs make of each component: https://urlpattern.spec.whatwg.org/#canon-encoding-callbacks

import { url_parse, url_set } from "holdfast:ops";
import * as components from "../components.js";

const DUMMY = "https://dummy.invalid/";
const DEFAULT_PORTS = { ftp: "21", http: "80", https: "443", ws: "80", wss: "443" };
export const SPECIAL_SCHEMES = ["ftp", "file", "http", "https", "ws", "wss"];

/** The port that a scheme leaves out; undefined where there is none. */
export function defaultPort(protocol) {
  return Object.hasOwn(DEFAULT_PORTS, protocol) ? DEFAULT_PORTS[protocol] : undefined;
}

function refuse(component, value) {
  throw new TypeError(`Invalid URL pattern: "${value}" is no ${component}.`);
}

export function canonicalProtocol(value) {
  if (value === "") return "";
  const href = url_parse(`${value}://dummy.invalid/`);
  return href === undefined ? refuse("protocol", value) : components.protocolOf(href).slice(0, -1);
}

export function canonicalUsername(value) {
  return value === "" ? "" : components.usernameOf(url_set(DUMMY, "username", value));
}

export function canonicalPassword(value) {
  return value === "" ? "" : components.passwordOf(url_set(DUMMY, "password", value));
}

export function canonicalHostname(value) {
  if (value === "") return "";
  const hostname = components.hostnameOf(url_set(DUMMY, "hostname", value));
  // A setter ignores what it cannot parse.
  const ignored = hostname === "dummy.invalid" && value.toLowerCase() !== hostname;
  return ignored ? refuse("hostname", value) : hostname;
}

export function canonicalIPv6Hostname(value) {
  return /^[0-9A-Fa-f[\]:]*$/.test(value) ? value.toLowerCase() : refuse("IPv6 address", value);
}

export function canonicalPort(value, protocol = "") {
  if (value === "") return "";
  const digits = /^[0-9]+/.exec(value.replace(/[\t\n\r]/g, ""))?.[0];
  if (digits === undefined || Number(digits) > 65535) refuse("port", value);
  const port = `${Number(digits)}`;
  return port === defaultPort(protocol) ? "" : port;
}

export function canonicalPathname(value) {
  if (value === "") return "";
  if (value.startsWith("/")) return components.pathnameOf(url_set(DUMMY, "pathname", value));
  // A path begins with a slash; a part of one need not. "-" keeps dots from meaning something.
  return components.pathnameOf(url_set(DUMMY, "pathname", `/-${value}`)).slice(2);
}

export function canonicalOpaquePathname(value) {
  if (value === "") return "";
  // "-" keeps a leading slash from beginning a path with segments.
  const href = url_parse(`data:-${value}`);
  return href === undefined ? refuse("pathname", value) : components.pathnameOf(href).slice(1);
}

export function canonicalSearch(value) {
  return value === "" ? "" : components.searchOf(url_set(DUMMY, "search", `?${value}`)).slice(1);
}

export function canonicalHash(value) {
  return value === "" ? "" : components.hashOf(url_set(DUMMY, "hash", `#${value}`)).slice(1);
}
