// Who waits for the answer to a request, and may leave before it comes. `request.signal` tells of
// that where the script asks for it by the flag `enable_request_signal`; subrequests made of the
// request follow where it has `request_signal_passthrough`, too.
// https://developers.cloudflare.com/workers/configuration/compatibility-flags/#enable-requestsignal-for-incoming-requests
//
// What a client leaves behind goes on. Whom the event has asked for the client's sake is told as
// well, unless the event has work of its own left (`waitUntil`).

import { DOMException } from "../language/dom-exception.js";
import { call_abandon, request_signals } from "holdfast:ops";
import {
  addAbortAlgorithm,
  createAbortSignal,
  removeAbortAlgorithm,
  signalAbort,
} from "../events/abort.js";
import { requestRecord } from "../fetch/request.js";
import { lastOp } from "../kernel/pending.js";
import { queueTurn } from "../kernel/turns.js";


const NONE = 0;
const PASSED_ON = 2;
const LEFT = "The client has disconnected";

const clients = { event: new Map(), call: new Map() }; // by the host's number of either
let signals; // what the script asks for

/** The client of a request, unless the script does not want to know. `context` answers it. */
export function clientOf(request, context) {
  signals ??= request_signals();
  return signals === NONE ? null : new Client(requestRecord(request), context);
}

class Client {
  #context;
  #signal = null;
  #hasLeft = false;
  #callees = new Set();
  #release = null;

  constructor(record, context) {
    this.#context = context;
    if (signals === PASSED_ON) record.signal = this.signal;
    else record.client = this;
  }

  /** The request's signal; see Request. */
  get signal() {
    if (this.#signal === null) {
      this.#signal = createAbortSignal();
      if (this.#hasLeft) this.#abort();
    }
    return this.#signal;
  }

  /** Let the host tell that it has left, until it is answered. `kind`: "event" or "call". */
  known(kind, number) {
    clients[kind].set(number, this);
    this.#release = () => clients[kind].delete(number);
    return this;
  }

  /** The context asks somebody for the client's sake: `leave()` tells them that it has left. */
  asks(leave, answer) {
    this.#callees.add(leave);
    const forget = () => this.#callees.delete(leave);
    answer.then(forget, forget);
  }

  /** It has its answer, or the beginning of one. */
  answered() {
    this.#release?.();
  }

  /** It waits no more. */
  leave() {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#context.hold?.();
    queueTurn(this.#context, () => {
      if (this.#signal !== null) this.#abort();
      this.#context.release?.();
      if (this.#context.outliveClient?.() === false) for (const leave of this.#callees) leave();
    });
  }

  #abort() {
    signalAbort(this.#signal, new DOMException(LEFT, "AbortError"));
  }
}

/**
 * Have `leave()` tell the callee where `caller`, who waits for `answer`, stops to: by `signal`, or
 * with a client of its own.
 */
export function tellOfClient(leave, caller, signal, answer) {
  if (signal !== undefined) {
    addAbortAlgorithm(signal, leave);
    const forget = () => removeAbortAlgorithm(signal, leave);
    answer.then(forget, forget);
  }
  caller.client?.asks(leave, answer);
}

/** The same of the op that was started last. */
export function tellHostOfClient(caller, signal, answer) {
  if (signal === undefined && !caller.client) return;
  const number = lastOp();
  tellOfClient(() => call_abandon(number), caller, signal, answer);
}

/** Entry point: the client of an event, or the caller of an object, has left. */
export function clientLeft(kind, number) {
  clients[kind].get(number)?.leave();
}
