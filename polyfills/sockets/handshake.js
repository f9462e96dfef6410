// The arguments of the WebSocket constructor: https://websockets.spec.whatwg.org/#dom-websocket-websocket

import { DOMException } from "../language/dom-exception.js";
import { resolve } from "../fetch/base-url.js";
import { isObject, sequenceFrom, toDOMString, toUSVString } from "../kernel/webidl.js";
import { URL } from "../url/url.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEMES = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" };

function syntaxError(message) {
  return new DOMException(`WebSocket Constructor: ${message}`, "SyntaxError");
}

/** The URL to connect to, with the scheme ws or wss. Throws SyntaxError. */
export function checkedUrl(value) {
  const href = resolve(toUSVString(value));
  if (href === undefined) throw syntaxError("The url is invalid.");
  const url = new URL(href);
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw syntaxError("The url scheme must be ws or wss.");
  if (scheme !== url.protocol) url.protocol = scheme;
  if (url.hash !== "" || url.href.endsWith("#")) throw syntaxError("The url fragment must be empty.");
  return url;
}

/** The protocols to offer, as an array. Throws SyntaxError. */
export function checkedProtocols(value) {
  if (value === undefined) return [];
  const method = isObject(value) ? value[Symbol.iterator] : undefined;
  const isOne = method === undefined || method === null;
  const list = isOne ? [toDOMString(value)] : sequenceFrom(value, method, toDOMString);
  for (const protocol of list) {
    if (TOKEN.test(protocol)) continue;
    const subject = isOne ? "The protocol header token" : "One of the protocol header tokens";
    throw syntaxError(`${subject} is invalid.`);
  }
  if (new Set(list.map((protocol) => protocol.toLowerCase())).size < list.length) {
    throw syntaxError("The protocols header cannot have repeating values.");
  }
  return list;
}
