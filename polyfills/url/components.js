// The components of a canonical URL, sliced from the string.
//
// Serializing is unambiguous: "//" after the scheme always begins an authority (a path
// that begins so, without a host, is written "/.//"), and user info, host and path hold
// no delimiter of their own that is not percent-encoded.
// https://url.spec.whatwg.org/#concept-url-serializer

import { canonicalOf } from "./canonical.js";

const TUPLE_SCHEMES = ["http:", "https:", "ws:", "wss:", "ftp:"];

/** The scheme and its colon. */
export function protocolOf(href) {
  return href.slice(0, href.indexOf(":") + 1);
}

/** Where the fragment begins, or the string ends. */
function hashStart(href) {
  const index = href.indexOf("#");
  return index === -1 ? href.length : index;
}

/** Where the query begins, or what follows it. */
function searchStart(href) {
  const end = hashStart(href);
  const index = href.indexOf("?");
  return index === -1 || index > end ? end : index;
}

/** Where the path begins, after the authority if there is one. */
function pathStart(href, end) {
  const scheme = href.indexOf(":") + 1;
  if (href.startsWith("//", scheme)) {
    const index = href.indexOf("/", scheme + 2);
    return index === -1 || index > end ? end : index;
  }
  return href.startsWith("/.//", scheme) ? scheme + 2 : scheme;
}

/** User info, host and port, without the "//"; empty where there is no authority. */
function authorityOf(href) {
  const scheme = href.indexOf(":") + 1;
  if (!href.startsWith("//", scheme)) return "";
  return href.slice(scheme + 2, pathStart(href, searchStart(href)));
}

function userInfoOf(href) {
  const authority = authorityOf(href);
  const at = authority.indexOf("@");
  return at === -1 ? "" : authority.slice(0, at);
}

export function usernameOf(href) {
  const info = userInfoOf(href);
  const colon = info.indexOf(":");
  return colon === -1 ? info : info.slice(0, colon);
}

export function passwordOf(href) {
  const info = userInfoOf(href);
  const colon = info.indexOf(":");
  return colon === -1 ? "" : info.slice(colon + 1);
}

/** The host and, unless it is the scheme's default, the port. */
export function hostOf(href) {
  const authority = authorityOf(href);
  return authority.slice(authority.indexOf("@") + 1);
}

/** Where a host ends and ":port" begins; an IPv6 address has colons of its own. */
function portStart(host) {
  const colon = host.lastIndexOf(":");
  return colon === -1 || host.endsWith("]") ? host.length : colon;
}

export function hostnameOf(href) {
  const host = hostOf(href);
  return host.slice(0, portStart(host));
}

export function portOf(href) {
  const host = hostOf(href);
  return host.slice(portStart(host) + 1);
}

export function pathnameOf(href) {
  const end = searchStart(href);
  // The shortest host of an http URL is one character long and its path is never empty.
  const start = href.startsWith("http") ? httpPathStart(href, end) : pathStart(href, end);
  return href.slice(start, end);
}

function httpPathStart(href, end) {
  const special = href.startsWith("://", 4) || href.startsWith("s://", 4);
  return special ? href.indexOf("/", 8) : pathStart(href, end);
}

/** "?" and the query; empty where the query is null or empty. */
export function searchOf(href) {
  const start = searchStart(href);
  const end = hashStart(href);
  return end - start <= 1 ? "" : href.slice(start, end);
}

/** "#" and the fragment; empty where the fragment is null or empty. */
export function hashOf(href) {
  const start = hashStart(href);
  return href.length - start <= 1 ? "" : href.slice(start);
}

/** The origin, serialized. https://url.spec.whatwg.org/#concept-url-origin */
export function originOf(href) {
  const protocol = protocolOf(href);
  if (TUPLE_SCHEMES.includes(protocol)) return `${protocol}//${hostOf(href)}`;
  if (protocol === "blob:") return blobOrigin(pathnameOf(href));
  return "null";
}

function blobOrigin(path) {
  const href = canonicalOf(path);
  return href !== undefined && /^https?:/.test(href) ? originOf(href) : "null";
}

/** The URL with another query, which must be percent-encoded; "" takes it away. */
export function withQuery(href, query) {
  const start = searchStart(href);
  const head = href.slice(0, start);
  return (query === "" ? head : `${head}?${query}`) + href.slice(hashStart(href));
}
