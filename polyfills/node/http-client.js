// Requests of node:http and node:https, by way of `fetch`:
// https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpclientrequest

import { Buffer } from "./buffer.js";
import { Agent } from "./http-agent.js";
import { IncomingMessage } from "./http-incoming.js";
import { isToken, validateHeaderName } from "./http-names.js";
import { OutgoingMessage } from "./http-outgoing.js";
import {
  abortError,
  invalidType,
  invalidValue,
  nodeError,
  requireBoolean,
  requireDelay,
} from "./errors.js";
import { promiseLength } from "../streams/host-stream.js";
import { nextTick } from "./stream-base.js";
import { urlToHttpOptions } from "./url.js";

const BODILESS = ["GET", "HEAD"];
// What fetch() says for itself.
const CONNECTION = new Set(["connection", "host", "keep-alive", "transfer-encoding", "upgrade"]);
// A path that would name another host, where a URL is made of it.
const OTHER_HOST = /^(?:[/\\]{2}|[^/\\]*:)/;

export const globalAgent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 5000 });

/** `(url, options, callback)` with any of the first two left out. */
export function argumentsOf(input, options, callback) {
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

/** The agent that the options ask for, among those of `usual`'s kind. */
function agentOf({ agent }, usual) {
  if (agent === undefined || agent === null) return usual;
  if (agent === false) return new usual.constructor();
  if (typeof agent === "object" && typeof agent.addRequest === "function") return agent;
  throw invalidType("options.agent", ["Agent-like Object", "undefined", "false"], agent);
}

function hostOf(options, name) {
  const host = options[name];
  if (host !== undefined && host !== null && typeof host !== "string")
    throw invalidType(`options.${name}`, ["string", "undefined", "null"], host);
  return host;
}

function pathOf(path) {
  if (!path) return "/";
  const text = `${path}`;
  if (/[^\x21-\xff]/.test(text)) {
    const message = "Request path contains unescaped characters";
    throw nodeError(TypeError, "ERR_UNESCAPED_CHARACTERS", message);
  }
  if (OTHER_HOST.test(text))
    throw invalidValue("options.path", path, "must be a path-only request target");
  return text;
}

function methodOf(method) {
  if (method !== undefined && method !== null && typeof method !== "string")
    throw invalidType("options.method", "string", method);
  if (!method) return "GET";
  if (!isToken(method)) validateHeaderName(method, "Method");
  return method.toUpperCase();
}

/** `Host` as a header has it. */
function hostHeader(host, port, usualPort) {
  const isIPv6 = host.includes(":") && !host.startsWith("[");
  return (isIPv6 ? `[${host}]` : host) + (port && Number(port) !== usualPort ? `:${port}` : "");
}

export function ClientRequest(input, options = undefined, callback = undefined) {
  if (!(this instanceof ClientRequest)) return new ClientRequest(input, options, callback);
  const [wanted, listener] = argumentsOf(input, options, callback);
  // It ends with its response, not when it has been written.
  OutgoingMessage.call(this, { autoDestroy: false });
  this.path = pathOf(wanted.path);
  this.agent = agentOf(wanted, wanted._defaultAgent ?? globalAgent);
  const { protocol: expected = "http:", defaultPort = 80 } = this.agent;
  this.protocol = wanted.protocol || expected;
  if (this.protocol !== expected) {
    const message = `Protocol "${this.protocol}" not supported. Expected "${expected}"`;
    throw nodeError(TypeError, "ERR_INVALID_PROTOCOL", message);
  }
  this.host = hostOf(wanted, "hostname") || hostOf(wanted, "host") || "localhost";
  this.method = methodOf(wanted.method);
  if (wanted.timeout !== undefined) requireDelay(wanted.timeout, "timeout");
  for (const name of ["insecureHTTPParser", "joinDuplicateHeaders"])
    if (wanted[name] !== undefined) requireBoolean(wanted[name], `options.${name}`);
  this._joinsHeaders = wanted.joinDuplicateHeaders === true;
  this.reusedSocket = false;
  this.aborted = false;
  this.res = null;
  this.timeoutCb = null;
  this.maxHeadersCount = null;
  this._abort = new AbortController();
  this._timer = undefined;
  this._idleMs = 0;
  const usualPort = wanted.defaultPort ?? defaultPort;
  const host = hostHeader(this.host, wanted.port, usualPort);
  this._origin = new URL(`${this.protocol}//${host}`);
  this._origin.port = wanted.port || usualPort;
  this._takeHeaders(wanted, host);
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
  /** The headers of the options; in a list they are all that there are. */
  _takeHeaders({ headers, auth, setHost, setDefaultHeaders }, host) {
    if (Array.isArray(headers)) {
      const lines = headers.flat();
      if (lines.length % 2 !== 0) throw invalidValue("headers", headers);
      for (let i = 0; i < lines.length; i += 2) this.appendHeader(lines[i], lines[i + 1]);
      return;
    }
    if (Array.isArray(headers?.host)) throw invalidType("options.headers.host", ["string"], headers.host);
    for (const [name, value] of Object.entries(headers ?? {})) this.setHeader(name, value);
    const setsHost = setHost === undefined ? setDefaultHeaders !== false : Boolean(setHost);
    if (setsHost && !this.hasHeader("host")) this.setHeader("Host", host);
    if (auth && !this.hasHeader("authorization"))
      this.setHeader("Authorization", `Basic ${Buffer.from(auth).toString("base64")}`);
  },

  _implicitHeader() {
    this._header = "";
  },

  _send(body) {
    const headers = this._headerList().filter(([name]) => !CONNECTION.has(name.toLowerCase()));
    // Of itself fetch() would ask for codings, which it then decodes.
    if (!this.hasHeader("accept-encoding")) headers.push(["accept-encoding", "identity"]);
    let url;
    try {
      url = new URL(pathOf(this.path), this._origin); // which a script may have set meanwhile
    } catch (error) {
      return void this.destroy(error);
    }
    const length = this._contentLength;
    if (body instanceof ReadableStream && Number.isSafeInteger(length) && length >= 0) promiseLength(body, length);
    const sent = fetch(url, {
      method: this.method,
      headers,
      body: BODILESS.includes(this.method) ? undefined : (body ?? undefined),
      redirect: "manual",
      encodeResponseBody: "manual",
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
    this._touch();
    if (this.destroyed) return;
    const incoming = new IncomingMessage();
    incoming.statusCode = response.status;
    incoming.statusMessage = response.statusText;
    incoming.url = "";
    incoming.req = this;
    incoming.joinDuplicateHeaders = this._joinsHeaders;
    incoming._addHeaderLines([...response.headers].flat());
    incoming._body = this.method === "HEAD" ? null : response.body;
    this.res = incoming;
    incoming.once("close", () => this.destroy());
    if (!this.emit("response", incoming)) incoming.resume();
  },

  _destroy(error, callback) {
    clearTimeout(this._timer);
    this._idleMs = 0;
    const { res } = this;
    if (!res?.complete) this._abort.abort(error ?? undefined);
    if (res !== null && !res.complete) res.destroy(nodeError(Error, "ECONNRESET", "aborted"));
    const isGone = res === null && !error;
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
    requireDelay(milliseconds, "msecs");
    if (callback) this.once("timeout", callback);
    this._idleMs = milliseconds;
    this._touch();
    return this;
  },

  /** The connection is not idle: what counts as a timeout begins anew. */
  _touch() {
    clearTimeout(this._timer);
    if (this._idleMs > 0) this._timer = setTimeout(() => this.emit("timeout"), this._idleMs);
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
