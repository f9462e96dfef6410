// The global fetch(): https://fetch.spec.whatwg.org/#fetch-method
// https://developers.cloudflare.com/workers/runtime-apis/fetch/

import { fetch_abort, fetch_send, socket_fetch } from "holdfast:ops";
import { abortReason, addAbortAlgorithm, isAborted } from "../events/abort.js";
import { callsLeft, countSubrequest } from "../kernel/depth.js";
import { lazily } from "../kernel/lazy.js";
import { requireContext } from "../kernel/pending.js";
import { requireArguments } from "../kernel/webidl.js";
import { isLocked, lockedReader } from "../streams/on-demand.js";
import { fetchBlob } from "./blob-url.js";
import { readDataUrl } from "./data-url.js";
import { outbound } from "./outbound.js";
import { rawHeadersOf } from "./record.js";
import { createRequestRecord, requestOfRecord } from "./request.js";
import { headersFromRaw, rawHasHeader } from "./headers.js";
import { responseFromFetch, responseRecord } from "./response.js";
import { recordBodyForHost } from "./transfer.js";

const sockets = lazily("sockets/websocket.js");

// https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
const PAST_CACHES = [["cache-control", "no-cache"], ["pragma", "no-cache"]];
const CACHE_HEADERS = {
  __proto__: null,
  "no-cache": [["cache-control", "max-age=0"]],
  "no-store": PAST_CACHES,
  reload: PAST_CACHES,
};

let lastNumber = 0;

/** Send a request and return a promise of the response. */
export async function fetch(input, init = undefined) {
  requireArguments(arguments.length, 1, "'fetch'");
  const request = createRequestRecord(input, init);
  throwIfAborted(request);
  if (request.fetcher !== undefined) return request.fetcher.fetch(requestOfRecord(request));
  const context = requireContext();
  if (request.url.startsWith("data:")) return fetchData(request);
  if (request.url.startsWith("blob:")) return fetchBlob(request) ?? refuse(request.url);
  if (!/^https?:/.test(request.url)) throw cannotLoad(request.url);
  if (outbound !== null) return outbound(requestOfRecord(request));
  const gate = context.outputGate?.wait();
  if (gate !== undefined) {
    await gate;
    throwIfAborted(request);
  }
  return send(request, context);
}

/** https://fetch.spec.whatwg.org/#abort-fetch, before anything was sent */
function throwIfAborted({ signal, stream }) {
  if (signal === undefined || !isAborted(signal)) return;
  const reason = abortReason(signal);
  if (stream !== null && !isLocked(stream)) lockedReader(stream).cancel(reason);
  throw reason;
}

function cannotLoad(url) {
  return new TypeError(`Fetch API cannot load: ${url}`);
}

function refuse(url) {
  throw cannotLoad(url);
}

/** https://fetch.spec.whatwg.org/#scheme-fetch */
function fetchData({ method, url }) {
  const data = readDataUrl(url);
  if (data === null) throw cannotLoad(url);
  const body = method === "HEAD" ? null : data.bytes;
  return responseFromFetch(200, "OK", url.split("#", 1)[0], `content-type\n${data.type}\n`, body);
}

function send(request, context) {
  const raw = rawHeadersOf(request);
  if (rawHasHeader(raw, "upgrade") && asksForSocket(raw)) return sendUpgrade(request, raw);
  const number = ++lastNumber;
  const answer = fetch_send(
    number,
    request.method,
    request.url,
    raw + cacheHeaders(request.cache, raw),
    request.redirect ?? "follow",
    callsLeft(context),
    recordBodyForHost(request),
  ).then((text) => toResponse(text, request));
  return request.signal === undefined ? answer : abortable(answer, request.signal, number);
}

function asksForSocket(raw) {
  return headersFromRaw(raw, "none").get("upgrade").toLowerCase() === "websocket";
}

/** What a cache mode tells the caches on the way, unless the script says something itself. */
function cacheHeaders(mode, raw) {
  let added = "";
  for (const [name, value] of CACHE_HEADERS[mode] ?? []) {
    if (!rawHasHeader(raw, name)) added += `${name}\n${value}\n`;
  }
  return added;
}

// The answer begins with the number of the WebSocket, where the server has agreed to one.
async function sendUpgrade(request, raw) {
  countSubrequest(requireContext());
  const answer = await socket_fetch(request.url, raw, request.redirect ?? "follow");
  const head = answer.indexOf("\n");
  const number = answer.slice(0, head);
  const response = toResponse(answer.slice(head + 1), request);
  if (number !== "") responseRecord(response).webSocket = sockets().socketFromHost(+number);
  throwIfAborted(request);
  return response;
}

// "status\nstatus text\nURL\nredirected\nhandle\n" and the raw headers.
function toResponse(text, { encodeResponseBody, signal }) {
  const [status, statusText, url, redirected, handle] = text.split("\n", 5);
  const head = status.length + statusText.length + url.length + redirected.length + handle.length + 5;
  const body = handle === "" ? null : +handle;
  return responseFromFetch(+status, statusText, url, text.slice(head), body, {
    asItComes: encodeResponseBody === "manual",
    redirected: redirected !== "",
    signal,
  });
}

/**
 * The answer, or the signal's reason where that comes first. The exchange stays
 * abortable afterwards, until the body's end: the host knows when that is.
 */
function abortable(answer, signal, number) {
  return new Promise((resolve, reject) => {
    addAbortAlgorithm(signal, () => {
      reject(abortReason(signal));
      fetch_abort(number);
    });
    answer.then(resolve, reject);
  });
}
