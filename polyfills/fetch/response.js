// Response: https://fetch.spec.whatwg.org/#response-class, with the members that
// Workers add: https://developers.cloudflare.com/workers/runtime-apis/response/

import { defineView } from "../console/views.js";
import { JSON_HEADERS, TEXT_HEADERS } from "holdfast:constants";
import { wrongConstructorArgument, wrongField } from "../kernel/arguments.js";
import { isObject, requireArguments, toUSVString } from "../kernel/webidl.js";
import { resolve } from "./base-url.js";
import { cloneBody, defineBody } from "./body.js";
import { setBody, TEXT_TYPE } from "./body-init.js";
import { rawFromInit } from "./headers.js";
import { lazily } from "../kernel/lazy.js";
import { keepShapes } from "../kernel/shapes.js";
import { bodyFromHost } from "./body-sources.js";
import { copyOfCf } from "./cf.js";
import { codingOf, isUncoded } from "./codings.js";
import { addContentType, copyOfRecord, headersOf, NEW_RECORD } from "./record.js";

const STATUS_RANGE =
  "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
const NULL_BODY = "Response with null body status (101, 204, 205, or 304) cannot have a body.";
const WEB_SOCKET_STATUS = "Responses with a WebSocket must have status code 101.";
const REASON_PHRASE = /^[^\0-\x08\n-\x1f\x7f]*$/;
const REDIRECT_STATUSES = [301, 302, 303, 307, 308];

const sockets = lazily("sockets/websocket.js");

const FROM_RECORD = {};

/** The record behind a Response; undefined for anything else. See record.js, body.js. */
export let responseRecord;

/** What a Worker answers with, and what fetch gives. */
export class Response {
  #record;

  constructor(body = null, init = undefined) {
    if (body === FROM_RECORD) {
      this.#record = init;
      return;
    }
    this.#record =
      init === undefined && typeof body !== "object" && typeof body !== "function"
        ? new ResponseRecord(TEXT_HEADERS, `${body}`)
        : createRecord(body, init);
  }

  static {
    responseRecord = (object) =>
      typeof object === "object" && object !== null && #record in object ? object.#record : undefined;
  }

  /** https://fetch.spec.whatwg.org/#dom-response-error */
  static error() {
    const record = new ReceivedRecord(0, "", "", "", null);
    record.type = "error";
    return new Response(FROM_RECORD, record);
  }

  /** https://fetch.spec.whatwg.org/#dom-response-json */
  static json(data, init = undefined) {
    requireArguments(arguments.length, 1, "'json' on 'Response'");
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("The value cannot be written as JSON.");
    const record = emptyRecord();
    if (init !== undefined && init !== null) initialize(record, init);
    record.source = text;
    finish(record, "application/json", JSON_HEADERS);
    return new Response(FROM_RECORD, record);
  }

  /** https://fetch.spec.whatwg.org/#dom-response-redirect */
  static redirect(url, status = 302) {
    requireArguments(arguments.length, 1, "'redirect' on 'Response'");
    const text = toUSVString(url);
    const location = resolve(text);
    if (location === undefined) throw new TypeError(`Unable to parse URL: ${text}`);
    status &= 65535;
    if (!REDIRECT_STATUSES.includes(status)) {
      throw new RangeError(
        `${status} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.`,
      );
    }
    const record = new ReceivedRecord(status, "", "", `location\n${location}\n`, null);
    return new Response(FROM_RECORD, record);
  }

  /** https://fetch.spec.whatwg.org/#dom-response-clone */
  clone() {
    const record = this.#record;
    if (record.webSocket) throw new TypeError("Cannot clone a response to a WebSocket handshake.");
    const copy = copyOfRecord(record);
    cloneBody(record, copy);
    return new Response(FROM_RECORD, copy);
  }

  get type() {
    return this.#record.type;
  }

  get url() {
    return this.#record.url;
  }

  get redirected() {
    return this.#record.redirected;
  }

  get status() {
    return this.#record.status;
  }

  get ok() {
    const { status } = this.#record;
    return status >= 200 && status <= 299;
  }

  get statusText() {
    return this.#record.statusText;
  }

  get headers() {
    const record = this.#record;
    return record.headers ?? headersOf(record);
  }

  get webSocket() {
    return this.#record.webSocket ?? null;
  }

  get cf() {
    return this.#record.cf;
  }
}

defineBody(Response, responseRecord);
defineView(Response, ["status", "statusText", "headers", "ok", "redirected", "url", "bodyUsed"]);

// ---- Making ---------------------------------------------------------------------

const NEW_RESPONSE = {
  ...NEW_RECORD,
  status: 200,
  statusText: "",
  url: "",
  guard: "response",
  type: "default",
  redirected: false,
};

class ResponseRecord {
  constructor(raw, source) {
    this.raw = raw;
    this.source = source;
  }
}

Object.assign(ResponseRecord.prototype, NEW_RESPONSE);

