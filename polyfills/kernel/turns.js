// Contexts and turns.
//
// A turn is one entry into the isolate. It belongs to one context: a Worker's
// event, or an object instance (or a critical section of it). A continuation runs
// in the turn that settled its promise; so whatever crosses from one context into
// another is queued here as a turn of the receiver, and never settled in place.
// The host calls `nextTurn` until the shared word says that the queue is empty, and
// drains the job queue after each.

import { WORD_TURNS_QUEUED } from "holdfast:constants";
import { shared } from "holdfast:ops";
import { reportException } from "./report.js";
import { currentContext, setCurrentContext, setOwn } from "./current.js";
import { current as currentFrame, enterFrame } from "./frames.js";

const MAX_KEPT_ENTRIES = 4096;

// A turn is three entries: context, function, argument.
let queue = [];
let head = 0;

/** Queue `run(argument)` as a turn of `context`; it runs when the running turn ends. */
export function queueTurn(context, run, argument) {
  queue.push(context, run, argument);
  shared[WORD_TURNS_QUEUED] = 1;
}

/**
 * Queue turns that came before all that are queued now: three entries for each, as above.
 */
export function queueTurnsFirst(turns) {
  queue = head === 0 ? turns.concat(queue) : turns.concat(queue.slice(head));
  head = 0;
  shared[WORD_TURNS_QUEUED] = 1;
}

/** Run the oldest queued turn. Called by the host. */
export function nextTurn() {
  const context = queue[head++];
  const run = queue[head++];
  const argument = queue[head++];
  if (head === queue.length) {
    if (head > MAX_KEPT_ENTRIES) queue = [];
    else queue.length = 0;
    head = 0;
    shared[WORD_TURNS_QUEUED] = 0;
  }
  runTurn(context, run, argument);
}

/**
 * Run `run(argument)` as the current turn, in `context`. Where the context's input
 * gate does not admit it, the gate keeps it and queues it later.
 */
export function runTurn(context, run, argument) {
  if (context.gate !== null && !context.gate.admits(context)) {
    context.gate.hold(context, run, argument);
  } else {
    runInContext(context, run, argument);
  }
}

/**
 * The same for an entry point, which the host calls between two turns: behind what is queued, where
 * there was too much of that for one round of the host's loop.
 */
export function enterTurn(context, run, argument) {
  if (shared[WORD_TURNS_QUEUED] === 0) runTurn(context, run, argument);
  else queueTurn(context, run, argument);
}

/** Run `run(argument)` as the current turn, in `context`, whatever its input gate says. */
export function runInContext(context, run, argument) {
  setCurrentContext(context);
  if (currentFrame !== undefined) enterFrame(undefined);
  setOwn(true);
  try {
    run(argument);
  } catch (error) {
    reportException(error, context);
  }
  setOwn(false);
}

/**
 * The context of a Worker's event, and the base of an object's. `gate` is the input
 * gate of the object that it belongs to, or null; `life` is whatever lives through this
 * context: it has the count of answers that it waits for, the calls that wait for answers of its
 * own, and what it holds of others (rpc/references.js). `error` is why it has ended.
 */
export class Context {
  // No property, which would make a cycle of each request: garbage that has to be looked for.
  get life() {
    return this;
  }
}

// Every request makes a context. What most of them leave as it is costs nothing up there.
Object.assign(Context.prototype, {
  gate: null,
  depth: 0, // of the request that is answered; see depth.js
  lowestDepth: 0, // of the calls that are answered
  pendingOps: 0,
  calls: null,
  holds: null,
  pumps: null, // how to break off the bodies that are being written (fetch/transfer.js)
  error: null,
});

export { currentContext };
