// Requests and responses that pass from one context to another.
//
// What was made in one context must not be pulled on from another: a stream's source
// runs in its own object. So a body crosses as a string, as bytes, or by a handle that
// the host pumps into; the rest is rebuilt around it.

import { FIRST_VIA, TEXT_HEADERS } from "holdfast:constants";
import { body_length, body_move } from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { abortReason, addAbortAlgorithm } from "../events/abort.js";
import { cfForHost, cfFromHost, NO_CF } from "../fetch/cf.js";
import { reasonOf } from "../fetch/reasons.js";
import { rawHasHeader } from "../fetch/headers.js";
import { rawHeadersOf, recordHeader } from "../fetch/record.js";
import { redirectOf, requestOfCrossed, requestRecord } from "../fetch/request.js";
import { responseFromHost, responseOfText, responseRecord } from "../fetch/response.js";
import { isPlainText, recordBodyForHost, responseBodyForHost, takeText } from "../fetch/transfer.js";
import { withDepth } from "../kernel/depth.js";
import { lazily } from "../kernel/lazy.js";
import { keepShapes } from "../kernel/shapes.js";
import { isLocked } from "../streams/on-demand.js";

const SWITCHING_PROTOCOLS = 101;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const ERROR_RESPONSE =
  "Return value from serve handler must not be an error response (like Response.error())";
const NOT_ASKED =
  "Worker tried to return a WebSocket in a response to a request which did not contain the " +
  'header "Upgrade: websocket".';
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

/** The record of a Response that can be sent; throws TypeError for anything else. */
export function sendableRecord(value) {
  const record = responseRecord(value);
  if (record === undefined) throw new TypeError(NO_RESPONSE);
  if (record.status === 0) throw new TypeError(ERROR_RESPONSE);
  return record;
}

const sockets = lazily("sockets/websocket.js");

/**
 * The link of the WebSocket in the record of a response to a request, whose it is no more.
 * Throws TypeError where the request asked for none, or where the socket is in use.
 */
function upgradedLink({ webSocket }, request) {
  const asked = recordHeader(request, "upgrade");
  if (asked === null || asked.toLowerCase() !== "websocket") throw new TypeError(NOT_ASKED);
  return sockets().releaseLink(webSocket);
}

/** The number by which the host finds the WebSocket of a response's record; see upgradedLink. */
export function socketForHost(record, request) {
  return upgradedLink(record, requestRecord(request)).moveToHost();
}

// `number` is that of the response's WebSocket.
function upgradeFromHost(status, headers, number) {
  const response = responseFromHost(status, reasonOf(status), headers);
  responseRecord(response).webSocket = sockets().socketFromHost(number);
  return response;
}

/**
 * Answer what the host knows by `number` with the response of a record; `respond` is an op.
 * `isDone` as for event_respond. What most responses have is left out, which costs nothing.
 */
export function respondThroughHost(respond, number, record, client, isDone = true) {
  const { status, statusText } = record;
  const body = responseBodyForHost(record, client);
  const headers = rawHeadersOf(record);
  if (!isDone) respond(number, body, headers, status, statusText, isDone);
  else if (status !== 200 || statusText !== "") respond(number, body, headers, status, statusText);
  else if (headers !== TEXT_HEADERS) respond(number, body, headers);
  else respond(number, body);
}

/**
 * Send a context's request of a record, to this URL, to what the host knows as `target`; `send` is an
 * op. A promise of its answer. What most requests have is left out, which costs nothing.
 */
export function requestThroughHost(send, target, url, record, context) {
  const { method } = record;
  const body = recordBodyForHost(record);
  const headers = withDepth(headersWithBody(record, body), context);
  const cf = cfForHost(record);
  const isPlain = body === undefined && method === "GET" && headers === FIRST_VIA && cf === NO_CF;
  return isPlain ? send(target, url) : send(target, url, method, headers, body, cf);
}

/**
 * The raw headers of a record that is sent with this body, as `recordBodyForHost` gives it: unless
 * they say it themselves, they tell how it comes, as those of a client do.
 */
function headersWithBody(record, body) {
  const raw = rawHeadersOf(record);
  if (body === undefined) return raw;
  if (rawHasHeader(raw, "content-length") || rawHasHeader(raw, "transfer-encoding")) return raw;
  const length = lengthOf(body);
  return raw + (length < 0 ? "transfer-encoding\nchunked\n" : `content-length\n${length}\n`);
}

function lengthOf(body) {
  if (typeof body === "number") return body_length(body);
  return (typeof body === "string" ? encodeUtf8(body) : body).length;
}

