// Requests and responses that pass from one context to another.
//
// What was made in one context must not be pulled on from another: a stream's source
// runs in its own object. So a body crosses as a string, as bytes, or by a handle that
// the host pumps into; the rest is rebuilt around it.

import { body_move } from "holdfast:ops";
import { abortReason, addAbortAlgorithm } from "../events/abort.js";
import { copiedCf } from "../fetch/cf.js";
import { requestFromHost, requestRecord } from "../fetch/request.js";
import { isResponse, responseFromHost } from "../fetch/response.js";
import { bodyForHost, rawHeaders } from "../fetch/transfer.js";

const ERROR_RESPONSE = "A handler cannot answer with Response.error().";
const NO_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'.";

/** The value itself if it is a Response that can be sent; throws TypeError otherwise. */
export function checkedResponse(value) {
  if (!isResponse(value)) throw new TypeError(NO_RESPONSE);
  if (value.status === 0) throw new TypeError(ERROR_RESPONSE);
  return value;
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

/** The request as another context receives it; uses up the given one's body. */
export function crossedRequest(request) {
  return requestFromHost(
    request.method,
    urlToSend(request.url),
    rawHeaders(request),
    crossedBody(request),
    undefined,
    copiedCf(requestRecord(request)),
  );
}

/**
 * The response as another context receives it, which asked for `url`; uses up the given
 * one's body.
 */
export function crossedResponse(response, url) {
  return responseFromHost(
    response.status,
    response.statusText,
    rawHeaders(response),
    crossedBody(response),
    url,
  );
}

// A handle is dropped when the body that it was made for is collected: the receiver's
// body gets one of its own.
function crossedBody(object) {
  const body = bodyForHost(object);
  return typeof body === "number" ? body_move(body) : body;
}
