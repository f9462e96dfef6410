// Servers of node:http, which the handlers of `cloudflare:node` ask:
// https://nodejs.org/docs/latest-v20.x/api/http.html#class-httpserver
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/http/#server-side-methods

import { Buffer } from "./buffer.js";
import {
  invalidType,
  invalidValue,
  nodeError,
  outOfRange,
  portOf,
  requireFunction,
  requireInteger,
  requireObject,
} from "./errors.js";
import { EventEmitter } from "./events.js";
import { IncomingMessage } from "./http-incoming.js";
import { checkedStatus, headersSent, isValue, STATUS_CODES } from "./http-names.js";
import { OutgoingMessage } from "./http-outgoing.js";
import { _normalizeArgs } from "./net.js";
import { getDefaultHighWaterMark, nextTick } from "./stream-base.js";

const BODILESS = [204, 205, 304];
const servers = new Map(); // by port
const FIRST_FREE_PORT = 49_152; // RFC 6335

export function ServerResponse(request, options = undefined) {
  if (!(this instanceof ServerResponse)) return new ServerResponse(request, options);
  OutgoingMessage.call(this, options);
  this.req = request;
  this.statusCode = 200;
  this.statusMessage = undefined;
  this._hasBody = request?.method !== "HEAD";
  this._answer = Promise.withResolvers();
}
Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
Object.setPrototypeOf(ServerResponse, OutgoingMessage);

Object.assign(ServerResponse.prototype, {
  writeHead(status, reason = undefined, headers = undefined) {
    if (this._header !== null) throw headersSent("write");
    this.statusCode = checkedStatus(status);
    if (BODILESS.includes(this.statusCode)) this._hasBody = false;
    const given = typeof reason === "string" ? headers : (headers ?? reason);
    this.statusMessage =
      typeof reason === "string" ? reason : (this.statusMessage ?? STATUS_CODES[this.statusCode]);
    if (Array.isArray(given)) {
      const lines = given.flat();
      if (lines.length % 2 !== 0) throw invalidValue("headers", given);
      for (let i = 0; i < lines.length; i += 2) this.removeHeader(lines[i]);
      for (let i = 0; i < lines.length; i += 2) this.appendHeader(lines[i], lines[i + 1]);
    } else if (given) {
      for (const name of Object.keys(given)) this.setHeader(name, given[name]);
    }
    if (this.statusMessage !== undefined && !isValue(this.statusMessage))
      throw nodeError(TypeError, "ERR_INVALID_CHAR", "Invalid character in statusMessage");
    this._header = "";
    return this;
  },

  writeContinue() {},
  writeProcessing() {},
  writeEarlyHints(_, callback = undefined) {
    if (callback) nextTick(callback);
  },
  assignSocket() {},
  detachSocket() {},

  _implicitHeader() {
    if (this._header === null) this.writeHead(this.statusCode);
  },

  _headerList() {
    const list = OutgoingMessage.prototype._headerList.call(this);
    if (this._contentLength === null) return list;
    // As Node.js does: https://www.rfc-editor.org/rfc/rfc6266#section-4.3
    return list.map(([name, value]) =>
      name.toLowerCase() === "content-disposition"
        ? [name, Buffer.from(value, "latin1").toString()]
        : [name, value],
    );
  },

  _send(body) {
    this._answer.resolve(
      new Response(this._hasBody ? body : null, {
        status: this.statusCode,
        statusText: this.statusMessage ?? "",
        headers: this._headerList(),
      }),
    );
  },

  _destroy(error, callback) {
    this._answer.reject(error ?? nodeError(Error, "ECONNRESET", "The response was destroyed"));
    this._answer.promise.catch(() => {});
    OutgoingMessage.prototype._destroy.call(this, error, callback);
  },
});

export function Server(options = undefined, listener = undefined) {
  if (!(this instanceof Server)) return new Server(options, listener);
  EventEmitter.call(this);
  this._port = null;
  const isListener = typeof options === "function";
  if (!isListener && options !== undefined) requireObject(options, "options");
  this._options = isListener ? {} : (options ?? {});
  const { requestTimeout = 300_000, headersTimeout, highWaterMark } = this._options;
  requireInteger(requestTimeout, "requestTimeout", 0);
  requireInteger(headersTimeout ?? 0, "headersTimeout", 0);
  if (requestTimeout > 0 && headersTimeout > requestTimeout)
    throw outOfRange("headersTimeout", "<= requestTimeout", headersTimeout);
  if (highWaterMark !== undefined && typeof highWaterMark !== "number")
    throw invalidType("options.highWaterMark", "number", highWaterMark);
  this.timeout = 0;
  this.keepAliveTimeout = 5000;
  this.headersTimeout = headersTimeout ?? Math.min(60_000, requestTimeout || 60_000);
  this.requestTimeout = requestTimeout;
  this.highWaterMark = highWaterMark >= 0 ? highWaterMark : getDefaultHighWaterMark(false);
  this.maxHeadersCount = null;
  this.maxRequestsPerSocket = 0;
  const onRequest = isListener ? options : listener;
  if (onRequest) this.on("request", onRequest);
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);

