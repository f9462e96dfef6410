// MIME types: https://mimesniff.spec.whatwg.org/#understanding-mime-types
//
// A MIME type is { essence, parameters: Map }.

import { isToken, trimWhitespace } from "./header-values.js";

const QUOTED_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** https://mimesniff.spec.whatwg.org/#parse-a-mime-type. Null for what is none. */
export function parseMimeType(input) {
  const text = trimWhitespace(input);
  const slash = text.indexOf("/");
  const type = text.slice(0, slash);
  const semicolon = endOf(text, ";", slash + 1);
  const subtype = trimEnd(text.slice(slash + 1, semicolon));
  if (slash < 1 || !isToken(type) || !isToken(subtype)) return null;
  return {
    essence: `${type}/${subtype}`.toLowerCase(),
    parameters: parseParameters(text, semicolon),
  };
}

function endOf(text, mark, from) {
  const index = text.indexOf(mark, from);
  return index === -1 ? text.length : index;
}

function trimEnd(text) {
  return trimWhitespace(`x${text}`).slice(1);
}

function parseParameters(text, position) {
  const parameters = new Map();
  while (position < text.length) {
    position++; // past the ";"
    while (position < text.length && " \t\r\n".includes(text[position])) position++;
    const nameEnd = Math.min(endOf(text, ";", position), endOf(text, "=", position));
    const name = text.slice(position, nameEnd).toLowerCase();
    position = nameEnd;
    if (text[position] !== "=") continue;
    position++;
    const isQuoted = text[position] === '"';
    const { value, end } = isQuoted ? quotedString(text, position) : plainValue(text, position);
    position = isQuoted ? endOf(text, ";", end) : end;
    if (value === "" && !isQuoted) continue;
    if (isToken(name) && QUOTED_TEXT.test(value) && !parameters.has(name)) {
      parameters.set(name, value);
    }
  }
  return parameters;
}

function plainValue(text, position) {
  const end = endOf(text, ";", position);
  return { value: trimEnd(text.slice(position, end)), end };
}

/** https://fetch.spec.whatwg.org/#collect-an-http-quoted-string */
function quotedString(text, position) {
  let value = "";
  for (position++; position < text.length; position++) {
    let character = text[position];
    if (character === '"') return { value, end: position + 1 };
    if (character === "\\" && position + 1 < text.length) character = text[++position];
    value += character;
  }
  return { value, end: position };
}

/** https://mimesniff.spec.whatwg.org/#serialize-a-mime-type */
export function serializeMimeType({ essence, parameters }) {
  let text = essence;
  for (const [name, value] of parameters) {
    const quoted = value === "" || !isToken(value);
    text += `;${name}=${quoted ? `"${value.replace(/["\\]/g, "\\$&")}"` : value}`;
  }
  return text;
}

/**
 * The MIME type that a Content-Type header says, out of its combined value; null for
 * none. https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
 */
export function extractMimeType(headerValue) {
  if (headerValue === null) return null;
  let found = null;
  let charset = null;
  for (const value of splitHeader(headerValue)) {
    const mimeType = parseMimeType(value);
    if (mimeType === null || mimeType.essence === "*/*") continue;
    if (mimeType.essence !== found?.essence) charset = mimeType.parameters.get("charset") ?? null;
    else if (charset !== null && !mimeType.parameters.has("charset")) {
      mimeType.parameters.set("charset", charset);
    }
    found = mimeType;
  }
  return found;
}

/** https://fetch.spec.whatwg.org/#header-value-get-decode-and-split */
function splitHeader(input) {
  const values = [];
  let value = "";
  for (let position = 0; position < input.length; position++) {
    const character = input[position];
    if (character === '"') {
      const { end } = quotedString(input, position);
      value += input.slice(position, end);
      position = end - 1;
    } else if (character === ",") {
      values.push(trimWhitespace(value));
      value = "";
    } else value += character;
  }
  values.push(trimWhitespace(value));
  return values;
}
