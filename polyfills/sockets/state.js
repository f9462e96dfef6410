// What is behind a WebSocket object: which phase it is in, and what passes through it.
//
// Sockets of three kinds share it. Those of a pair and of fetch() behave as workerd's do,
// those of `new WebSocket()` as the standard says (`isClient`), and those that a Durable
// Object has accepted for hibernation tell the object instead of dispatching events.

import { socket_answers_closes, socket_receives_blobs, socket_waiting } from "holdfast:ops";
import { dispatchTrusted, dispatchUntilThrown } from "../events/event-target.js";
import { CloseEvent, ErrorEvent, messageEvent } from "../events/event-types.js";
import { Event } from "../events/event.js";
import { blobFromBytes } from "../files/blob.js";
import { passOutputGate, requireContext } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";
import { encodeUtf8 } from "../encoding/utf8.js";

export const CONNECTING = 0; // `new WebSocket()`, before the handshake is done
export const WAITING = 1; // for accept(), acceptWebSocket() or a response
export const ACCEPTED = 2;
export const RELEASED = 3; // it was given away, or the connection is over

const NO_CLOSE_FRAME = "WebSocket disconnected without sending Close frame.";

// The script's compatibility date decides.
const binaryType = socket_receives_blobs() ? "blob" : "arraybuffer";
const allowHalfOpen = !socket_answers_closes();

let forgetSent;

export class SocketState {
  phase = WAITING;
  isClient = false;
  isHibernatable = false;
  url = null;
  protocol = "";
  extensions = "";
  origin = "";
  binaryType = binaryType;
  allowHalfOpen = allowHalfOpen;
  closedIncoming = false;
  closedOutgoing = false;
  error = null;
  attachment = undefined; // serialized
  tags = null; // of one that was accepted for hibernation
  #outgoing = null; // { item, gate } that wait for the output gate
  #isTelling = false; // that the other side has closed
  #lateBytes = 0; // given to send() after the end; they count as buffered for ever
  #newBytes = 0; // given to send() in the running turn; they count as buffered until it ends

  constructor(socket, link) {
    this.socket = socket;
    this.link = link;
  }

  /** Whether both sides have said that they will send no more, and the script knows. */
  get hasClosed() {
    return this.closedIncoming && this.closedOutgoing && !this.#isTelling;
  }

  get readyState() {
    if ((this.closedIncoming && this.closedOutgoing) || this.error !== null) return 3;
    if (this.closedIncoming || this.closedOutgoing) return 2;
    return this.phase === CONNECTING ? 0 : 1;
  }

  /** Listen from now on, in the running context. */
  accept() {
    this.phase = ACCEPTED;
    this.link.start(this);
  }

  // ---- sending --------------------------------------------------------------------

  /** Send a message, or `{ code, reason }` for a close, when the output gate lets it pass. */
  transmit(item) {
    const gate = passOutputGate();
    gate?.catch(nothing); // it may break while an earlier one is waited for
    if (this.#outgoing !== null) this.#outgoing.push({ item, gate });
    else if (gate === undefined) this.#pass(item);
    else this.#passLater({ item, gate });
  }

  async #passLater(first) {
    const queue = (this.#outgoing = [first]);
    try {
      for (let entry; (entry = queue[0]) !== undefined; queue.shift()) {
        if (entry.gate !== undefined) await entry.gate;
        this.#pass(entry.item);
      }
    } catch {
      this.link.drop();
    }
    this.#outgoing = null;
  }

  #pass(item) {
    const { link } = this;
    if (typeof item === "string" || item instanceof Uint8Array) {
      link.send(item);
    } else {
      link.close(item.code, item.reason);
      if (this.closedIncoming) link.end();
    }
  }

  /**
   * Bytes that were sent and not yet handed to the network, as of the beginning of the turn.
   * https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
   */
  get bufferedAmount() {
    let bytes = 0;
    for (const { item } of this.#outgoing ?? []) bytes += sizeOf(item);
    if (this.link?.number > 0) bytes += socket_waiting(this.link.number);
    return this.#lateBytes + Math.max(bytes, this.#newBytes);
  }

  /** Note what was sent, for a script that asks for `bufferedAmount` right after. */
  noteSent(message) {
    if (this.#newBytes === 0) queueTurn(requireContext(), forgetSent, this);
    this.#newBytes += sizeOf(message);
  }

  static {
    forgetSent = (state) => {
      state.#newBytes = 0;
    };
  }

  /** A message was sent after the end: it counts and goes nowhere. */
  sentTooLate(message) {
    this.#lateBytes += sizeOf(message);
  }

  // ---- receiving: see SocketLink ----------------------------------------------------

  message(data) {
    if (typeof data !== "string") {
      data = this.binaryType === "blob" ? blobFromBytes(data, "") : data.buffer;
    }
    const ended = dispatchUntilThrown(this.socket, messageEvent(data, this.origin));
    if (ended !== null) this.#breakOff(ended.thrown);
  }

  // A listener has failed: what it was to take in is lost, so nothing more is to come, as in workerd.
  #breakOff(error) {
    this.phase = RELEASED;
    this.closedIncoming = true;
    this.link.drop();
    this.fail(error);
  }

  closed(code, reason) {
    this.closedIncoming = true;
    if (!this.allowHalfOpen && !this.closedOutgoing) this.answerClose(code, reason);
    else if (this.closedOutgoing && this.#outgoing === null) this.link.end();
    this.#isTelling = true;
    dispatchTrusted(this.socket, new CloseEvent("close", { code, reason, wasClean: true }));
    this.#isTelling = false;
  }

  /** Close as the other side did, unless that has happened already. */
  answerClose(code, reason) {
    if (this.closedOutgoing) return;
    this.closedOutgoing = true;
    this.transmit({ code: code === 1005 ? undefined : code, reason });
  }

  lost(reason) {
    this.phase = RELEASED;
    if (this.closedIncoming) return;
    this.closedIncoming = true;
    if (reason !== "") {
      this.fail(new Error(reason));
      if (!this.isClient) return;
    }
    if (this.isClient) this.closedOutgoing = true;
    this.#dispatchLoss(this.isClient ? "" : NO_CLOSE_FRAME);
  }

  #dispatchLoss(reason) {
    const event = new CloseEvent("close", { code: 1006, reason, wasClean: false });
    dispatchTrusted(this.socket, event);
  }

  /** Tell of a failure, once. */
  fail(error) {
    if (this.error !== null) return;
    this.error = error;
    dispatchTrusted(this.socket, new ErrorEvent("error", { message: `Uncaught ${error}`, error }));
  }

  /** The connection was never made. https://websockets.spec.whatwg.org/#feedback-from-the-protocol */
  failToConnect(error) {
    this.phase = RELEASED;
    this.closedIncoming = this.closedOutgoing = true;
    this.fail(error);
    this.#dispatchLoss("");
  }

  /** The handshake is done. */
  opened(link, protocol, extensions) {
    this.link = link;
    this.protocol = protocol;
    this.extensions = extensions;
    this.accept();
    dispatchTrusted(this.socket, new Event("open"));
  }
}

function nothing() {}

function sizeOf(item) {
  if (typeof item === "string") return encodeUtf8(item).length;
  return item instanceof Uint8Array ? item.length : 0;
}
