// Connections over TCP, which the host makes.

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
import { requireContext } from "../kernel/pending.js";

/** A connection for a Socket (socket.js). */
export class TcpConnection {
  #number;
  #hostname;
  #port;

  /**
   * `made` has the host's number of it and the handle of what it receives. With `connects` it is to
   * be connected yet.
   */
  constructor(made, { hostname, port }, { connects }) {
    const [number, handle] = made.split("\n").map(Number);
    this.#number = number;
    this.#hostname = hostname;
    this.#port = port;
    this.readable = streamOfBody(bodyFromHost(handle));
    const { life, outputGate } = requireContext();
    const gate = connects ? outputGate?.wait() : undefined;
    if (gate !== undefined) {
      gate.then(() => tcp_connect(number), () => tcp_drop(number));
    } else if (connects) {
      tcp_connect(number);
    }
    const ending = { drop: () => tcp_forget(number) };
    (life.connections ??= new Set()).add(ending);
    const addresses = { remoteAddress: `${hostname}:${port}`, localAddress: undefined };
    this.opened = tcp_opened(number).then(() => addresses);
    this.closed = tcp_closed(number).finally(() => life.connections.delete(ending));
  }

  write(bytes) {
    return tcp_write(this.#number, bytes);
  }

  end() {
    return tcp_end(this.#number);
  }

  drop() {
    return tcp_drop(this.#number);
  }

  startTls(hostname = this.#hostname) {
    const made = tcp_start_tls(this.#number, hostname);
    const address = { hostname: this.#hostname, port: this.#port };
    return new TcpConnection(made, address, { connects: false });
  }
}
