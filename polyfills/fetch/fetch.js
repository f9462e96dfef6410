// The global fetch(): https://fetch.spec.whatwg.org/#fetch-method
// https://developers.cloudflare.com/workers/runtime-apis/fetch/

import { fetch_abort, fetch_send } from "holdfast:ops";
import { abortReason, addAbortAlgorithm, isAborted } from "../events/abort.js";
import { requireContext } from "../kernel/pending.js";
import { requireArguments } from "../kernel/webidl.js";
import { readDataUrl } from "./data-url.js";
import { rawHeadersOf } from "./record.js";
import { createRequestRecord } from "./request.js";
import { responseFromFetch } from "./response.js";
import { recordBodyForHost } from "./transfer.js";

let lastNumber = 0;

/** Send a request and return a promise of the response. */
export async function fetch(input, init = undefined) {
  requireArguments(arguments.length, 1, "'fetch'");
  const request = createRequestRecord(input, init);
  throwIfAborted(request.signal);
  const context = requireContext();
  if (request.url.startsWith("data:")) return fetchData(request.url);
  if (!/^https?:/.test(request.url)) throw cannotLoad(request.url);
  const gate = context.outputGate?.wait();
  if (gate !== undefined) {
    await gate;
    throwIfAborted(request.signal);
  }
  return send(request);
}

function throwIfAborted(signal) {
  if (signal !== undefined && isAborted(signal)) throw abortReason(signal);
}

function cannotLoad(url) {
  return new TypeError(`Fetch API cannot load: ${url}`);
}

/** https://fetch.spec.whatwg.org/#scheme-fetch */
function fetchData(url) {
  const data = readDataUrl(url);
  if (data === null) throw cannotLoad(url);
  return responseFromFetch(200, "OK", "", `content-type\n${data.type}\n`, data.bytes);
}

function send(request) {
  const number = ++lastNumber;
  const answer = fetch_send(
    number,
    request.method,
    request.url,
    rawHeadersOf(request),
    request.redirect ?? "follow",
    recordBodyForHost(request),
  ).then((text) => toResponse(text, request.signal));
  return request.signal === undefined ? answer : abortable(answer, request.signal, number);
}

// "status\nstatus text\nURL\nredirected\nhandle\n" and the raw headers.
function toResponse(text, signal) {
  const [status, statusText, url, redirected, handle] = text.split("\n", 5);
  const head = status.length + statusText.length + url.length + redirected.length + handle.length + 5;
  const body = handle === "" ? null : +handle;
  return responseFromFetch(+status, statusText, url, text.slice(head), body, {
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
