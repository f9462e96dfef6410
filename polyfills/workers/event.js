// One event of a Worker: its context, its `waitUntil` promises and its answer.

import {
  console_write,
  event_failed,
  event_finished,
  event_respond,
  event_upgrade,
  memory_exhausted,
} from "holdfast:ops";
import { WAIT_UNTIL_MS } from "holdfast:constants";
import { respondThroughHost, sendableRecord, socketForHost } from "./crossing.js";
import { rawHeadersOf } from "../fetch/record.js";
import { breakOffPumps } from "../fetch/transfer.js";
import { isOutOfMemory } from "../kernel/errors.js";
import { failCalls } from "../kernel/calls.js";
import { lazily } from "../kernel/lazy.js";
import { keepShapes } from "../kernel/shapes.js";
import { Context } from "../kernel/turns.js";
import { failureParts, markAsEnd } from "../objects/remote-error.js";
import { releaseHolds } from "../rpc/references.js";
import { startHostTimer, stopHostTimer } from "../timers/host-timer.js";
import { cancelOrphans, cancelTimersOf, orphanTimersOf } from "../timers/timers.js";
import { whenSettled } from "./wait-until.js";

const HUNG =
  "The Workers runtime canceled this request because it detected that your Worker's code had hung " +
  "and would never generate a response. Refer to: " +
  "https://developers.cloudflare.com/workers/observability/errors/";

const ENDED =
  "The destination execution context for this RPC was canceled while the call was still running.";

const TOO_LONG =
  "waitUntil() tasks did not complete within the allowed time after invocation end and have been " +
  "cancelled. See: https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil";

const ended = markAsEnd(new Error(ENDED)); // clones of it are what callers see
let living = 0; // events that have not ended
const unanswered = new Set();
const loadPassing = lazily("workers/pass-through.js");

/**
 * The context of one event. The event lives until it is answered and everything that
 * was given to `waitUntil` has settled; then its timers are cancelled.
 */
export class WorkerEvent extends Context {
  /** `number` is the host's name for the event. */
  constructor(number) {
    super();
    this.number = number;
    living++;
    unanswered.add(this);
  }

  get hasEnded() {
    return this.error !== null;
  }

  /** Keep the event alive until the promise settles. */
  waitUntil(promise) {
    this.waiting++;
    whenSettled(promise, () => this.release());
  }

  /** Keep the event alive until as many calls of `release`. */
  hold() {
    this.waiting++;
  }

  release() {
    if (this.hasEnded) return;
    this.waiting--;
    if (!this.isAnswered || this.waiting > 0) return;
    cleanUpIfDone(this);
    event_finished(this.number);
  }

  /**
   * Its client has left: it goes on, but not for ever. Whether it has work of its own to do.
   * https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
   */
  outliveClient() {
    if (this.hasEnded) return true;
    this.limit ??= startHostTimer(new Context(), WAIT_UNTIL_MS, () => {
      console_write("warn", TOO_LONG, this.number);
      this.abort(ended);
    });
    return this.waiting > 0;
  }

  /** The event has its answer; `send(isDone)` sends it, once. */
  answer(send) {
    if (this.isAnswered) return;
    this.isAnswered = true;
    unanswered.delete(this);
    if (this.client !== null) this.client.answered();
    send(this.waiting === 0);
    cleanUpIfDone(this);
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
    if (isPromise) awaitResponse(this, result);
    else this.respond(result);
  }

  /** Give the host the response; fails the event where it is none. */
  respond(response) {
    if (this.isAnswered) return;
    try {
      const record = sendableRecord(response);
      const isDone = this.waiting === 0;
      if (record.webSocket === undefined) {
        respondThroughHost(event_respond, this.number, record, this.client, isDone);
      } else {
        const socket = socketForHost(record, this.request);
        event_upgrade(this.number, record.statusText, rawHeadersOf(record), socket, isDone);
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    this.isAnswered = true;
    unanswered.delete(this);
    if (this.client !== null) this.client.answered();
    cleanUpIfDone(this);
  }

  /** The handler has thrown. */
  threw(error) {
    if (this.passesThrough) loadPassing().passThrough(this, error);
    else this.fail(error);
  }

  /** Answer with an error: the client sees a plain 500 or 503, the log the whole of it. */
  fail(error) {
    this.answer((isDone) => {
      if (isOutOfMemory(error)) memory_exhausted();
      const [name, message, flags, description, data] = failureParts(error);
      event_failed(this.number, name, message, description, isDone, flags, data);
    });
  }

  /** End the event, whatever it still waits for. */
  abort(error) {
    this.fail(markAsEnd(error));
    if (this.hasEnded) return;
    this.waiting = 0;
    end(this, error);
    breakOffPumps(this, error);
    event_finished(this.number);
  }
}

// As in Context: what most events leave as it is.
Object.assign(WorkerEvent.prototype, {
  isAnswered: false,
  waiting: 0, // for promises that were given to `waitUntil`, and for calls of `release`
  quietSweeps: 0, // for how many sweeps in a row nothing was under way
  timers: null,
  connections: null, // over TCP, that end with the event
  entrypoint: "default", // the export that handles a request
  client: null, // of that; see client.js
  limit: null, // a timer, once that has left
  props: undefined, // see ExecutionContext
  passesThrough: false, // to the origin, where the handler throws
});

// Those of a request that calls an object, and of one that does not.
const unborn = Object.create(WorkerEvent.prototype);
keepShapes(unborn, ["number", "request", "pendingOps", "isAnswered", "error"]);
keepShapes(unborn, ["number", "request", "isAnswered", "error"]);

async function awaitResponse(event, promise) {
  let response;
  try {
    response = await promise;
  } catch (error) {
    event.threw(error);
    return;
  }
  event.respond(response);
}

function end(event, error) {
  if (event.limit !== null) stopHostTimer(event.limit);
  living--;
  event.error = error;
  if (event.calls !== null) failCalls(event, error);
  if (event.holds !== null) releaseHolds(event);
}

/** End the event where it waits for nothing any more. */
function cleanUpIfDone(event) {
  if (event.waiting > 0) return;
  if (!event.hasEnded) end(event, ended);
  if (event.connections !== null) for (const connection of event.connections) connection.drop();
  if (living === 0) {
    if (event.timers !== null) cancelTimersOf(event);
    cancelOrphans();
  } else if (event.timers !== null) {
    orphanTimersOf(event);
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
