// node:net, connections to elsewhere: https://nodejs.org/docs/latest-v20.x/api/net.html
//
// A socket is what `connect()` of `cloudflare:sockets` gives, as a Duplex. Nobody can connect to a
// Worker, so there are no servers.

import { connect as open } from "../modules/cloudflare-sockets.js";
import { Buffer } from "./buffer.js";
import {
  invalidType,
  invalidValue,
  nodeError,
  portOf,
  requireBoolean,
  requireDelay,
  requireFunction,
  requireInteger,
} from "./errors.js";
import { EventEmitter } from "./events.js";
import { isIP, isIPv4, isIPv6 } from "./net-addresses.js";
import { BlockList, SocketAddress } from "./net-lists.js";
import { nextTick } from "./stream-base.js";
import { Duplex } from "./stream-duplex.js";

export { isIP, isIPv4, isIPv6, BlockList, SocketAddress };

const MAX_DELAY = 2 ** 31 - 1;

/** A connection, or what is to become one. */
export function Socket(options = undefined) {
  if (!(this instanceof Socket)) return new Socket(options);
  for (const name of ["objectMode", "readableObjectMode", "writableObjectMode"])
    if (options?.[name]) throw invalidValue(`options.${name}`, options[name], "is not supported");
  this._options = options;
  begin(this);
  this.connecting = false;
  this._onread = receiverOf(options?.onread);
  this._handle = null;
  this._reader = null;
  this._writer = null;
  this._wanted = false; // somebody waits for bytes
  this._reading = false;
  this._timer = undefined;
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);

/** Gives a socket the state of one that has not been connected. */
function begin(socket) {
  const options = socket._options;
  Duplex.call(socket, {
    ...(typeof options === "object" ? options : undefined),
    allowHalfOpen: options?.allowHalfOpen === true,
    autoDestroy: true,
    emitClose: false, // it tells of an error, too
    decodeStrings: true,
    objectMode: false,
    read: undefined,
    write: undefined,
  });
  socket.bytesRead = 0;
  socket._sentBytes = 0;
}

/** Has a socket that has closed be one that may connect, whose reader finds what it has set. */
function beginAnew(socket) {
  const { decoder, encoding, flowing } = socket._readableState;
  begin(socket);
  Object.assign(socket._readableState, { decoder, encoding, flowing });
}

/** What takes bytes in the place of "data": a function that says whether it wants more. */
function receiverOf(onread) {
  if (onread === null || typeof onread !== "object") return undefined;
  const { buffer, callback } = onread;
  if (!(buffer instanceof Uint8Array || typeof buffer === "function")) return undefined;
  if (typeof callback !== "function") return undefined;
  return (bytes) => {
    let wantsMore = true;
    for (let at = 0; at < bytes.length;) {
      const room = typeof buffer === "function" ? buffer() : buffer;
      const piece = bytes.subarray(at, at + room.length);
      room.set(piece);
      at += piece.length;
      if (callback(piece.length, room) === false) wantsMore = false;
    }
    return wantsMore;
  };
}

/** `(options, listener)`, `(port, host, listener)`: what the functions that connect are given. */
export function _normalizeArgs(args) {
  const listener = typeof args.at(-1) === "function" ? args.at(-1) : null;
  const [first, second] = args;
  if (first !== null && typeof first === "object") return [first, listener];
  if (typeof first === "string" && Number.isNaN(Number(first))) return [{ path: first }, listener];
  return [{ port: first, host: typeof second === "string" ? second : undefined }, listener];
}

