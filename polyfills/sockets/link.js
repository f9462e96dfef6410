// One end of a WebSocket connection, below the WebSocket object.
//
// The two ends of a pair begin in this isolate: what one is told to send is queued as a turn
// of the other's context. When one end leaves the isolate, with a response, the host takes its
// place (`moveToHost`), and the end that stays goes by a number of the host's.
//
// Invariants: what arrives is delivered in order, as turns of the context that has accepted
// the end; until it is accepted, it waits. Nothing arrives after a close or a loss.

import {
  socket_accept,
  socket_close,
  socket_drop,
  socket_join,
  socket_open,
  socket_send,
  socket_taken,
} from "holdfast:ops";
import { setCurrentContext } from "../kernel/current.js";
import { requireContext } from "../kernel/pending.js";
import { lazily } from "../kernel/lazy.js";
import { reportException } from "../kernel/report.js";
import { queueTurn } from "../kernel/turns.js";
import { links } from "./links.js";

const hibernation = lazily("objects/hibernation.js");

const NO_STATUS = 1005;
const LOST = "Network connection lost.";

// An end that nobody can reach any more, and that nobody has accepted.
const abandoned = new FinalizationRegistry(socket_drop);

export class SocketLink {
  number = 0; // at the host; 0 while the other end is in this isolate, too
  peer = null; // the other end, while it is in this isolate
  receiver = null; // takes what arrives: message(data), closed(code, reason), lost(reason)
  context = null; // in which the receiver lives
  #inbox = [];
  #queued = 0; // arrivals that wait for their turn
  #isOver = false;
  #release = null; // lets go of what keeps the context alive
  // By which the registry knows this end. The engine keeps it, and would keep an end that is its own.
  #token = null;

  /** Two ends that are joined. */
  static pair() {
    const one = new SocketLink();
    const other = new SocketLink();
    one.peer = other;
    other.peer = one;
    return [one, other];
  }

  /** The end that goes by this number at the host. */
  static fromHost(number) {
    const link = new SocketLink();
    link.number = number;
    abandoned.register(link, number, (link.#token = {}));
    return link;
  }

  // ---- sending --------------------------------------------------------------------

  /** Send a string, or bytes that nobody changes any more. */
  send(data) {
    if (this.number === 0) {
      this.peer?.arrive({ data });
      return;
    }
    const near = socket_send(this.number, data);
    if (near !== undefined) this.#tellNear(near, data);
  }

  // The other end is in this isolate, too: see the host's `overhear`.
  #tellNear(near, data) {
    if (typeof near === "string") this.arrive({ data: near });
    else if (near > 0) links.get(near)?.arrive({ data });
    else hibernation().queueMessage(-near, data);
  }

  close(code, reason) {
    if (this.number !== 0) socket_close(this.number, code ?? NO_STATUS, reason);
    else this.peer?.arrive({ close: { code: code ?? NO_STATUS, reason } });
  }

  /** Break the connection off. */
  drop() {
    if (this.#isOver) return;
    if (this.number !== 0) socket_drop(this.number);
    else this.peer?.arrive({ lost: "" });
    this.end();
  }

  // ---- receiving ------------------------------------------------------------------

  /** Give what has arrived, and what will, to `receiver` in turns of the running context. */
  start(receiver) {
    this.receiver = receiver;
    this.context = requireContext();
    (this.context.life.sockets ??= new Set()).add(this);
    if (this.number === 0 && this.peer.number !== 0) this.#joinHost();
    if (this.number !== 0) this.#listen();
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const arrival of inbox) this.#queue(arrival);
    this.#keepAlive();
    this.peer?.#keepAlive();
  }

  #listen() {
    if (this.#token !== null) abandoned.unregister(this.#token);
    links.set(this.number, this);
    if (!socket_accept(this.number, this.context.life.slot ?? 0)) this.arrive({ lost: "" });
  }

  // The other end is one that the host keeps for an object.
  #joinHost() {
    this.number = socket_join(this.peer.number);
    this.peer.peer = null;
    this.peer = null;
  }