// Of a response that comes from elsewhere.
class ReceivedRecord {
  constructor(status, statusText, url, raw, source) {
    this.status = status;
    this.statusText = statusText;
    this.url = url;
    this.raw = raw;
    this.source = source;
  }
}

Object.assign(ReceivedRecord.prototype, NEW_RESPONSE, { guard: "immutable" });

const emptyRecord = () => new ResponseRecord("", null);

keepShapes(emptyRecord(), ["used"]);
keepShapes(new ReceivedRecord(), ["used"]);
keepShapes(new Response());

function createRecord(body, init) {
  const record = emptyRecord();
  let type = null;
  if (body !== null && body !== undefined) type = setBody(record, body);
  if (init !== undefined && init !== null) initialize(record, init);
  finish(record, type, type === TEXT_TYPE ? TEXT_HEADERS : undefined);
  return record;
}

/** Add the body's content type; `rawType` is that header in raw form, where known. */
function finish(record, type, rawType) {
  if (record.source !== null && isNullBodyStatus(record.status)) {
    refuseBody(record);
    return;
  }
  if (type !== null) addContentType(record, type, rawType);
}

function isNullBodyStatus(status) {
  return status === 204 || status === 205 || status === 304 || status === 101;
}

// As in workerd, an empty string, buffer or Blob is as good as no body, and has no type.
function refuseBody(record) {
  const { source } = record;
  const isEmpty = source === "" || source?.byteLength === 0;
  if (!isEmpty || record.used) throw new TypeError(NULL_BODY);
  record.source = null;
}

/** https://fetch.spec.whatwg.org/#initialize-a-response */
function initialize(record, init) {
  if (!isObject(init)) throw wrongConstructorArgument("Response", 2, "InitializerDict or Response");
  const { cf, encodeBody, headers, status, statusText, webSocket } = init;
  if (cf !== undefined && cf !== null) record.cf = checkedCf(cf);
  const encoding = encodeBody === undefined ? responseRecord(init)?.encodeBody : checkedEncoding(encodeBody);
  if (encoding === "manual") record.encodeBody = encoding;
  if (webSocket !== undefined && webSocket !== null) record.webSocket = checkedSocket(webSocket);
  if (status !== undefined) record.status = checkedStatus(status, record.webSocket);
  if (record.webSocket !== undefined && record.status !== 101) throw new RangeError(WEB_SOCKET_STATUS);
  if (statusText !== undefined) record.statusText = checkedStatusText(statusText);
  if (headers !== undefined) record.raw = rawFromInit(headers);
}

function checkedCf(cf) {
  if (isObject(cf)) return copyOfCf(cf);
  throw wrongField("cf", "InitializerDict", "Object");
}

function checkedEncoding(value) {
  const encoding = `${value}`;
  if (encoding === "manual" || encoding === "automatic") return encoding;
  throw new TypeError(`encodeBody: unexpected value: ${encoding}`);
}

function checkedSocket(webSocket) {
  if (sockets().isWebSocket(webSocket)) return webSocket;
  throw wrongField("webSocket", "InitializerDict", "WebSocket");
}

function checkedStatus(value, webSocket) {
  const status = +value & 65535;
  if (status === 101 && webSocket !== undefined) return status;
  if (status < 200 || status > 599) throw new RangeError(STATUS_RANGE);
  return status;
}

function checkedStatusText(value) {
  const text = `${value}`;
  if (!REASON_PHRASE.test(text)) throw new TypeError("Invalid statusText");
  return text;
}

// ---- For other polyfills --------------------------------------------------------

/** Whether the value is a Response. */
export function isResponse(value) {
  return responseRecord(value) !== undefined;
}

/**
 * A Response of what the host received. `body`: undefined, a string, a Uint8Array or
 * the handle of a body that the host keeps. Its headers are immutable, as in workerd.
 */
export function responseFromHost(status, statusText, raw, body = null, url = "", signal = undefined) {
  const source = bodyFromHost(body, signal);
  const record = new ReceivedRecord(status, statusText, url, raw, source);
  if (body !== null && !isUncoded(raw)) record.coding = codingOf(record);
  return new Response(FROM_RECORD, record);
}

/** The same of a text whose headers name no coding. */
export function responseOfText(status, statusText, raw, text, url) {
  const record = new ReceivedRecord(status, statusText, url, raw, text);
  return new Response(FROM_RECORD, record);
}

/** The same of a response to fetch(); `signal` is what aborts it. One `asItComes` is not decoded. */
export function responseFromFetch(
  status,
  statusText,
  url,
  raw,
  body,
  { asItComes, redirected, signal } = {},
) {
  const response = responseFromHost(status, statusText, raw, body, url, signal);
  const record = responseRecord(response);
  record.type = "basic";
  if (redirected) record.redirected = true;
  if (asItComes) {
    record.coding = undefined;
    record.encodeBody = "manual";
  }
  return response;
}