Object.assign(Socket.prototype, {
  connect(...args) {
    const [options, listener] = _normalizeArgs(Array.isArray(args[0]) ? args[0] : args);
    if (listener !== null) this.once("connect", listener);
    if (options.path !== undefined)
      throw nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", "Workers have no Unix sockets");
    if (options.port === undefined) {
      const message = 'The "options" or "port" or "path" argument must be specified';
      throw nodeError(TypeError, "ERR_MISSING_ARGS", message);
    }
    if (typeof options.port !== "number" && typeof options.port !== "string")
      throw invalidType("options.port", ["number", "string"], options.port);
    const port = portOf(options.port);
    const { host = "localhost", localAddress, localPort, lookup } = options;
    if (localAddress && !isIP(localAddress))
      throw nodeError(
        TypeError,
        "ERR_INVALID_IP_ADDRESS",
        `Invalid IP address: ${localAddress}`,
      );
    if (localPort !== undefined && typeof localPort !== "number")
      throw invalidType("options.localPort", "number", localPort);
    if (lookup !== undefined) requireFunction(lookup, "options.lookup");
    const { autoSelectFamily, autoSelectFamilyAttemptTimeout: patience } = options;
    if (autoSelectFamily !== undefined) requireBoolean(autoSelectFamily, "options.autoSelectFamily");
    if (patience !== undefined)
      requireInteger(patience, "options.autoSelectFamilyAttemptTimeout", 1, MAX_DELAY);
    if (this.destroyed) beginAnew(this);
    this.connecting = true;
    this._host = host;
    this._port = port;
    // A certificate is for the name, which the runtime then looks up itself.
    if (lookup === undefined || isIP(host) || options._secureTransport !== undefined)
      this._open(host, options);
    else this._lookUp(host, options);
    return this;
  },

  _lookUp(host, options) {
    const { family = 0, hints = 0, lookup } = options;
    lookup(host, { family, hints, all: false }, (error, found, foundFamily) => {
      const [address, kind] = Array.isArray(found)
        ? [found[0]?.address, found[0]?.family]
        : [found, foundFamily];
      this.emit("lookup", error, address, kind, host);
      if (!this.connecting) return;
      if (error) nextTick(() => this.destroy(error));
      else this._open(address, options);
    });
  },

  _open(host, { _secureTransport: secureTransport = "starttls" }) {
    const hostname = host.includes(":") ? `[${host}]` : host;
    try {
      this._attach(open({ hostname, port: this._port }, { allowHalfOpen: true, secureTransport }));
    } catch (error) {
      nextTick(() => this.destroy(error));
    }
  },

  /** Goes on with a socket of `cloudflare:sockets`. */
  _attach(handle) {
    this.connecting = true;
    this._handle = handle;
    this._reader = handle.readable.getReader();
    this._writer = handle.writable.getWriter();
    this._writer.closed.catch(() => {});
    this._reader.closed.catch(() => {});
    handle.opened.then(
      () => {
        if (this.destroyed) return;
        this.connecting = false;
        this._refresh();
        this.emit("connect");
        this.emit("ready");
        if (this._wanted) this._pull();
        else if (!this.isPaused()) this.read(0);
      },
      (error) => this.destroy(lostConnection(error, this)),
    );
  },

  /** Gives the connection away, to what makes TLS of it. */
  _detach() {
    const handle = this._handle;
    this._handle = null;
    this._reader.releaseLock();
    this._writer.releaseLock();
    return handle;
  },

  _read() {
    this._wanted = true;
    if (!this.connecting && this._handle !== null) this._pull();
  },

  async _pull() {
    if (this._reading) return;
    this._reading = true;
    this._wanted = false;
    const reader = this._reader;
    try {
      const { value, done } = await reader.read();
      if (reader !== this._reader || this.destroyed || this._handle === null) return;
      this._reading = false;
      this._refresh();
      if (done) {
        this.push(null);
        this.read(0); // for "end", where nobody reads since nothing has come
        return;
      }
      this.bytesRead += value.byteLength;
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      if (this._onread === undefined) this.push(bytes);
      else if (this._onread(bytes)) this._read();
      else this.pause();
    } catch (error) {
      if (this._handle !== null) this.destroy(lostConnection(error, this));
    }
  },

  _write(chunk, encoding, callback) {
    this._sentBytes += chunk.length;
    if (!this.connecting) {
      this._send(chunk, callback);
      return;
    }
    const onConnect = () => {
      this.off("close", onClose);
      this._send(chunk, callback);
    };
    const onClose = () => {
      this.off("connect", onConnect);
      const message = "Socket closed before the connection was established";
      callback(nodeError(Error, "ERR_SOCKET_CLOSED_BEFORE_CONNECTION", message));
    };
    this.once("connect", onConnect);
    this.once("close", onClose);
  },

  _send(chunk, callback) {
    if (this._handle === null) return void callback(closed());
    this._writer.write(chunk).then(
      () => {
        this._refresh();
        callback();
      },
      (error) => callback(lostConnection(error, this)),
    );
  },

  _final(callback) {
    if (this.connecting) return void this.once("connect", () => this._final(callback));
    if (this._handle === null) return void callback();
    this._writer.close().then(
      () => callback(),
      () => callback(),
    );
  },

  _destroy(error, callback) {
    clearTimeout(this._timer);
    this.connecting = false;
    const handle = this._handle;
    this._handle = null;
    if (handle !== null) {
      this._reader.cancel().catch(() => {});
      handle.close().catch(() => {});
    }
    callback(error);
    nextTick(() => this.emit("close", Boolean(error)));
  },

  destroySoon() {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  },

  resetAndDestroy() {
    if (this.connecting) return this.once("connect", () => this.destroy());
    return this.destroy(this._handle === null ? closed() : null);
  },

  setTimeout(milliseconds, callback = undefined) {
    requireDelay(milliseconds, "msecs");
    if (callback !== undefined) {
      requireFunction(callback, "callback");
      if (milliseconds === 0) this.removeListener("timeout", callback);
      else this.once("timeout", callback);
    }
    this.timeout = milliseconds;
    this._refresh();
    return this;
  },

  _refresh() {
    clearTimeout(this._timer);
    if (this.timeout) this._timer = setTimeout(() => this.emit("timeout"), this.timeout);
  },

  address() {
    return {};
  },

  setKeepAlive() {
    return this;
  },
  setNoDelay() {
    return this;
  },
  ref() {
    return this;
  },
  unref() {
    return this;
  },
});

