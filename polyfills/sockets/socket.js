// Socket, what `connect()` gives:
// https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/#socket

import { copyBytes } from "../kernel/buffers.js";
import { passOutputGate } from "../kernel/pending.js";
import { defineInterface, isObject } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { cancelStream, isLocked } from "../streams/host-stream.js";
import { WritableStream } from "../streams/writable.js";

let make;

/** A connection as two streams. */
export class Socket {
  #connection;
  #settings;
  #writable;
  #controller;
  #closed;
  #isClosing = false;
  #upgraded = false;
  #written = Promise.resolve();
  static #allowed = false;

  constructor() {
    if (!Socket.#allowed) throw new TypeError("Illegal constructor");
    Socket.#allowed = false;
  }

  static {
    make = (connection, settings) => {
      Socket.#allowed = true;
      const socket = new Socket();
      socket.#begin(connection, settings);
      return socket;
    };
  }

  #begin(connection, settings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#writable = new WritableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        write: (chunk) => (this.#written = this.#write(chunk)),
        close: () => connection.end(),
        abort: () => connection.drop(),
      },
      { highWaterMark: settings.highWaterMark ?? 1 },
    );
    this.#closed = connection.closed;
    connection.opened.catch((error) => this.#controller.error(error));
    this.#closed.catch(() => {});
  }

  async #write(chunk) {
    const bytes = copyBytes(chunk, "A chunk of a socket");
    await passOutputGate();
    await this.#connection.write(bytes);
  }

  get readable() {
    return this.#connection.readable;
  }

  get writable() {
    return this.#writable;
  }

  /** A promise of `{ remoteAddress, localAddress }`, kept when the connection is made. */
  get opened() {
    return this.#connection.opened;
  }

  /** A promise that is kept when the connection has ended, and broken when it broke off. */
  get closed() {
    return this.#closed;
  }

  get secureTransport() {
    return this.#settings.secureTransport;
  }

  /** Whether startTls() has taken the connection over. */
  get upgraded() {
    return this.#upgraded;
  }

  /** Send what was written and close both halves; a promise that this has happened. */
  async close() {
    if (!this.#isClosing) {
      this.#isClosing = true;
      await this.opened.catch(() => {});
      await this.#written.catch(() => {});
      if (!isLocked(this.readable)) cancelStream(this.readable);
      this.#controller.error(new TypeError("This WritableStream has been closed."));
      this.#connection.drop();
    }
    return this.#closed.catch(() => {});
  }

  /** Go on with TLS: a new Socket; this one's streams end. */
  startTls(options = undefined) {
    const { secureTransport } = this.#settings;
    if (secureTransport === "on") throw new TypeError("Cannot startTls on a TLS socket.");
    if (this.#isClosing) {
      throw new TypeError("The connection was closed before startTls could be started.");
    }
    if (secureTransport !== "starttls") {
      throw new TypeError(
        "The `secureTransport` socket option must be set to 'starttls' for startTls to be used.",
      );
    }
    if (this.#upgraded) {
      throw new TypeError(
        "startTls has already been called on this socket, or the socket was transferred over RPC.",
      );
    }
    this.#upgraded = true;
    const expected = isObject(options) ? options.expectedServerHostname : undefined;
    const secured = this.#connection.startTls(expected === undefined ? undefined : `${expected}`);
    this.#controller.error(new TypeError("This WritableStream belongs to a TLS socket now."));
    return make(secured, { ...this.#settings, secureTransport: "on" });
  }
}

defineInterface(Socket);
refuseToClone(Socket);

/**
 * The Socket of a connection: `readable`, promises `opened` and `closed`, `write(bytes)` and `end()`
 * of what is sent, `drop()`, which ends both halves, and `startTls(hostname)`, which gives another one.
 */
export function createSocket(connection, settings) {
  return make(connection, settings);
}
