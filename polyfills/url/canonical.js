// From any URL string to its canonical form, the `href` of the standard's parser.
//
// A URL is kept as that string alone: its components can be sliced from it whenever
// they are asked for (components.js). Most strings that scripts parse are canonical
// already, above all `request.url`, so a pattern that accepts nothing but canonical
// URLs answers for them without a call to the host.

import { url_parse } from "holdfast:ops";

// Accepts a string only if the parser would return it unchanged; refusing one costs no
// more than the call. Left out, although they can be canonical: user info, IP addresses
// but the loopback's, punycode, five-digit ports, segments that start with a dot, "^".
//   host      last label begins with a letter (so it is no IPv4 address), none is empty
//   port      of two to four digits and no scheme's default
//   path      https://url.spec.whatwg.org/#path-percent-encode-set, "\" and dot segments
//   query     https://url.spec.whatwg.org/#special-query-percent-encode-set
//   fragment  https://url.spec.whatwg.org/#fragment-percent-encode-set
const CANONICAL = new RegExp(
  [
    String.raw`^https?:\/\/(?![^/]*xn--)`,
    String.raw`(?:(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*|127\.0\.0\.1)`,
    String.raw`(?::(?!80\/|443\/)[1-9]\d{1,3})?`,
    String.raw`(?:\/(?!\.|%2[eE])[!$-.0-;=@-[\]_a-z|~]*)+`,
    String.raw`(?:\?[!$-&(-;=?-~]*)?`,
    String.raw`(?:#[!#-;=?-_a-~]*)?$`,
  ].join(""),
);
const SHORTEST_ORIGIN = "http://".length + 1;
// The pattern backs up over what it matched, so it is kept off very long strings.
const MAX_PATTERN_LENGTH = 4096;

// Taken now: a script may replace `RegExp.prototype.exec`.
const match = Function.prototype.call.bind(RegExp.prototype.exec);

// One URL is parsed several times in a row: by a Request, a router, a handler.
let lastInput = "";
let lastHref = "";

/**
 * The canonical form of an absolute URL; `undefined` if it is not valid. `input` must
 * be a string without lone surrogates.
 * https://url.spec.whatwg.org/#concept-basic-url-parser
 */
export function canonicalOf(input) {
  if (input === lastInput && lastHref !== "") return lastHref;
  const href = isCanonical(input) ? input : url_parse(input);
  if (href !== undefined) {
    lastInput = input;
    lastHref = href;
  }
  return href;
}

function isCanonical(input) {
  return input.length <= MAX_PATTERN_LENGTH && match(CANONICAL, input) !== null;
}

/**
 * The same for a URL relative to `base`, itself absolute and possibly not canonical. Where both
 * are plain they are joined here, and the pattern says whether that was right.
 */
export function canonicalWithBase(input, base) {
  if ((base === lastHref && base.startsWith("http")) || isCanonical(base)) {
    const href = base.includes("@") ? input : join(input, base);
    if (isCanonical(href)) return href;
  }
  return url_parse(input, base);
}

/** `input` seen from a canonical `base`; what is no relative URL comes back as it is. */
function join(input, base) {
  const pathStart = base.indexOf("/", SHORTEST_ORIGIN);
  const [path] = base.slice(pathStart).split(/[?#]/, 1);
  const first = input[0];
  if (first === "/") return input[1] === "/" ? input : base.slice(0, pathStart) + input;
  if (first === "?") return base.slice(0, pathStart) + path + input;
  const colon = input.indexOf(":");
  if (first === undefined || first === "#" || colon !== -1) return input;
  const folders = path.split("/").slice(1, -1);
  let rest = input;
  while (rest.startsWith("../")) {
    folders.pop();
    rest = rest.slice(3);
  }
  if (rest.startsWith("./")) rest = rest.slice(2);
  return `${base.slice(0, pathStart)}/${folders.map((folder) => `${folder}/`).join("")}${rest}`;
}

/** Note that a string is canonical, so that parsing it next is free. */
export function rememberCanonical(href) {
  lastInput = lastHref = href;
}
