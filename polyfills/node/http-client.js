// Requests of node:http and node:https, by way of `fetch`:
// https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpclientrequest

import { EventEmitter } from "./events.js";
import { IncomingMessage } from "./http-incoming.js";
import { isToken, validateHeaderName } from "./http-names.js";
import { OutgoingMessage } from "./http-outgoing.js";
import { abortError, invalidType, nodeError } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { urlToHttpOptions } from "./url.js";

const BODILESS = ["GET", "HEAD"];
// What fetch() says for itself.
const CONNECTION = new Set(["connection", "host", "keep-alive", "transfer-encoding", "upgrade"]);
// What no longer holds of a body that fetch() has decoded.
const ENCODING = new Set(["content-encoding", "content-length", "transfer-encoding"]);

/** Keeps connections in Node.js; here a bag of options, since the runtime keeps them. */
export class Agent extends EventEmitter {
  defaultPort = 80;
  protocol = "http:";
  freeSockets = Object.create(null);
  sockets = Object.create(null);
  requests = Object.create(null);

  constructor(options = undefined) {
    super();
    this.options = { ...options };
    this.keepAlive = this.options.keepAlive ?? false;
    this.keepAliveMsecs = this.options.keepAliveMsecs ?? 1000;
    this.maxSockets = this.options.maxSockets ?? Infinity;
    this.maxFreeSockets = this.options.maxFreeSockets ?? 256;
    this.maxTotalSockets = this.options.maxTotalSockets ?? Infinity;
    this.totalSocketCount = 0;
    this.scheduling = this.options.scheduling ?? "lifo";
  }

  getName({ host = "localhost", port = "", localAddress = "" } = {}) {
    return `${host}:${port}:${localAddress}`;
  }

  destroy() {}
}
export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

/** `(url, options, callback)` with any of the first two left out. */
function argumentsOf(input, options, callback) {
  let wanted;
  if (typeof input === "string") wanted = urlToHttpOptions(new URL(input));
  else if (input instanceof URL) wanted = urlToHttpOptions(input);
  else {
    callback = typeof options === "function" ? options : callback;
    return [{ ...input }, callback];
  }
  if (typeof options === "function") return [wanted, options];
  return [{ ...wanted, ...options }, callback];
}

export function ClientRequest(input, options = undefined, callback = undefined) {
  if (!(this instanceof ClientRequest)) return new ClientRequest(input, options, callback);
  const [wanted, listener] = argumentsOf(input, options, callback);
  // It ends with its response, not when it has been written.
  OutgoingMessage.call(this, { autoDestroy: false });
  const protocol = wanted.protocol ?? wanted.agent?.protocol ?? "http:";
  const expected = wanted._protocol ?? protocol;
  if (protocol !== expected) {
    const message = `Protocol "${protocol}" not supported. Expected "${expected}"`;
    throw nodeError(TypeError, "ERR_INVALID_PROTOCOL", message);
  }
  const { method = "GET", path = "/" } = wanted;
  if (typeof method !== "string") throw invalidType("options.method", "string", method);
  if (!isToken(method)) validateHeaderName(method, "Method");
  if (/[^\x21-\xff]/.test(path)) {
    const message = "Request path contains unescaped characters";
    throw nodeError(TypeError, "ERR_UNESCAPED_CHARACTERS", message);
  }
  this.method = method.toUpperCase();
  this.path = path;
  this.protocol = protocol;
  this.host = wanted.hostname ?? wanted.host ?? "localhost";
  this.agent = wanted.agent ?? globalAgent;
  this.reusedSocket = false;
  this.aborted = false;
  this.res = null;
  this.timeoutCb = null;
  this.maxHeadersCount = null;
  this._abort = new AbortController();
  this._timer = undefined;
  const port = wanted.port ?? wanted.defaultPort;
  const isIPv6 = this.host.includes(":") && !this.host.startsWith("[");
  const host = isIPv6 ? `[${this.host}]` : this.host;
  this._url = new URL(path, `${protocol}//${host}${port ? `:${port}` : ""}`);
  if (/^https?:\/\//i.test(path)) this._url = new URL(path);
  const isPlain = Array.isArray(wanted.headers);
  const lines = isPlain ? wanted.headers.flat() : Object.entries(wanted.headers ?? {}).flat(1);
  for (let i = 0; i + 1 < lines.length; i += 2)
    if (lines[i + 1] !== undefined) this.setHeader(lines[i], lines[i + 1]);
  if (wanted.auth && !this.hasHeader("Authorization"))
    this.setHeader("Authorization", `Basic ${btoa(wanted.auth)}`);
  if (!this.hasHeader("Host")) this.setHeader("Host", this._url.host);
  if (listener) this.once("response", listener);
  if (wanted.timeout) this.setTimeout(wanted.timeout);
  const { signal } = wanted;
  const giveUp = () => void this.destroy(abortError(signal.reason));
  if (signal?.aborted) nextTick(giveUp);
  else signal?.addEventListener("abort", giveUp, { once: true });
  if (BODILESS.includes(this.method)) this.useChunkedEncodingByDefault = false;
}
Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ClientRequest, OutgoingMessage);

Object.assign(ClientRequest.prototype, {
  _send(body) {
    const headers = this._headerList().filter(([name]) => !CONNECTION.has(name.toLowerCase()));
    const sent = fetch(this._url, {
      method: this.method,
      headers,
      body: BODILESS.includes(this.method) ? undefined : (body ?? undefined),
      redirect: "manual",
      signal: this._abort.signal,
    });
    sent.then(
      (response) => this._answered(response),
      (error) => {
        clearTimeout(this._timer);
        if (!this.destroyed) this.destroy(lost(error));
      },
    );
  },

  _answered(response) {
    clearTimeout(this._timer);
    if (this.destroyed) return;
    const incoming = new IncomingMessage();
    const wasEncoded = response.headers.has("content-encoding");
    incoming.statusCode = response.status;
    incoming.statusMessage = response.statusText;
    incoming.url = "";
    incoming.req = this;
    for (const [name, value] of response.headers)
      if (!wasEncoded || !ENCODING.has(name)) incoming._addHeaderLine(name, value);
    incoming._body = this.method === "HEAD" ? null : response.body;
    this.res = incoming;
    incoming.once("close", () => this.destroy());
    if (!this.emit("response", incoming)) incoming.resume();
  },

  _destroy(error, callback) {
    clearTimeout(this._timer);
    if (this.res === null) this._abort.abort(error ?? undefined);
    const isGone = this.res === null && !error;
    OutgoingMessage.prototype._destroy.call(
      this,
      isGone ? nodeError(Error, "ECONNRESET", "socket hang up") : error,
      callback,
    );
  },

  abort() {
    if (this.aborted) return;
    this.aborted = true;
    nextTick(() => this.emit("abort"));
    this.destroy();
  },

  setTimeout(milliseconds, callback = undefined) {
    if (callback) this.once("timeout", callback);
    clearTimeout(this._timer);
    if (milliseconds > 0) this._timer = setTimeout(() => this.emit("timeout"), milliseconds);
    return this;
  },

  clearTimeout(callback = undefined) {
    if (callback) this.removeListener("timeout", callback);
    return this.setTimeout(0);
  },

  onSocket() {},
  setNoDelay() {},
  setSocketKeepAlive() {},
});

function lost(error) {
  return error?.code === undefined && error?.name !== "AbortError"
    ? Object.assign(new Error(error?.message ?? "socket hang up", { cause: error }), {
        code: "ECONNREFUSED",
      })
    : error;
}
