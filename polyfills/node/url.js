// node:url: https://nodejs.org/docs/latest-v20.x/api/url.html

import { URLSearchParams } from "../url/search-params.js";
import { URL } from "../url/url.js";
import { invalidType, nodeError } from "./errors.js";
import { decode as toUnicodeLabel } from "./punycode.js";
import { format as formatLegacy, parse, resolve, resolveObject, Url } from "./url-legacy.js";

export { parse, resolve, resolveObject, Url, URL, URLSearchParams };

/** A URL object, or one of `parse`, as text. */
export function format(urlObject, options = undefined) {
  if (!(urlObject instanceof URL)) return formatLegacy(urlObject);
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
export function fileURLToPath(path) {
  const url = typeof path === "string" ? new URL(path) : path;
  if (!(url instanceof URL) && typeof url?.href !== "string")
    throw invalidType("path", ["string", "URL"], path);
  if (url.protocol !== "file:")
    throw nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
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

/** The file: URL of a path. */
export function pathToFileURL(path) {
  if (typeof path !== "string") throw invalidType("path", "string", path);
  const url = new URL("file:///");
  const absolute = path.startsWith("/") ? path : `/${path}`;
  url.pathname = absolute.replace(
    /[%\\\n\r\t?#]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return url;
}

export function domainToASCII(domain) {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return "";
  }
}

export function domainToUnicode(domain) {
  return domainToASCII(domain)
    .split(".")
    .map((label) => (label.startsWith("xn--") ? toUnicodeLabel(label.slice(4)) : label))
    .join(".");
}

export function urlToHttpOptions(url) {
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
    hash: url.hash,
    search: url.search,
    pathname: url.pathname,
    path: `${url.pathname}${url.search}`,
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
