// One event of a Worker: its context, its `waitUntil` promises and its answer.

import {
  event_failed,
  event_finished,
  event_respond,
  event_upgrade,
  memory_exhausted,
} from "holdfast:ops";
import { sendableRecord, socketForHost } from "./crossing.js";
import { rawHeadersOf } from "../fetch/record.js";
import { responseBodyForHost } from "../fetch/transfer.js";
import { describeError, identityOf, isOutOfMemory, isOverload } from "../kernel/errors.js";
import { failCalls } from "../kernel/calls.js";
import { Context } from "../kernel/turns.js";
import { markAsEnd } from "../objects/remote-error.js";
import { releaseHolds } from "../rpc/references.js";
import { cancelOrphans, cancelTimersOf, orphanTimersOf } from "../timers/timers.js";
import { whenSettled } from "./wait-until.js";

const HUNG =
  "The script will never generate a response: its handler waits for a promise that " +
  "nothing under way can settle.";

const ENDED =
  "The destination execution context for this RPC was canceled while the call was still running.";

const ended = markAsEnd(new Error(ENDED)); // clones of it are what callers see
let living = 0; // events that have not ended
const unanswered = new Set();

/**
 * The context of one event. The event lives until it is answered and everything that
 * was given to `waitUntil` has settled; then its timers are cancelled.
 */
export class WorkerEvent extends Context {
  timers = null;
  connections = null; // over TCP, that end with the event
  #number;
  #answered = false;
  #waiting = 0;
  #ended = false;
  quietSweeps = 0; // for how many sweeps in a row nothing was under way

  /** `number` is the host's name for the event. */
  constructor(number) {
    super();
    this.#number = number;
    living++;
    unanswered.add(this);
  }

  /** True once the host has its answer. */
  get isAnswered() {
    return this.#answered;
  }

  /** Keep the event alive until the promise settles. */
  waitUntil(promise) {
    this.#waiting++;
    whenSettled(promise, () => this.#waitsNoMore());
  }

  /** Keep the event alive until as many calls of `release`. */
  hold() {
    this.#waiting++;
  }

  release() {
    this.#waitsNoMore();
  }

  #waitsNoMore() {
    if (this.#ended) return;
    this.#waiting--;
    if (!this.#answered || !this.#isDone) return;
    this.#cleanUpIfDone();
    event_finished(this.#number);
  }

  /** The host's number of the event. */
  get number() {
    return this.#number;
  }

  /** The event has its answer; `send(isDone)` sends it, once. */
  answer(send) {
    if (this.#answered) return;
    this.#answered = true;
    unanswered.delete(this);
    send(this.#isDone);
    this.#cleanUpIfDone();
  }

  /** Answer with what the handler returned: a Response or a promise of one. */
  answerWith(result) {
    let isPromise;
    try {
      isPromise = typeof result?.then === "function";
    } catch (error) {
      this.fail(error);
      return;
    }
    if (isPromise) {
      Promise.resolve(result).then(
        (response) => this.respond(response),
        (error) => this.fail(error),
      );
    } else {
      this.respond(result);
    }
  }

  /** Give the host the response; fails the event where it is none. */
  respond(response) {
    if (this.#answered) return;
    try {
      const record = sendableRecord(response);
      const { status, statusText } = record;
      if (record.webSocket === undefined) {
        const body = responseBodyForHost(record);
        event_respond(this.#number, status, statusText, rawHeadersOf(record), body, this.#isDone);
      } else {
        const socket = socketForHost(record, this.request);
        event_upgrade(this.#number, statusText, rawHeadersOf(record), socket, this.#isDone);
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#answered = true;
    unanswered.delete(this);
    this.#cleanUpIfDone();
  }

  /** Answer with an error: the client sees a plain 500 or 503, the log the whole of it. */
  fail(error) {
    this.answer((isDone) => {
      if (isOutOfMemory(error)) memory_exhausted();
      const flags = isOverload(error) ? "overloaded" : "";
      event_failed(this.#number, ...identityOf(error), describeError(error), isDone, flags);
    });
  }

  /** End the event, whatever it still waits for. */
  abort(error) {
    this.fail(markAsEnd(error));
    if (this.#ended) return;
    this.#waiting = 0;
    this.#end(error);
    event_finished(this.#number);
  }

  // Nothing that the event started is awaited any more.
  get #isDone() {
    return this.#waiting === 0;
  }

  #end(error = ended) {
    this.#ended = true;
    living--;
    this.error = error;
    if (this.calls !== null) failCalls(this, error);
    if (this.holds !== null) releaseHolds(this);
  }

  #cleanUpIfDone() {
    if (!this.#isDone) return;
    if (!this.#ended) this.#end();
    if (this.connections !== null) for (const connection of this.connections) connection.drop();
    if (living === 0) {
      if (this.timers !== null) cancelTimersOf(this);
      cancelOrphans();
    } else if (this.timers !== null) {
      orphanTimersOf(this);
    }
  }
}

/** The events that have no answer yet. */
export function unansweredEvents() {
  return unanswered;
}

/**
 * Entry point, at even intervals: fail the events that nothing under way could have
 * answered for `hungSweeps` intervals. Another event might have, so they get that long.
 */
export function sweepEvents(hungSweeps) {
  for (const event of unanswered) {
    event.quietSweeps = event.pendingOps === 0 ? event.quietSweeps + 1 : 0;
    if (event.quietSweeps > hungSweeps) event.fail(new Error(HUNG));
  }
}
