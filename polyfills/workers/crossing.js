// Requests and responses that pass from one context to another.
//
// What was made in one context must not be pulled on from another: a stream's source
// runs in its own object. So a body crosses as a string, as bytes, or by a handle that
// the host pumps into; the rest is rebuilt around it.

import { body_move } from "holdfast:ops";
import { abortReason, addAbortAlgorithm } from "../events/abort.js";
import { copiedCf } from "../fetch/cf.js";
import { rawHeadersOf } from "../fetch/record.js";
import { requestFromHost } from "../fetch/request.js";
import { responseFromHost, responseRecord } from "../fetch/response.js";
import { recordBodyForHost, responseBodyForHost } from "../fetch/transfer.js";

const ERROR_RESPONSE = "A handler cannot answer with Response.error().";
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

/** The record of a Response that can be sent; throws TypeError for anything else. */
export function sendableRecord(value) {
  const record = responseRecord(value);
  if (record === undefined) throw new TypeError(NO_RESPONSE);
  if (record.status === 0) throw new TypeError(ERROR_RESPONSE);
  return record;
}

/** The answer, or the signal's reason where that comes first; who is asked is not told. */
export function unlessAborted(answer, signal) {
  return new Promise((resolve, reject) => {
    addAbortAlgorithm(signal, () => reject(abortReason(signal)));
    answer.then(resolve, reject);
  });
}

/** The URL as it crosses: like over the network, without the fragment. */
export function urlToSend(url) {
  const end = url.indexOf("#");
  return end < 0 ? url : url.slice(0, end);
}

/** The request of a record as another context receives it; uses up the record's body. */
export function crossedRequest(record) {
  const body = crossedBody(record, recordBodyForHost(record));
  const { method, url } = record;
  return requestFromHost(method, urlToSend(url), rawHeadersOf(record), body, undefined, copiedCf(record));
}

/**
 * The response of a record as another context receives it, which asked for `url`; uses up
 * the record's body.
 */
export function crossedResponse(record, url) {
  const body = crossedBody(record, responseBodyForHost(record));
  return responseFromHost(record.status, record.statusText, rawHeadersOf(record), body, url);
}

// A handle is dropped when the body that it was made for is collected: the receiver's
// body gets one of its own. Bytes that others see as well are copied.
function crossedBody(record, body) {
  if (typeof body === "number") return body_move(body);
  return record.shared && typeof body === "object" ? body.slice() : body;
}
