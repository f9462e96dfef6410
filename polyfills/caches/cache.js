// Cache: https://developers.cloudflare.com/workers/runtime-apis/cache/

import { cache_delete, cache_match, cache_put } from "holdfast:ops";
import { rawHeadersOf } from "../fetch/record.js";
import { createRequestRecord, requestRecord } from "../fetch/request.js";
import { isResponse, responseFromFetch, responseRecord } from "../fetch/response.js";
import { bodyForHost, throughGate } from "../fetch/transfer.js";
import { checkUsable } from "../fetch/body.js";
import { wrongArgument } from "../kernel/arguments.js";
import { passOutputGate } from "../kernel/pending.js";
import { defineInterface, illegalConstructor, isObject } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { urlToSend } from "../workers/crossing.js";

const INVALID_KEY = "Invalid URL. Cache API keys must be fully-qualified, valid URLs.";
const NOT_IMPLEMENTED = ["ignoreSearch", "ignoreVary", "cacheName"];
const CONSTRUCTING = {};

/** The cache of this name; "" is the default one. */
export const createCache = (name) => new Cache(CONSTRUCTING, name);

/** The error of a member that Cloudflare's caches do not have. */
export function notImplemented(method, Class) {
  return new Error(`Failed to execute '${method}' on '${Class}': the method is not implemented.`);
}

/** Responses by URL. */
export class Cache {
  #name;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    this.#name = arguments[1];
  }

  add(_request) {
    this.#name;
    throw notImplemented("add", "Cache");
  }

  addAll(_requests) {
    this.#name;
    throw notImplemented("addAll", "Cache");
  }

  /** Forget the response to a request; whether there was one. */
  async delete(request, options = undefined) {
    const name = this.#name;
    if (arguments.length === 0) throw wrongArgument("delete", "Cache", 1, "Request or string");
    const ignoresMethod = toOptions(options, "delete");
    const record = keyRecord(request);
    if (record.method !== "GET" && !ignoresMethod) return false;
    const key = keyOf(record);
    await passOutputGate();
    return cache_delete(name, key);
  }

  /** The response to a request; undefined where there is none. */
  async match(request, options = undefined) {
    const name = this.#name;
    if (arguments.length === 0) throw wrongArgument("match", "Cache", 1, "Request or string");
    const ignoresMethod = toOptions(options, "match");
    const record = keyRecord(request);
    if (record.method !== "GET" && !ignoresMethod) return undefined;
    const answer = await cache_match(name, keyOf(record), rawHeadersOf(record));
    return answer === undefined ? undefined : toResponse(answer);
  }

  /** Keep a response, for as long as its headers say. */
  async put(request, response) {
    const name = this.#name;
    if (arguments.length === 0) throw wrongArgument("put", "Cache", 1, "Request or string");
    if (!isResponse(response)) throw wrongArgument("put", "Cache", 2, "Response");
    if (response.type === "error") throw new TypeError("Cache is unable to store an error response");
    const record = keyRecord(request);
    checkStorable(record, response);
    // A client that had the response already was told so; that is nothing to keep.
    if (response.status === 304) return;
    const key = keyOf(record);
    const given = responseRecord(response);
    checkUsable(given);
    const body = await throughGate(bodyForHost(response));
    const { status, statusText } = given;
    await cache_put(name, key, rawHeadersOf(record), status, statusText, rawHeadersOf(given), body);
  }

  matchAll(_request, _options) {
    this.#name;
    throw notImplemented("matchAll", "Cache");
  }

  keys(_request, _options) {
    this.#name;
    throw notImplemented("keys", "Cache");
  }

  static {
    defineInterface(this);
  }
}

refuseToClone(Cache);

/** Whether the method of a request is to be ignored. */
function toOptions(options, method) {
  if (options === undefined || options === null) return false;
  if (!isObject(options)) throw wrongArgument(method, "Cache", 2, "CacheQueryOptions");
  const { ignoreMethod } = options;
  for (const name of NOT_IMPLEMENTED) {
    if (options[name] !== undefined) {
      throw new Error(`The '${name}' field on 'CacheQueryOptions' is not implemented.`);
    }
  }
  return !!ignoreMethod;
}

// A request's body is nothing to a cache, and stays as it is.
function keyRecord(request) {
  return requestRecord(request) ?? createRequestRecord(request, undefined);
}

function keyOf(record) {
  const own = record.cf?.cacheKey;
  if (own !== undefined) return `${own}`;
  if (!/^https?:/.test(record.url)) throw new TypeError(INVALID_KEY);
  return urlToSend(record.url);
}

function checkStorable(record, response) {
  if (record.method !== "GET") throw new TypeError("Cannot cache response to non-GET request.");
  if (response.status === 206) {
    throw new TypeError("Cannot cache response to a range request (206 Partial Content).");
  }
  if (response.headers.get("vary")?.includes("*")) {
    throw new TypeError("Cannot cache response with 'Vary: *' header.");
  }
  if (response.webSocket !== null) throw new TypeError("Cannot cache WebSocket upgrade response.");
}

// "status\nstatus text\nhandle\n" and the raw headers.
function toResponse(answer) {
  const [status, statusText, handle] = answer.split("\n", 3);
  const raw = answer.slice(status.length + statusText.length + handle.length + 3);
  return responseFromFetch(+status, statusText, "", raw, handle === "" ? null : +handle);
}
