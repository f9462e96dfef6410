// data: URLs: https://fetch.spec.whatwg.org/#data-urls

import { parseMimeType, serializeMimeType } from "./mime.js";

// QuickJS's own, which run in C. A binary string has a character per byte.
const { atob, btoa, unescape } = globalThis;
const { fromBase64 } = Uint8Array;
const BASE64 = /; *base64$/i;
const DEFAULT_TYPE = "text/plain;charset=US-ASCII";

/**
 * { type, bytes } of a canonical data: URL; null for what is none.
 * https://fetch.spec.whatwg.org/#data-url-processor
 */
export function readDataUrl(url) {
  const text = withoutFragment(url).slice("data:".length);
  const comma = text.indexOf(",");
  if (comma === -1) return null;
  let type = text.slice(0, comma).trim();
  let content = percentDecode(text.slice(comma + 1));
  if (BASE64.test(type)) {
    type = type.replace(BASE64, "");
    try {
      content = atob(content);
    } catch {
      return null;
    }
  }
  const mimeType = parseMimeType(type.startsWith(";") ? `text/plain${type}` : type);
  return {
    type: mimeType === null ? DEFAULT_TYPE : serializeMimeType(mimeType),
    bytes: fromBase64(btoa(content)),
  };
}

function withoutFragment(url) {
  const hash = url.indexOf("#");
  return hash === -1 ? url : url.slice(0, hash);
}

// unescape() knows "%uXXXX" too, which is nothing special in a URL.
function percentDecode(text) {
  return unescape(text.replaceAll("%u", "%25u"));
}
