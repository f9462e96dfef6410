// The URL functions from before the standard: parse, format, resolve.
// https://nodejs.org/docs/latest-v20.x/api/url.html#legacy-url-api

import { invalidType, nodeError } from "./errors.js";
import { toASCII } from "./punycode.js";
import querystring from "./querystring.js";

const SLASHED = new Set(["http:", "https:", "ftp:", "gopher:", "file:", "ws:", "wss:"]);
const HOSTLESS = new Set(["javascript:"]);
const ESCAPES = {
  "\t": "%09",
  "\n": "%0A",
  "\r": "%0D",
  " ": "%20",
  '"': "%22",
  "'": "%27",
  "<": "%3C",
  ">": "%3E",
  "\\": "%5C",
  "^": "%5E",
  "`": "%60",
  "{": "%7B",
  "|": "%7C",
  "}": "%7D",
};
const FIELDS = [
  "protocol",
  "slashes",
  "auth",
  "host",
  "port",
  "hostname",
  "hash",
  "search",
  "query",
  "pathname",
  "path",
  "href",
];

/** A URL in parts. */
export function Url() {
  for (const field of FIELDS) this[field] = null;
}

function escapeOutsideHost(text) {
  return text.replace(/[\t\n\r "'<>\\^`{|}]/g, (c) => ESCAPES[c]);
}

Url.prototype.parse = function parseInto(url, parseQuery = false, slashesDenoteHost = false) {
  if (typeof url !== "string") throw invalidType("url", "string", url);
  // Backslashes in front of the query are slashes, as browsers take them.
  const trimmed = url.trim();
  const cut = trimmed.search(/[?#]/);
  let rest =
    (cut === -1 ? trimmed : trimmed.slice(0, cut)).replaceAll("\\", "/") +
    (cut === -1 ? "" : trimmed.slice(cut));
  const scheme = /^[a-z][a-z0-9.+-]*:/i.exec(rest)?.[0].toLowerCase();
  if (scheme !== undefined) {
    this.protocol = scheme;
    rest = rest.slice(scheme.length);
  }
  const mayHaveHost = slashesDenoteHost || scheme !== undefined || /^\/\/[^@/]+@[^@/]+/.test(rest);
  if (mayHaveHost && rest.startsWith("//") && !HOSTLESS.has(scheme)) {
    this.slashes = true;
    rest = rest.slice(2);
  }
  if (!HOSTLESS.has(scheme) && (this.slashes || (scheme !== undefined && !SLASHED.has(scheme)))) {
    rest = takeAuthority(this, rest, url);
  }
  if (!HOSTLESS.has(scheme)) rest = escapeOutsideHost(rest);
  const hash = rest.indexOf("#");
  if (hash !== -1) {
    this.hash = rest.slice(hash);
    rest = rest.slice(0, hash);
  }
  const query = rest.indexOf("?");
  if (query !== -1) {
    this.search = rest.slice(query);
    this.query = parseQuery ? querystring.parse(this.search.slice(1)) : this.search.slice(1);
    rest = rest.slice(0, query);
  } else if (parseQuery) {
    this.search = null;
    this.query = Object.create(null);
  }
  if (rest !== "") this.pathname = rest;
  if (SLASHED.has(this.protocol) && this.hostname && !this.pathname) this.pathname = "/";
  if (this.pathname || this.search) this.path = `${this.pathname ?? ""}${this.search ?? ""}`;
  this.href = this.format();
  return this;
};

const invalidUrl = (input) => nodeError(TypeError, "ERR_INVALID_URL", "Invalid URL", { input });

function takeAuthority(target, rest, url) {
  const end = rest.search(/[/?#]/);
  // Without tabs and line breaks, as the standard has it.
  let authority = (end === -1 ? rest : rest.slice(0, end)).replace(/[\t\n\r]/g, "");
  rest = end === -1 ? "" : rest.slice(end);
  const at = authority.lastIndexOf("@");
  if (at !== -1) {
    target.auth = decodeURIComponent(authority.slice(0, at));
    authority = authority.slice(at + 1);
  }
  const bad = /[\t\n\r "%';<>\\^`{|}]/.exec(authority);
  if (bad !== null && !authority.startsWith("[")) {
    rest = authority.slice(bad.index) + rest;
    authority = authority.slice(0, bad.index);
  }
  const port = /:([0-9]*)$/.exec(authority);
  if (port !== null) {
    if (port[1] !== "") target.port = port[1];
    authority = authority.slice(0, port.index);
  }
  let hostname = authority.toLowerCase();
  if (/^\[.*\]$/s.test(hostname)) {
    if (/[\0\t\n\r #%/<>?@\\^|]/.test(hostname)) throw invalidUrl(url);
    target.host = hostname + (target.port ? `:${target.port}` : "");
    target.hostname = hostname.slice(1, -1);
    return rest.startsWith("/") ? rest : `/${rest}`;
  }
  const invalid = hostname.search(/[^a-z0-9.+_\x80-\uffff-]/);
  if (invalid !== -1) {
    rest = `/${authority.slice(invalid)}${rest}`;
    hostname = hostname.slice(0, invalid);
  }
  if (hostname.length > 255) hostname = "";
  else if (/[^\0-\x7f]/.test(hostname)) {
    hostname = toASCII(mapped(hostname));
    if (hostname === "") throw invalidUrl(url);
  }
  if (/[\0#/?@\\:[\]]/.test(hostname)) throw invalidUrl(url);
  target.hostname = hostname;
  target.host = hostname + (target.port ? `:${target.port}` : "");
  return rest;
}

/** What of UTS #46 decides whether a host name is one: it must not turn into other parts of a URL. */
function mapped(hostname) {
  const text = hostname.normalize("NFKC").replace(/[\u3002\uff0e\uff61]/g, ".");
  return text.replace(/\u00ad|\u200b|\u2060|[\ufe00-\ufe0f]/g, "").toLowerCase();
}

Url.prototype.format = function formatParts() {
  let auth = this.auth ? `${encodeURIComponent(this.auth).replace(/%3A/i, ":")}@` : "";
  let protocol = this.protocol || "";
  let pathname = this.pathname || "";
  let hash = this.hash || "";
  let host = "";
  if (this.host) host = auth + this.host;
  else if (this.hostname) {
    host =
      auth +
      (this.hostname.includes(":") && !/^\[.*\]$/.test(this.hostname)
        ? `[${this.hostname}]`
        : this.hostname);
    if (this.port) host += `:${this.port}`;
  }
  auth = undefined;
  let query = "";
  if (this.query !== null && typeof this.query === "object")
    query = querystring.stringify(this.query);
  let search = this.search || (query && `?${query}`) || "";
  if (protocol && !protocol.endsWith(":")) protocol += ":";
  pathname = pathname.replace(/[#?]/g, (c) => (c === "#" ? "%23" : "%3F"));
  if (this.slashes || SLASHED.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && !pathname.startsWith("/")) pathname = `/${pathname}`;
      host = `//${host}`;
    } else if (protocol === "file:") host = "//";
  }
  search = search.replaceAll("#", "%23");
  if (hash && !hash.startsWith("#")) hash = `#${hash}`;
  if (search && !search.startsWith("?")) search = `?${search}`;
  return protocol + host + pathname + search + hash;
};

Url.prototype.resolve = function resolveText(relative) {
  return this.resolveObject(parse(relative, false, true)).format();
};

Url.prototype.resolveObject = function resolveParts(relative) {
  const target = typeof relative === "string" ? parse(relative, false, true) : relative;
  const result = Object.assign(new Url(), this);
  result.hash = target.hash;
  if (target.href === "") {
    result.href = result.format();
    return result;
  }
  if (target.slashes && !target.protocol) {
    for (const key of FIELDS) if (key !== "protocol") result[key] = target[key];
    if (SLASHED.has(result.protocol) && result.hostname && !result.pathname)
      result.path = result.pathname = "/";
    result.href = result.format();
    return result;
  }
  if (target.protocol && target.protocol !== result.protocol) {
    for (const key of FIELDS) if (key !== "slashes") result[key] = target[key];
    result.slashes = SLASHED.has(target.protocol)
      ? result.slashes || target.slashes
      : target.slashes;
    if (SLASHED.has(target.protocol) && !target.host && target.protocol !== "file:") {
      takeHostFromPath(result);
    }
    result.href = result.format();
    return result;
  }
  resolvePath(result, target);
  result.href = result.format();
  return result;
};

/** `http:host/path`, of another protocol than the base, names a host after all. */
function takeHostFromPath(result) {
  const parts = (result.pathname || "").split("/");
  let host = "";
  while (parts.length > 0 && host === "") host = parts.shift();
  result.host = result.hostname = host;
  if (parts[0] !== "") parts.unshift("");
  result.pathname = parts.join("/") || "/";
  result.path = `${result.pathname}${result.search || ""}`;
}

function resolvePath(result, target) {
  const hasHost = Boolean(target.host);
  const isSlashed = !result.protocol || SLASHED.has(result.protocol);
  if (!isSlashed && !target.slashes && (target.pathname || hasHost)) {
    resolveWithHost(result, target);
    return;
  }
  if (hasHost) {
    for (const key of ["auth", "host", "hostname", "port"]) result[key] = target[key];
    result.slashes = true;
  }
  if (target.pathname || hasHost) {
    const isAbsolute = target.pathname?.startsWith("/");
    const base = hasHost || isAbsolute ? "" : (result.pathname ?? "").replace(/[^/]*$/, "");
    const rooted = isAbsolute || hasHost || base.startsWith("/") || Boolean(result.host);
    result.pathname = withoutDots(base + (target.pathname ?? ""), rooted);
    result.search = target.search;
    result.query = target.query;
  } else {
    if (result.pathname)
      result.pathname = withoutDots(result.pathname, result.pathname.startsWith("/"));
    if (target.search !== null) {
      result.search = target.search;
      result.query = target.query;
    }
  }
  result.path =
    result.pathname !== null || result.search !== null
      ? `${result.pathname ?? ""}${result.search ?? ""}`
      : null;
}

/** Of a protocol that has no slashes, the host is the first part of the path. */
function resolveWithHost(result, target) {
  const whole = `${result.host ?? ""}${result.pathname ?? ""}`;
  const given = `${target.host ?? ""}${target.pathname ?? ""}`;
  const replaces = Boolean(target.host) || given.startsWith("/");
  const rooted = given.startsWith("/") || whole.startsWith("/");
  const path = withoutDots(replaces ? given : whole.replace(/[^/]*$/, "") + given, rooted);
  const slash = rooted ? 0 : path.indexOf("/");
  result.port = null;
  const first = slash === -1 ? path : path.slice(0, slash);
  const [auth, host] = first.indexOf("@") > 0 ? first.split("@") : [result.auth, first];
  result.auth = auth;
  result.host = result.hostname = host;
  result.pathname = slash === -1 ? null : path.slice(slash);
  result.search = target.search;
  result.query = target.query;
  result.path = `${result.pathname ?? ""}${result.search ?? ""}` || null;
}

function withoutDots(path, rooted) {
  const segments = path.split("/");
  const last = segments.at(-1);
  const kept = [];
  for (const [i, segment] of segments.entries()) {
    if (segment === "." || (i === 0 && segment === "" && rooted)) continue;
    if (segment !== "..") kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push("..");
  }
  if ((last === "." || last === "..") && kept.at(-1) !== "") kept.push("");
  const text = kept.join("/");
  return rooted ? `/${text}` : text;
}

export function parse(url, parseQueryString = false, slashesDenoteHost = false) {
  return url instanceof Url ? url : new Url().parse(url, parseQueryString, slashesDenoteHost);
}

export function format(urlObject) {
  if (typeof urlObject === "string") return parse(urlObject).format();
  if (typeof urlObject !== "object" || urlObject === null)
    throw invalidType("urlObject", ["Object", "string"], urlObject);
  return Url.prototype.format.call(urlObject);
}

export function resolve(from, to) {
  return parse(from, false, true).resolve(to);
}

export function resolveObject(from, to) {
  return from ? parse(from, false, true).resolveObject(to) : to;
}
