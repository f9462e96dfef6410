// Connections from one Worker to another, or to an object, by connect() of a service binding or a stub.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/connect/
//
// A connection is a call by RPC under a name that no property of a stub has. It takes along what the
// caller sends and where it receives, as streams, and lasts for as long as the handler's promise.

import { CONNECT } from "holdfast:constants";
import { requireContext } from "../kernel/pending.js";
import { reportException } from "../kernel/report.js";
import { readAddress, readOptions } from "../modules/cloudflare-sockets.js";
import { callRemote } from "../rpc/stub.js";
import { HostWriter } from "../streams/host-writer.js";
import { IdentityTransformStream } from "../streams/identity.js";
import { WritableStream } from "../streams/writable.js";
import { createSocket } from "./socket.js";

const { apply } = Reflect;
const NOT_ACCEPTED = "proxy request failed, cannot connect to the specified address";
const OF_HTTP =
  ". It looks like you might be trying to connect to a HTTP-based service — consider using fetch instead";
const NO_HANDLER = "Handler does not export a connect() function.";
const NO_TLS = "Incoming CONNECT with TLS not supported";
const LOST = "Network connection lost.";
const CALLER_LEFT = "Can't read from request stream because client disconnected.";

/** One end of a connection, for a Socket. */
class WorkerConnection {
  #writer;
  #closed = Promise.withResolvers();
  #failure = undefined; // why nothing can be written any more

  constructor(readable, writable, opened) {
    this.readable = readable;
    this.#writer = new HostWriter(writable);
    this.opened = opened;
    this.opened.catch(() => {});
    this.closed = this.#closed.promise;
  }

  async write(bytes) {
    if (this.#failure === undefined) {
      try {
        return await this.#writer.write(bytes);
      } catch (error) {
        if (this.#failure === undefined) throw error;
      }
    }
    throw this.#failure;
  }

  async end() {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#writer.close();
  }

  drop() {
    this.#closed.resolve();
    this.#writer.close().catch(() => {}); // which it may be already
  }

  startTls() {
    throw new TypeError(NO_TLS);
  }

  /** The other end is gone: writing fails so from now on. `closed` settles with `error`, if any. */
  lose(failure, error) {
    this.#failure ??= failure;
    if (error === undefined) this.#closed.resolve();
    else this.#closed.reject(error);
    this.#writer.close().catch(() => {});
  }
}

/** Connect to what a source of calls leads to (rpc/stub.js); a Socket at once. Throws TypeError. */
export function connectToWorker(source, address, options) {
  const { hostname, port } = readAddress(address);
  const { secureTransport, highWaterMark } = readOptions(options);
  if (secureTransport === "on") throw new Error(NO_TLS);
  const authority = typeof address === "object" ? `${address.hostname}:${port}` : `${address}`;
  requireContext();
  const [sent, received] = [new IdentityTransformStream(), new IdentityTransformStream()];
  const receiving = new HostWriter(received.writable);
  const opening = Promise.withResolvers();
  const addresses = { remoteAddress: authority, localAddress: undefined };
  let isOpen = false;
  const accepted = () => {
    isOpen = true;
    opening.resolve(addresses);
  };
  const connection = new WorkerConnection(received.readable, sent.writable, opening.promise);
  callRemote(source, [CONNECT], [authority, sent.readable, receiver(receiving), accepted]).then(
    () => connection.lose(new Error(LOST)),
    () => {
      const why = port === 80 || port === 443 ? NOT_ACCEPTED + OF_HTTP : NOT_ACCEPTED;
      const failure = isOpen ? undefined : new Error(why);
      opening.reject(failure);
      connection.lose(failure ?? new Error(LOST), failure);
      receiving.close().catch(() => {});
    },
  );
  return createSocket(connection, { hostname, port, secureTransport, highWaterMark });
}

/** What the other end writes to: however it leaves, that is the end of what is received. */
function receiver(writer) {
  return new WritableStream({
    write: (bytes) => writer.write(bytes),
    close: () => writer.close(),
    abort: () => writer.close(),
  });
}

// The caller is told no more than that the connection has ended.
function reported(error) {
  reportException(error);
  return error;
}

/**
 * Give the connection that a call brings to the handler of `object`; `given` is what came with it,
 * `argumentsFor` as RpcCall has it. A promise that settles as the handler's does.
 */
export async function acceptConnection(object, [authority, readable, writable, accepted], argumentsFor) {
  const handler = object.connect;
  if (typeof handler !== "function") throw reported(new Error(NO_HANDLER));
  const addresses = { remoteAddress: undefined, localAddress: authority };
  const connection = new WorkerConnection(readable, writable, Promise.resolve(addresses));
  const socket = createSocket(connection, { secureTransport: "off" });
  const args = argumentsFor === undefined ? [socket] : argumentsFor(handler, ["connect"], [socket]);
  accepted().catch(() => {});
  try {
    await apply(handler, object, args);
  } catch (error) {
    throw reported(error);
  } finally {
    const gone = new TypeError(CALLER_LEFT);
    connection.lose(gone, gone);
  }
}
