// node:url: https://nodejs.org/docs/latest-v20.x/api/url.html

import { URLSearchParams } from "../url/search-params.js";
import { URL } from "../url/url.js";
import { invalidType, invalidValue, nodeError, requireObject } from "./errors.js";
import { resolve as resolveOnWindows } from "./path-win32.js";
import { decode as toUnicodeLabel } from "./punycode.js";
import { format as formatLegacy, parse, resolve, resolveObject, Url } from "./url-legacy.js";

export { parse, resolve, resolveObject, Url, URL, URLSearchParams };

/** A URL object, or one of `parse`, as text. */
export function format(urlObject, options = undefined) {
  if (!(urlObject instanceof URL)) return formatLegacy(urlObject);
  if (options) requireObject(options, "options");
  const url = new URL(urlObject);
  const { fragment = true, unicode = false, search = true, auth = true } = options ?? {};
  if (!fragment) url.hash = "";
  if (!search) url.search = "";
  if (!auth) {
    url.username = "";
    url.password = "";
  }
  return unicode ? url.href.replace(url.hostname, domainToUnicode(url.hostname)) : url.href;
}

/** The path that a file: URL names. */
export function fileURLToPath(path, options = undefined) {
  const url = typeof path === "string" ? new URL(path) : path;
  if (!(url instanceof URL) && typeof url?.href !== "string")
    throw invalidType("path", ["string", "URL"], path);
  if (url.protocol !== "file:")
    throw nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  if (options?.windows) return windowsPath(url);
  if (url.hostname !== "") {
    throw nodeError(
      TypeError,
      "ERR_INVALID_FILE_URL_HOST",
      'File URL host must be "localhost" or empty on linux',
    );
  }
  if (/%2f/i.test(url.pathname)) {
    throw nodeError(
      TypeError,
      "ERR_INVALID_FILE_URL_PATH",
      "File URL path must not include encoded / characters",
    );
  }
  return decodeURIComponent(url.pathname);
}

function windowsPath({ hostname, pathname }) {
  const refused = (reason) =>
    nodeError(TypeError, "ERR_INVALID_FILE_URL_PATH", `File URL path must ${reason}`);
  if (/%(?:2f|5c)/i.test(pathname)) throw refused("not include encoded \\ or / characters");
  const path = decodeURIComponent(pathname.replaceAll("/", "\\"));
  if (hostname !== "") return `\\\\${domainToUnicode(hostname)}${path}`;
  if (!/^.[a-z]:/i.test(path)) throw refused("be absolute");
  return path.slice(1);
}

/** The file: URL of a path. */
export function pathToFileURL(path, options = undefined) {
  if (typeof path !== "string") throw invalidType("path", "string", path);
  const url = new URL("file:///");
  if (!options?.windows) {
    url.pathname = encodePath(path.startsWith("/") ? path : `/${path}`);
  } else if (path.startsWith("\\\\")) {
    const start = path.startsWith("\\\\?\\UNC\\") ? 8 : 2;
    const end = path.indexOf("\\", start);
    if (end === -1) throw invalidValue("path", path, "Missing UNC resource path");
    if (end === 2) throw invalidValue("path", path, "Empty UNC servername");
    url.hostname = domainToASCII(path.slice(start, end));
    url.pathname = encodePath(path.slice(end).replaceAll("\\", "/"));
  } else {
    let resolved = resolveOnWindows(path);
    if (/[\\/]$/.test(path) && !resolved.endsWith("\\")) resolved += "\\";
    url.pathname = encodePath(resolved.replaceAll("\\", "/"));
  }
  return url;
}

function encodePath(path) {
  return path.replace(
    /[%\\\n\r\t?#[\]|~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

export function domainToASCII(domain) {
  requireDomain(arguments);
  const url = `ws://${domain}`;
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function requireDomain({ length }) {
  if (length > 0) return;
  throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "domain" argument must be specified');
}

export function domainToUnicode(domain) {
  requireDomain(arguments);
  return domainToASCII(domain)
    .split(".")
    .map((label) => (label.startsWith("xn--") ? toUnicodeLabel(label.slice(4)) : label))
    .join(".");
}

export function urlToHttpOptions(url) {
  const { hostname, pathname, search } = url;
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname?.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ""}${search || ""}`,
    href: url.href,
  };
  if (url.port !== "") options.port = Number(url.port);
  if (url.username || url.password)
    options.auth = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return options;
}

export default {
  domainToASCII,
  domainToUnicode,
  fileURLToPath,
  format,
  parse,
  pathToFileURL,
  resolve,
  resolveObject,
  Url,
  URL,
  URLSearchParams,
  urlToHttpOptions,
};