  #queue(arrival) {
    this.#queued++;
    arrival.wasQueued = true;
    queueTurn(this.context, deliver, arrival);
  }

  /** Something has come from the other end. */
  arrive(arrival) {
    if (this.#isOver) return;
    arrival.link = this;
    if (this.receiver === null) this.#inbox.push(arrival);
    else this.#queue(arrival);
  }

  /** A message has come, in a turn of its own. True if it has to wait here. */
  messageFromHost(data) {
    const { context } = this;
    if (this.#queued === 0 && (context.gate === null || context.gate.admits(context))) {
      setCurrentContext(context);
      try {
        this.receiver.message(data);
      } catch (error) {
        reportException(error, context);
      }
      return undefined;
    }
    const arrival = { link: this, data, isHeld: true, wasQueued: false };
    if (this.#queued > 0) this.#queue(arrival);
    else context.gate.hold(context, deliver, arrival);
    return true;
  }

  /** Called in `deliver`. */
  take(arrival) {
    if (arrival.wasQueued) this.#queued--;
    if (this.#isOver) return;
    if (arrival.data !== undefined) {
      if (arrival.isHeld) socket_taken(this.number);
      this.receiver.message(arrival.data);
    } else if (arrival.close !== undefined) {
      this.receiver.closed(arrival.close.code, arrival.close.reason);
    } else {
      this.end();
      this.receiver.lost(arrival.lost);
    }
  }

  // ---- lifetime -------------------------------------------------------------------

  // What may bring messages from outside keeps the event or the object alive that waits
  // for them; a pair within the same one does not.
  #keepAlive() {
    if (this.#isOver || this.#release !== null || this.receiver === null) return;
    const { life } = this.context;
    const other = this.peer;
    if (this.number === 0 && (other === null || other.receiver === null)) return;
    if (this.number === 0 && other.context.life === life) return;
    const { promise, resolve } = Promise.withResolvers();
    this.#release = resolve;
    life.pendingOps++;
    this.context.waitUntil?.(promise);
  }

  /** True while its event or object lives for what may come. */
  get keepsAlive() {
    return this.#release !== null && !this.#isOver;
  }

  /** Nothing comes or goes any more. */
  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#inbox = [];
    if (this.number !== 0) links.delete(this.number);
    if (this.context !== null) this.context.life.sockets.delete(this);
    if (this.#release !== null) {
      this.context.life.pendingOps--;
      this.#release();
    }
  }

  // ---- hibernation ----------------------------------------------------------------

  /** Whether this is an end of a pair whose other end was neither accepted nor given away. */
  get isFree() {
    const { peer } = this;
    if (this.number !== 0 || peer === null || peer.number !== 0) return false;
    return peer.receiver === null && !peer.#isOver;
  }

  /** Leave this end to the host, which gives it to an object by this number. */
  keepAsleep(number) {
    this.number = number;
    this.#inbox = [];
  }

  /** The end of this number, which the host keeps for an object. */
  static awake(number) {
    const link = new SocketLink();
    link.number = number;
    return link;
  }

  // ---- leaving the isolate --------------------------------------------------------

  /**
   * Give this end away, which nobody has accepted: the number under which the host finds who
   * the receiver is to be joined with.
   */
  moveToHost() {
    this.#isOver = true;
    if (this.number !== 0) {
      links.delete(this.number);
      if (this.#token !== null) abandoned.unregister(this.#token);
      return this.number;
    }
    const stays = this.peer;
    if (stays.#isOver) throw new Error(LOST);
    if (stays.number !== 0) {
      stays.peer = null;
      return stays.number;
    }
    stays.#becomeHosted(socket_open());
    for (const arrival of this.#inbox) stays.#sendAgain(arrival);
    return stays.number;
  }

  #becomeHosted(number) {
    this.number = number;
    this.peer = null;
    abandoned.register(this, number, (this.#token = {}));
    if (this.receiver === null) return;
    this.#listen();
    this.#keepAlive();
  }

  #sendAgain({ data, close }) {
    if (data !== undefined) this.send(data);
    else if (close !== undefined) this.close(close.code, close.reason);
    else this.drop();
  }
}

function deliver(arrival) {
  const { link } = arrival;
  arrival.link = null;
  link.take(arrival);
}
