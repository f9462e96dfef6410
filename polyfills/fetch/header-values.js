// Header names and values: what is valid, and how they are normalised.
//
// Scripts use the same few names and values again and again, and scanning a string
// costs more than finding it; so what was once found valid is remembered.

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const INVALID_IN_VALUE = /[\0\n\r]/;

// Scripts may replace RegExp.prototype.exec, which test() calls.
const uncurry = Function.prototype.call.bind.bind(Function.prototype.call);
const match = uncurry(RegExp.prototype.exec);
const toWellFormed = uncurry(String.prototype.toWellFormed);

const REMEMBERED = 256;
const LONGEST_REMEMBERED = 64;
const names = new Map();
const values = new Map();

/**
 * The lower-case form of a header name. Throws TypeError for what is no token.
 * https://fetch.spec.whatwg.org/#header-name
 */
export function normalizeName(name) {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = `${name}`;
  if (!isToken(text)) throw new TypeError("Invalid header name.");
  const lower = text.toLowerCase();
  if (text.length <= LONGEST_REMEMBERED) {
    if (names.size === REMEMBERED) names.clear();
    names.set(text, lower);
  }
  return lower;
}

/**
 * The value without the white space around it. Throws TypeError for NUL, CR, LF inside.
 *
 * As on Cloudflare, it is a USVString and no ByteString: headers are UTF-8 on their way.
 * https://fetch.spec.whatwg.org/#concept-header-value-normalize
 */
export function normalizeValue(value) {
  const known = values.get(value);
  if (known !== undefined) return known;
  const text = `${value}`;
  const normal = toWellFormed(trimWhitespace(text));
  if (match(INVALID_IN_VALUE, normal) !== null) throw new TypeError("Invalid header value.");
  if (text.length <= LONGEST_REMEMBERED) {
    if (values.size === REMEMBERED) values.clear();
    values.set(text, normal);
  }
  return normal;
}

/** Whether the text is an HTTP token. */
export function isToken(text) {
  return match(TOKEN, text) !== null;
}

/** A header name, known to be valid, in lower case. */
export function lowerCase(name) {
  return names.get(name) ?? name.toLowerCase();
}

function isWhitespace(code) {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Without HTTP white space at either end. */
export function trimWhitespace(text) {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
}
