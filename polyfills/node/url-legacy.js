// The URL functions from before the standard: parse, format, resolve.
// https://nodejs.org/docs/latest-v20.x/api/url.html#legacy-url-api

import { invalidType, nodeError } from "./errors.js";
import { toASCII } from "./punycode.js";
import querystring from "./querystring.js";

const SLASHED = new Set(["http:", "https:", "ftp:", "gopher:", "file:", "ws:", "wss:"]);
const HOSTLESS = new Set(["javascript:"]);
// eslint-disable-next-line no-control-regex
const OUTER_SPACE = /^[\0-\x20\xa0\ufeff]+|[\0-\x20\xa0\ufeff]+$/g;
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
  const trimmed = url.replace(OUTER_SPACE, "");
  const cut = trimmed.search(/[?#]/);
  let rest =
    (cut === -1 ? trimmed : trimmed.slice(0, cut)).replaceAll("\\", "/") +
    (cut === -1 ? "" : trimmed.slice(cut));
  const isPath = !slashesDenoteHost && !trimmed.includes("#") && !/^[^?]*@/.test(trimmed);
  if (isPath && takePath(this, rest, parseQuery)) return this;
  const scheme = /^[a-z0-9.+-]+:/i.exec(rest)?.[0].toLowerCase();
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

/** Takes a path over as it is, with nothing escaped, if it is nothing but a path with a query. */
function takePath(target, text, parseQuery) {
  const [, pathname, search] = /^(\/\/?(?!\/)[^?\s]*)(\?\S*)?$/.exec(text) ?? [];
  if (pathname === undefined) return false;
  Object.assign(target, { path: text, href: text, pathname });
  if (search !== undefined) {
    target.search = search;
    target.query = parseQuery ? querystring.parse(search.slice(1)) : search.slice(1);
  } else if (parseQuery) target.query = Object.create(null);
  return true;
}

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
  const invalid = hostname.search(/[#/:?\\]/);
  if (invalid !== -1) {
    rest = `/${authority.slice(invalid)}${rest}`;
    hostname = hostname.slice(0, invalid);
  }
  if (hostname.length > 255) hostname = "";
  else if (/[^\0-\x7f]/.test(hostname)) {
    hostname = toASCII(mapped(hostname));
    if (hostname === "") throw invalidUrl(url);
  }
  if (/(?:^|\.)xn--/.test(hostname) && !URL.canParse(`http://${hostname}`)) throw invalidUrl(url);
  if (/[\0\t\n\r #%/:<>?@[\\\]^|]/.test(hostname)) throw invalidUrl(url);
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
  let auth = this.auth ? `${encodeURIComponent(this.auth).replaceAll("%3A", ":")}@` : "";
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
    if (SLASHED.has(target.protocol)) takeOver(result, target);
    else for (const key of FIELDS) result[key] = target[key];
    result.href = result.format();
    return result;
  }
  resolvePath(result, target);
  result.href = result.format();
  return result;
};

const segmentsOf = ({ pathname }) => (pathname ? pathname.split("/") : []);

function setPath(result) {
  if (result.pathname !== null || result.search !== null)
    result.path = `${result.pathname ?? ""}${result.search ?? ""}`;
}

/** Makes the result what a URL with another protocol than the base's says. */
function takeOver(result, target) {
  let { host, hostname, pathname } = target;
  if (!host && target.protocol !== "file:" && !HOSTLESS.has(target.protocol)) {
    // `http:host/path` names a host after all.
    const segments = (pathname ?? "").split("/");
    while (segments.length > 0 && !host) host = segments.shift();
    hostname ||= "";
    if (segments[0] !== "") segments.unshift("");
    if (segments.length < 2) segments.unshift("");
    pathname = segments.join("/");
  }
  for (const key of ["protocol", "search", "query", "auth", "port"]) result[key] = target[key];
  result.pathname = pathname;
  result.host = host || "";
  result.hostname = hostname || host;
  if (result.pathname || result.search) result.path = `${pathname ?? ""}${result.search ?? ""}`;
  result.slashes ||= target.slashes;
}

/** Gives a result without slashes its host, with what stands before an `@`. */
function setHost(result, host) {
  const [auth, name] = host?.indexOf("@") > 0 ? host.split("@") : [];
  if (name !== undefined) result.auth = auth;
  result.host = result.hostname = name ?? host;
}

/** The path of the target from where the base's leads, with the host where that is told anew. */
function resolvePath(result, target) {
  let host = target.host;
  let hostname = target.hostname;
  const isAbsolute = Boolean(host) || Boolean(target.pathname?.startsWith("/"));
  // What has no slashes has its host as the first segment, from here to the end.
  const isSlashless = Boolean(result.protocol) && !SLASHED.has(result.protocol);
  let endsAbsolute =
    isAbsolute || Boolean(result.pathname?.startsWith("/")) || Boolean(result.host && target.pathname);
  const staysBelow = endsAbsolute;
  let segments = segmentsOf(result);
  let added = segmentsOf(target);
  const withHost = (list, name) => {
    if (!name) return list;
    return list[0] === "" ? [name, ...list.slice(1)] : [name, ...list];
  };
  if (isSlashless) {
    segments = withHost(segments, result.host);
    Object.assign(result, { hostname: "", port: null, host: "" });
    if (target.protocol) {
      added = withHost(added, host);
      host = hostname = result.auth = null;
    }
    endsAbsolute &&= added[0] === "" || segments[0] === "";
  }
  if (isAbsolute) {
    if (host || host === "") {
      if (result.host !== host) result.auth = null;
      result.host = host;
      result.port = target.port;
    }
    if (hostname || hostname === "") {
      if (result.hostname !== hostname) result.auth = null;
      result.hostname = hostname;
    }
    segments = added;
  } else if (added.length > 0) segments = [...segments.slice(0, -1), ...added];
  else if (target.search !== null) {
    if (isSlashless) setHost(result, segments.shift());
    Object.assign(result, { search: target.search, query: target.query });
    return setPath(result);
  }
  if (isAbsolute || added.length > 0)
    Object.assign(result, { search: target.search, query: target.query });
  if (segments.length === 0) {
    result.pathname = null;
    result.path = result.search ? `/${result.search}` : null;
    return;
  }
  const last = segments.at(-1);
  const isFolder =
    last === "" ||
    ((last === "." || last === "..") && (result.host || host || segments.length > 1));
  segments = withoutDots(segments, staysBelow || endsAbsolute);
  if (endsAbsolute && segments[0] !== "" && !segments[0]?.startsWith("/")) segments.unshift("");
  if (isFolder && !segments.join("/").endsWith("/")) segments.push("");
  const isRooted = segments[0] === "" || Boolean(segments[0]?.startsWith("/"));
  if (isSlashless) setHost(result, isRooted ? "" : (segments.shift() ?? ""));
  endsAbsolute ||= Boolean(result.host && segments.length > 0);
  if (endsAbsolute && !isRooted) segments.unshift("");
  if (segments.length > 0) result.pathname = segments.join("/");
  else result.pathname = result.path = null;
  setPath(result);
  result.auth = target.auth || result.auth;
  result.slashes ||= target.slashes;
}

/** The segments without `.` and `..`; what leads above the first one stays, unless `staysBelow`. */
function withoutDots(segments, staysBelow) {
  const kept = [];
  let up = 0;
  for (const segment of segments.toReversed()) {
    if (segment === ".") continue;
    if (segment === "..") up++;
    else if (up > 0) up--;
    else kept.unshift(segment);
  }
  return staysBelow ? kept : [...Array(up).fill(".."), ...kept];
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
