// Request: https://fetch.spec.whatwg.org/#request-class, with the members that Workers
// have and without those of browsers:
// https://developers.cloudflare.com/workers/runtime-apis/request/

import { defineView } from "../console/views.js";
import { TEXT_HEADERS } from "holdfast:constants";
import { createAbortSignal, createDependentSignal, isAbortSignal } from "../events/abort.js";
import { blobOfUrl } from "../files/object-urls.js";
import { wrongConstructorArgument, wrongField } from "../kernel/arguments.js";
import { keepShapes } from "../kernel/shapes.js";
import { isObject, requireArguments, toEnum, toUSVString } from "../kernel/webidl.js";
import { resolve } from "./base-url.js";
import { checkUsable, cloneBody, defineBody, isBodyUsed, moveBody } from "./body.js";
import { setBody, TEXT_TYPE } from "./body-init.js";
import { bodyFromHost } from "./body-sources.js";
import { cfOf, copiedCf, copyOfCf, INCOMING } from "./cf.js";
import { rawFromInit } from "./headers.js";
import { normalizeMethod } from "./method.js";
import { addContentType, copyOfRecord, headersOf, NEW_RECORD, rawHeadersOf } from "./record.js";

const NO_BODY = "Request with a GET or HEAD method cannot have a body.";
const USED = "Cannot reconstruct a Request with a used body.";
const DICT = "RequestInitializerDict";
const TWO_LIFETIMES =
  "The 'cacheControl' and 'cacheTtl' options on cf are mutually exclusive. Use 'cacheControl' for " +
  "explicit Cache-Control header directives, or 'cacheTtl' for a simplified TTL, but not both.";
const CONTROL_AND_MODE =
  "The 'cacheControl' option on cf cannot be used together with the 'cache' request option. The " +
  "'cache' option ('no-store'/'no-cache') maps to cache TTL behavior internally, which conflicts " +
  "with explicit Cache-Control directives.";