/** The response of the host's answer to a call; the last part is a WebSocket's number. */
export function responseFromAnswer(parts, url) {
  const { 0: status, 1: text, 2: headers, 3: body, 4: number } = parts; // cheaper than to iterate
  const statusText = text || reasonOf(status);
  if (number !== undefined) return upgradeFromHost(status, headers, number);
  return responseFromHost(status, statusText, headers, body, url);
}

/** The answer, or the signal's reason where that comes first. */
export function unlessAborted(answer, signal) {
  return new Promise((resolve, reject) => {
    addAbortAlgorithm(signal, () => reject(abortReason(signal)));
    answer.then(resolve, reject);
  });
}

/** The URL as it crosses: like over the network, without the fragment and the credentials. */
export function urlToSend(url) {
  const end = url.indexOf("#");
  if (end >= 0) url = url.slice(0, end);
  return url.includes("@") ? url.replace(/^([a-z]+:\/\/)[^/?]*@/, "$1") : url;
}

// ---- Redirects ----------------------------------------------------------------------------

const redirects = lazily("workers/redirects.js");

/** What it takes to follow a redirect. */
class Repeat {
  constructor(mode, body, send, target, detail) {
    this.mode = mode;
    this.body = body; // undefined for one that is not there any more
    this.send = send; // `send(repeat, caller, record)` sends a request's record
    this.target = target;
    this.detail = detail;
  }
}

keepShapes(new Repeat());

/**
 * The same of a record that is about to be sent; undefined where no redirect is to be followed.
 * `target` and `detail` are for `send`, which needs no closure then.
 */
export function repeatOf(record, send, target, detail = undefined) {
  const mode = redirectOf(record);
  if (mode === "manual") return undefined;
  const { source } = record;
  if (source === null) return new Repeat(mode, null, send, target, detail);
  const isBytes = source instanceof Uint8Array;
  const isKept = record.stream === null && (isBytes || typeof source === "string");
  if (isKept && isBytes) record.shared = true; // so that the receiver gets its own
  return new Repeat(mode, isKept ? source : undefined, send, target, detail);
}

/**
 * Where the response of a record, to a request of such a record, is a redirect to follow, what
 * follows it for the caller; else undefined.
 */
export function redirectBy(response, request, repeat, caller) {
  const { status } = response;
  if (status < 301 || status > 308 || repeat === undefined || !REDIRECTS.has(status)) return undefined;
  const location = recordHeader(response, "location");
  if (location === null) return undefined;
  return () => repeat.send(repeat, caller, redirects().redirected(request, repeat, status, location));
}

/** The response to a request of a record, or what its redirects lead to. */
export function redirectable(response, request, repeat, caller) {
  const follow = redirectBy(responseRecord(response), request, repeat, caller);
  if (follow === undefined) return noteRedirects(response, request.visited);
  const { body } = response;
  body?.cancel(); // which nobody else will read
  return follow();
}

/** Tell of a response that redirects have led to it. */
export function noteRedirects(response, visited) {
  if (visited.length > 0) responseRecord(response).redirected = true;
  return response;
}

/** The request of a record that no script has, as another context receives it. */
export function crossedRequest(record) {
  record.url = urlToSend(record.url);
  if (record.cf !== undefined) record.cf = cfFromHost(cfForHost(record));
  if (record.source === null) return requestOfCrossed(record, undefined);
  const body = recordBodyForHost(record);
  record.raw = headersWithBody(record, body);
  record.headers = null;
  return requestOfCrossed(record, crossedBody(record, body));
}

/**
 * The response of a record as another context receives it, which asked with `request`, a record
 * as well; uses up the response's body or WebSocket. `client`, if any, is told where it leaves in the middle.
 */
export function crossedResponse(record, request, client) {
  const { status } = record;
  const { method, url } = request;
  const statusText = record.statusText || reasonOf(status);
  if (method === "HEAD") dropBody(record);
  if (isPlainText(record) && record.webSocket === undefined) {
    return responseOfText(status, statusText, record.raw, takeText(record), url);
  }
  const link = record.webSocket === undefined ? undefined : upgradedLink(record, request);
  const body = crossedBody(record, responseBodyForHost(record, client));
  const response = responseFromHost(status, statusText, rawHeadersOf(record), body, url);
  if (link !== undefined) {
    const upgraded = responseRecord(response);
    upgraded.statusText = reasonOf(SWITCHING_PROTOCOLS);
    upgraded.webSocket = sockets().socketFromLink(link);
  }
  return response;
}

/** Send no body along: the request was but for the headers. */
export function dropBody(record) {
  if (record.stream !== null && !isLocked(record.stream)) record.stream.cancel();
  record.source = record.stream = null;
}

// A handle is dropped when the body that it was made for is collected: the receiver's
// body gets one of its own. Bytes that others see as well are copied.
function crossedBody(record, body) {
  if (typeof body === "number") return body_move(body);
  return record.shared && typeof body === "object" ? body.slice() : body;
}