Object.assign(Server.prototype, {
  /** Answers for a port of this isolate's own; any free one for 0 or none. */
  listen(...args) {
    const isBare = args.length === 0 || typeof args[0] === "function" || args[0] === undefined;
    const [options, listener] = _normalizeArgs(isBare ? [{}, ...args] : args);
    let port = portOf(options.port ?? 0, "options.port");
    if (this._port !== null || servers.has(port)) {
      const message = "Listen method has been called more than once without closing.";
      throw nodeError(Error, "ERR_SERVER_ALREADY_LISTEN", message);
    }
    if (listener !== null) this.once("listening", listener);
    if (port === 0) for (port = FIRST_FREE_PORT; servers.has(port); ) port++;
    this._port = port;
    servers.set(port, this);
    nextTick(() => this.emit("listening"));
    return this;
  },

  close(callback = undefined) {
    if (this._port === null) {
      const error = nodeError(Error, "ERR_SERVER_NOT_RUNNING", "Server is not running.");
      if (callback) nextTick(callback, error);
      return this;
    }
    if (callback) this.once("close", callback);
    servers.delete(this._port);
    this._port = null;
    nextTick(() => this.emit("close"));
    return this;
  },

  address() {
    return this._port === null
      ? null
      : { port: this._port, family: "IPv4", address: "127.0.0.1" };
  },

  setTimeout(milliseconds, callback = undefined) {
    const listener = typeof milliseconds === "function" ? milliseconds : callback;
    if (typeof milliseconds === "number") this.timeout = milliseconds;
    if (listener) this.once("timeout", listener);
    return this;
  },

  getConnections(callback = undefined) {
    if (callback !== undefined) {
      requireFunction(callback, "callback");
      nextTick(callback, null, 0);
    }
    return this;
  },

  closeAllConnections() {},
  closeIdleConnections() {},
  ref() {
    return this;
  },
  unref() {
    return this;
  },

  async [Symbol.asyncDispose]() {
    await new Promise((resolve) => this.close(resolve));
  },

  async _fetch(request, env, ctx) {
    const { IncomingMessage: Incoming, ServerResponse: Outgoing } = this._options;
    const highWaterMark = Math.trunc(this.highWaterMark);
    const socket = new ClientSocket(request, this._port);
    const incoming = new (Incoming ?? IncomingMessage)();
    const { pathname, search } = new URL(request.url);
    incoming.socket = socket;
    incoming.cloudflare = new Surroundings(request, env, ctx);
    incoming.url = pathname + search;
    incoming.method = request.method;
    incoming.joinDuplicateHeaders = this._options.joinDuplicateHeaders === true;
    incoming._addHeaderLines([...request.headers].flat());
    incoming._body = request.body;
    const response = new (Outgoing ?? ServerResponse)(incoming, { highWaterMark });
    response.socket = socket;
    try {
      this.emit("connection", socket);
      this.emit("request", incoming, response);
      return await response._answer.promise;
    } catch (error) {
      response.destroy(error);
      throw error;
    }
  },
});

Object.defineProperty(Server.prototype, "listening", {
  get() {
    return this._port !== null;
  },
  configurable: true,
});

/** `req.cloudflare`: what a Worker's handler knows of a request. */
class Surroundings {
  constructor(request, env, ctx) {
    Object.assign(this, { env, ctx });
    // An own property, as in workerd, made when it is asked for.
    Object.defineProperty(this, "cf", { get: () => request.cf, enumerable: true });
  }
}

/** What frameworks ask of the connection that a request came by. */
class ClientSocket extends EventEmitter {
  remotePort = 32_768 + Math.floor(Math.random() * 32_768); // as documented
  remoteFamily = "IPv4";
  destroyed = false;
  readable = true;
  writable = true;

  constructor(request, port) {
    super();
    this.localAddress = request.headers.get("Host") ?? "127.0.0.1";
    this.localPort = port;
    this.remoteAddress = request.headers.get("CF-Connecting-IP") ?? "127.0.0.1";
    this.encrypted = request.url.startsWith("https:");
  }

  destroy() {
    this.destroyed = true;
    return this;
  }

  setTimeout() {
    return this;
  }
  setKeepAlive() {
    return this;
  }
  setNoDelay() {
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}

export const createServer = (options = undefined, listener = undefined) =>
  new Server(options, listener);

/** Lets the server that listens at this port answer a request. */
export async function answerAt(port, request, env, ctx) {
  const server = servers.get(port);
  if (server === undefined) {
    const message =
      `Http server with port ${port} not found. This is likely a bug with your code. ` +
      `You should check if server.listen() was called with the same port (${port})`;
    throw Object.assign(new Error(message), { code: "ERR_INVALID_ARG_VALUE" });
  }
  return server._fetch(request, env, ctx);
}
