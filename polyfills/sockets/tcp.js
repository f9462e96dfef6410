// Socket, what `connect()` of `cloudflare:sockets` gives:
// https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/#socket

import {
  tcp_closed,
  tcp_connect,
  tcp_drop,
  tcp_end,
  tcp_forget,
  tcp_opened,
  tcp_start_tls,
  tcp_write,
} from "holdfast:ops";
import { bodyFromHost, streamOfBody } from "../fetch/body-sources.js";
import { copyBytes } from "../kernel/buffers.js";
import { passOutputGate, requireContext } from "../kernel/pending.js";
import { defineInterface, isObject } from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { cancelStream, isLocked } from "../streams/host-stream.js";
import { WritableStream } from "../streams/writable.js";

let make;

/** A TCP connection as two streams. */
export class Socket {
  #number;
  #settings;
  #readable;
  #writable;
  #controller;
  #opened;
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
    make = (made, settings, connects) => {
      Socket.#allowed = true;
      const socket = new Socket();
      socket.#begin(made, settings, connects);
      return socket;
    };
  }

  #begin(made, settings, connects) {
    const [number, handle] = made.split("\n").map(Number);
    this.#number = number;
    this.#settings = settings;
    this.#readable = streamOfBody(bodyFromHost(handle));
    this.#writable = new WritableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        write: (chunk) => (this.#written = this.#write(chunk)),
        close: () => tcp_end(number),
        abort: () => tcp_drop(number),
      },
      { highWaterMark: settings.highWaterMark ?? 1 },
    );
    const { life, outputGate } = requireContext();
    const gate = connects ? outputGate?.wait() : undefined;
    if (gate !== undefined) {
      gate.then(() => tcp_connect(number), () => tcp_drop(number));
    } else if (connects) {
      tcp_connect(number);
    }
    const ending = { drop: () => tcp_forget(number) };
    (life.connections ??= new Set()).add(ending);
    const remoteAddress = `${settings.hostname}:${settings.port}`;
    this.#opened = tcp_opened(number).then(() => ({ remoteAddress, localAddress: undefined }));
    this.#closed = tcp_closed(number).finally(() => life.connections.delete(ending));
    this.#opened.catch((error) => this.#controller.error(error));
    this.#closed.catch(() => {});
  }

  async #write(chunk) {
    const bytes = copyBytes(chunk, "A chunk of a socket");
    await passOutputGate();
    await tcp_write(this.#number, bytes);
  }

  get readable() {
    return this.#readable;
  }

  get writable() {
    return this.#writable;
  }

  /** A promise of `{ remoteAddress }`, kept when the connection is made. */
  get opened() {
    return this.#opened;
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
      await this.#opened.catch(() => {});
      await this.#written.catch(() => {});
      if (!isLocked(this.#readable)) cancelStream(this.#readable);
      this.#controller.error(new TypeError("This WritableStream has been closed."));
      tcp_drop(this.#number);
    }
    return this.#closed.catch(() => {});
  }

  /** Go on with TLS: a new Socket; this one's streams end. */
  startTls(options = undefined) {
    const { hostname, port, secureTransport } = this.#settings;
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
    const made = tcp_start_tls(this.#number, expected === undefined ? hostname : `${expected}`);
    this.#controller.error(new TypeError("This WritableStream belongs to a TLS socket now."));
    const settings = { ...this.#settings, hostname, port, secureTransport: "on" };
    return make(made, settings, false);
  }
}

defineInterface(Socket);
refuseToClone(Socket);

/**
 * The Socket of a connection that the host has made: `made` has its number and the handle of
 * what it receives. With `connects` it is to be connected yet.
 */
export function createSocket(made, settings, { connects }) {
  return make(made, settings, connects);
}
