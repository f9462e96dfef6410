// application/x-www-form-urlencoded: https://url.spec.whatwg.org/#application/x-www-form-urlencoded
//
// The percent-coding is left to ECMAScript's own functions, which run in C: they differ
// from the standard only in a few characters and in refusing malformed UTF-8.

import { decodeUtf8 } from "../encoding/utf8.js";

const { decodeURIComponent, encodeURIComponent, parseInt } = globalThis;
const match = Function.prototype.call.bind(RegExp.prototype.exec);
const PERCENT_RUN = /(?:%[0-9A-Fa-f]{2})+/g;
const STRANGE = /[!'()~]|%20/;
const TO_ESCAPE = /[!'()~]|%20/g;
const ESCAPED = { "!": "%21", "'": "%27", "(": "%28", ")": "%29", "~": "%7E", "%20": "+" };

/**
 * Parse urlencoded text, or bytes in UTF-8, to an array of [name, value] pairs.
 * https://url.spec.whatwg.org/#concept-urlencoded-parser
 */
export function parseUrlEncoded(input) {
  const text = typeof input === "string" ? input : decodeUtf8(input, KEEP_BOM);
  const pairs = [];
  if (text === "") return pairs;
  for (const sequence of text.split("&")) {
    if (sequence === "") continue;
    const equals = sequence.indexOf("=");
    if (equals === -1) pairs.push([decode(sequence), ""]);
    else pairs.push([decode(sequence.slice(0, equals)), decode(sequence.slice(equals + 1))]);
  }
  return pairs;
}

const KEEP_BOM = { ignoreBOM: true };

/**
 * Serialize an array of [name, value] pairs of strings without lone surrogates.
 * https://url.spec.whatwg.org/#concept-urlencoded-serializer
 */
export function serializeUrlEncoded(pairs) {
  let text = "";
  for (const [name, value] of pairs) {
    if (text !== "") text += "&";
    text += `${encode(name)}=${encode(value)}`;
  }
  return text;
}

function decode(text) {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return percentDecode(spaced);
  }
}

/**
 * Percent-decode, then decode as UTF-8 with replacement. A run of escapes never shares
 * a sequence with the characters beside it, so each is decoded by itself.
 */
export function percentDecode(text) {
  return text.replace(PERCENT_RUN, (run) => {
    const bytes = new Uint8Array(run.length / 3);
    for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(run.slice(3 * i + 1, 3 * i + 3), 16);
    return decodeUtf8(bytes, KEEP_BOM);
  });
}

function encode(text) {
  const encoded = encodeURIComponent(text);
  // Looking first costs a third of replacing nothing.
  return match(STRANGE, encoded) === null ? encoded : encoded.replace(TO_ESCAPE, (found) => ESCAPED[found]);
}