for (const [name, get] of Object.entries({
  _connecting() {
    return this.connecting;
  },
  bytesWritten() {
    const waiting = this.writableBuffer ?? [];
    return waiting.reduce((sum, { chunk }) => sum + chunk.length, this._sentBytes);
  },
  localAddress() {
    return this._handle === null ? undefined : "0.0.0.0"; // nothing tells
  },
  localPort() {
    return this._handle === null ? undefined : 0;
  },
  localFamily() {
    return this._handle === null ? undefined : "IPv4";
  },
  pending() {
    return this._handle === null || this.connecting;
  },
  readyState() {
    if (this.connecting) return "opening";
    if (this.readable && this.writable) return "open";
    if (this.readable) return "readOnly";
    return this.writable ? "writeOnly" : "closed";
  },
  remoteAddress() {
    return this._handle === null ? undefined : this._host;
  },
  remotePort() {
    return this._handle === null ? undefined : this._port;
  },
  remoteFamily() {
    return this._handle === null ? undefined : isIPv6(this._host) ? "IPv6" : "IPv4";
  },
  bufferSize() {
    return this.writableLength;
  },
}))
  Object.defineProperty(Socket.prototype, name, { get, configurable: true });

const closed = () => nodeError(Error, "ERR_SOCKET_CLOSED", "Socket is closed");

/** What a stream of the platform says, with a code as connections have it in Node.js. */
function lostConnection(error, socket) {
  const { connecting, _host: address, _port: port } = socket;
  const [syscall, code] = connecting ? ["connect", "ECONNREFUSED"] : ["read", "ECONNRESET"];
  const message = connecting ? `connect ECONNREFUSED ${address}:${port}` : "read ECONNRESET";
  return Object.assign(new Error(message, { cause: error }), { code, syscall, address, port });
}

export function connect(...args) {
  const [options] = _normalizeArgs(args);
  const socket = new Socket(options);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(...args);
}
export { connect as createConnection, Socket as Stream };

let selectsFamily = true;
const MIN_FAMILY_TIMEOUT = 10;
let familyTimeout = 250;
export const getDefaultAutoSelectFamily = () => selectsFamily;
export function setDefaultAutoSelectFamily(value) {
  requireBoolean(value, "value");
  selectsFamily = value;
}
export const getDefaultAutoSelectFamilyAttemptTimeout = () => familyTimeout;
export function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  requireInteger(value, "value", 1, MAX_DELAY);
  familyTimeout = Math.max(MIN_FAMILY_TIMEOUT, value);
}

/** A server that cannot listen. */
export class Server extends EventEmitter {
  constructor(options = undefined, listener = undefined) {
    super();
    const onConnection = typeof options === "function" ? options : listener;
    if (onConnection) this.on("connection", onConnection);
  }

  listen() {
    const message = "Nobody can connect to a Worker: net.Server does not listen";
    throw nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", message);
  }

  address() {
    return null;
  }

  close(callback = undefined) {
    if (callback) nextTick(callback);
    return this;
  }

  get listening() {
    return false;
  }
}
export const createServer = (options = undefined, listener = undefined) =>
  new Server(options, listener);

export default {
  BlockList,
  SocketAddress,
  _normalizeArgs,
  connect,
  createConnection: connect,
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  isIPv4,
  isIPv6,
  Server,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
  Socket,
  Stream: Socket,
};