const REDIRECTS = ["follow", "manual", "error"];
const UNUSED = {
  __proto__: null,
  credentials: ["omit", "same-origin", "include"],
  mode: ["same-origin", "no-cors", "cors"], // no script may ask for the others
  priority: ["high", "low", "auto"],
  referrerPolicy: [
    ...["", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin"],
    ...["strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin"],
    "unsafe-url",
  ],
};
const CACHE_MODES = ["default", "no-store", "reload", "no-cache", "force-cache"];

const FROM_RECORD = {};

/** The record behind a Request; undefined for anything else. See record.js, body.js. */
export let requestRecord;

/** What a Worker is asked, and what it asks fetch and stubs. */
export class Request {
  #record;

  constructor(input, init = undefined) {
    if (input === FROM_RECORD) {
      this.#record = init;
      return;
    }
    requireArguments(arguments.length, 1, "'constructor' on 'Request'");
    this.#record = createRequestRecord(input, init);
  }

  static {
    requestRecord = (object) =>
      typeof object === "object" && object !== null && #record in object ? object.#record : undefined;
  }

  /** https://fetch.spec.whatwg.org/#dom-request-clone */
  clone() {
    const record = this.#record;
    const copy = copyOfRecord(record);
    copy.cf = copiedCf(record);
    copy.ownSignal = undefined;
    cloneBody(record, copy);
    return new Request(FROM_RECORD, copy);
  }

  get method() {
    return this.#record.method;
  }

  get url() {
    return this.#record.url;
  }

  get headers() {
    const record = this.#record;
    return record.headers ?? headersOf(record);
  }

  get redirect() {
    return redirectOf(this.#record);
  }

  /** The Worker or object that the global fetch() gives the request to; null for the network. */
  get fetcher() {
    return this.#record.fetcher ?? null;
  }

  get signal() {
    const record = this.#record;
    return (record.ownSignal ??= record.client?.signal ?? signalFollowing(record.signal));
  }

  get cf() {
    return cfOf(this.#record);
  }

  get integrity() {
    return this.#record && "";
  }

  get keepalive() {
    return this.#record && false;
  }

  get cache() {
    return this.#record.cache;
  }
}

defineBody(Request, requestRecord);
defineView(Request, ["method", "url", "headers", "redirect", "bodyUsed"]);

/** What came from elsewhere and is passed on does not follow redirects. */
export function redirectOf({ redirect, guard }) {
  return redirect ?? (guard === "immutable" ? "manual" : "follow");
}

/** A request's own signal. `signal`: what aborts the request, if anything does. */
function signalFollowing(signal) {
  return signal === undefined ? createAbortSignal() : createDependentSignal([signal]);
}

// ---- Making ---------------------------------------------------------------------

const NEW_REQUEST = {
  ...NEW_RECORD,
  raw: "",
  guard: "request",
  source: null,
  redirect: undefined, // what redirectOf says
  signal: undefined, // what aborts it, if anything does
  ownSignal: undefined, // the one that scripts see
  visited: [], // where redirects came from
  cf: undefined,
  cache: undefined,
  encodeResponseBody: undefined, // "manual": the response's body is left as it comes
  fetcher: undefined, // who is asked, in the place of the network
  blob: undefined, // that a blob: URL names
};

class RequestRecord {
  constructor(method, url) {
    this.method = method;
    this.url = url;
  }
}

Object.assign(RequestRecord.prototype, NEW_REQUEST);

// Of a request that comes from elsewhere.
class ReceivedRecord {
  constructor(method, url, raw) {
    this.method = method;
    this.url = url;
    this.raw = raw;
  }
}

Object.assign(ReceivedRecord.prototype, NEW_REQUEST, { guard: "immutable", cf: INCOMING });

keepShapes(new RequestRecord(), ["guard"]);
keepShapes(new ReceivedRecord());
keepShapes(new Request(FROM_RECORD, undefined));

/**
 * The record of `new Request(input, init)`, without the object.
 * https://fetch.spec.whatwg.org/#dom-request
 */
export function createRequestRecord(input, init) {
  if (init === null) init = undefined;
  else if (init !== undefined && !isObject(init)) throw wrongConstructorArgument("Request", 2, `${DICT} or Request`);
  const from = typeof input === "string" ? undefined : requestRecord(input);
  if (from !== undefined) return recordFromRequest(from, init);
  const record = new RequestRecord("GET", resolveUrl(input));
  if (record.url.startsWith("blob:")) record.blob = blobOfUrl(record.url);
  if (init !== undefined) initialize(record, init);
  return record;
}

function resolveUrl(input) {
  const text = toUSVString(input);
  const url = resolve(text);
  if (url === undefined) throw new TypeError(`Invalid URL: ${text}`);
  return url;
}

function recordFromRequest(from, init) {
  const record = new RequestRecord(from.method, from.url);
  record.raw = rawHeadersOf(from);
  record.redirect = redirectOf(from);
  record.signal = from.signal;
  if (from.client !== undefined) record.client = from.client;
  record.cf = copiedCf(from);
  record.cache = from.cache;
  if (from.encodeResponseBody !== undefined) record.encodeResponseBody = from.encodeResponseBody;
  if (from.fetcher !== undefined) record.fetcher = from.fetcher;
  record.blob = from.blob;
  const body = init === undefined ? undefined : initialize(record, init);
  if (body !== undefined) return record;
  if (isBodyUsed(from)) throw new TypeError(USED);
  checkUsable(from);
  // A client may have sent a GET with a body; it may be passed on as it came.
  if (record.method !== from.method) checkMethodTakesBody(record, from.source);
  moveBody(from, record);
  return record;
}

/** Set what `init` says; returns its body. Members are read in Web IDL's order. */
function initialize(record, init) {
  const { body, cache, cf, encodeResponseBody, fetcher, headers, integrity, method, redirect, signal } =
    init;
  checkUnused(init);
  if (method !== undefined) record.method = normalizeMethod(method);
  if (cache !== undefined) record.cache = checkedCache(cache);
  if (cf !== undefined && cf !== null) record.cf = checkedCf(cf, cache);
  if (encodeResponseBody !== undefined) record.encodeResponseBody = checkedEncoding(encodeResponseBody);
  if (fetcher !== undefined) record.fetcher = checkedFetcher(fetcher);
  if (integrity !== undefined) checkIntegrity(integrity);
  if (redirect !== undefined) record.redirect = checkedRedirect(redirect);
  if (signal !== undefined) giveSignal(record, signal, requestRecord(init)?.client);
  if (headers !== undefined) record.raw = rawFromInit(headers);
  if (body !== undefined && body !== null) giveBody(record, body);
  return body;
}

// The client of a request that stands for an init stops what is made of it no more than the
// client of one that is passed on: see workers/client.js.
function giveSignal(record, signal, client) {
  record.signal = client === undefined ? checkedSignal(signal) : undefined;
  if (client !== undefined || record.client !== undefined) record.client = client;
}

/** What browsers need and a server does not: it must make sense, and is not kept. */
function checkUnused(init) {
  for (const name in UNUSED) {
    const value = init[name];
    if (value !== undefined) toEnum(value, UNUSED[name], `Failed to construct 'Request': ${name}`);
  }
}

function giveBody(record, body) {
  checkMethodTakesBody(record, body);
  const type = setBody(record, body);
  if (type !== null) addContentType(record, type, type === TEXT_TYPE ? TEXT_HEADERS : undefined);
}

function checkMethodTakesBody(record, body) {
  const { method } = record;
  if (body !== null && (method === "GET" || method === "HEAD")) throw new TypeError(NO_BODY);
}

function checkedRedirect(value) {
  const redirect = `${value}`;
  if (REDIRECTS.includes(redirect)) return redirect;
  throw new TypeError('Invalid redirect value, must be one of "follow", "manual" or "error".');
}

function checkedCache(value) {
  const cache = `${value}`;
  if (CACHE_MODES.includes(cache)) return cache;
  throw new TypeError(`Unsupported cache mode: ${cache}`);
}

function checkIntegrity(value) {
  if (`${value}` === "") return;
  throw new TypeError(
    "Subrequest integrity checking is not implemented. The integrity option must be either " +
      "undefined or an empty string.",
  );
}

function checkedEncoding(value) {
  const encoding = `${value}`;
  if (encoding === "manual") return encoding;
  if (encoding === "automatic") return undefined;
  throw new TypeError(`encodeResponseBody: unexpected value: ${encoding}`);
}

function checkedCf(value, cache) {
  if (!isObject(value)) throw wrongField("cf", DICT, "Object");
  const cf = copyOfCf(value);
  if (cf.cacheControl === undefined) return cf;
  if (cf.cacheTtl !== undefined) throw new TypeError(TWO_LIFETIMES);
  if (cache !== undefined) throw new TypeError(CONTROL_AND_MODE);
  return cf;
}

let Fetcher;

/** Tell the class of what may be a request's `fetcher`: stubs of Workers and of objects. */
export function defineFetcher(Class) {
  Fetcher = Class;
}

function checkedFetcher(fetcher) {
  if (fetcher === null) return undefined;
  if (fetcher instanceof Fetcher) return fetcher;
  throw wrongField("fetcher", DICT, "Fetcher");
}

function checkedSignal(signal) {
  if (signal === null) return undefined;
  if (isObject(signal) && isAbortSignal(signal)) return signal;
  throw wrongField("signal", DICT, "AbortSignal");
}

// ---- For other polyfills --------------------------------------------------------

/** The Request of a record that `createRequestRecord` has made. */
export function requestOfRecord(record) {
  return new Request(FROM_RECORD, record);
}

/**
 * A Request of what the host received: nothing is checked, parsed or copied. `body`:
 * undefined, a string, a Uint8Array or the handle of a body that the host keeps. Its
 * headers are immutable and it does not follow redirects, as in workerd.
 */
export function requestFromHost(method, url, raw, body = null, signal = undefined, cf = undefined) {
  const record = new ReceivedRecord(method, url, raw);
  if (body !== null) record.source = bodyFromHost(body);
  if (signal !== undefined) record.signal = signal;
  if (cf !== INCOMING) record.cf = cf;
  return new Request(FROM_RECORD, record);
}

/** The same of a record that no script has seen, and that is the request's from now on. */
export function requestOfCrossed(record, body) {
  record.guard = "immutable";
  if (record.redirect !== undefined) record.redirect = undefined;
  if (record.signal !== undefined) record.signal = undefined;
  if (record.client !== undefined) record.client = undefined;
  if (record.cache !== undefined) record.cache = undefined;
  if (record.encodeResponseBody !== undefined) record.encodeResponseBody = undefined;
  if (record.fetcher !== undefined) record.fetcher = undefined;
  if (record.blob !== undefined) record.blob = undefined;
  if (body !== undefined) {
    record.source = bodyFromHost(body);
    record.stream = null;
    record.used = record.shared = false;
  }
  return new Request(FROM_RECORD, record);
}
