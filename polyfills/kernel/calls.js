// Calls: events that want an answer, given to whatever a context belongs to.
//
// A call has
//   invoke(object)    gives the event to `object`; its answer, or a promise of that
//   succeed(answer)   sends the answer; may throw, and then `fail` is called
//   fail(error)       sends the error instead
// and gets `life`: the object instance or the Worker's event that it is given to, and may have
// `bytes`, which count for `life.queuedBytes` until it ends, and a `depth` of more than 1. An
// answer leaves through the life's output gate; it may do so after the life has ended, unless the
// call `endsWithLife`. Only the first end of a call counts.

import { WORD_LOCAL_CALLS } from "holdfast:constants";
import { memory_exhausted, shared } from "holdfast:ops";
import { isOutOfMemory } from "./errors.js";
import { keepShapes } from "./shapes.js";
import { queueTurn } from "./turns.js";

/**
 * Have `start(call)` begin a call in a turn of `context`: `turn` is queueTurn or, for an entry point,
 * enterTurn.
 */
export function beginCall(call, context, start, turn = queueTurn) {
  const { life } = context;
  call.life = life;
  (life.calls ??= new Set()).add(call);
  shared[WORD_LOCAL_CALLS]++;
  turn(context, start, call);
}

/** Give the call to `object` and send what comes of it. */
export function runCall(call, object) {
  let result, isPromise;
  try {
    result = call.invoke(object);
    isPromise = typeof result?.then === "function";
  } catch (error) {
    leave(call, error, failCall);
    return;
  }
  if (isPromise) awaitAnswer(call, result);
  else leave(call, result, sendAnswer);
}

// Cheaper than `then`, which makes two closures and a promise that nobody wants.
async function awaitAnswer(call, promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    leave(call, error, failCall);
    return;
  }
  leave(call, answer, sendAnswer);
}

// An answer, good or bad, leaves once the writes before it are durable.
function leave(call, value, send) {
  const gate = call.life.outputGate;
  if (gate?.isShut) gate.hold(new HeldAnswer(call, value, send));
  else send(call, value);
}

class HeldAnswer {
  constructor(call, value, send) {
    this.call = call;
    this.value = value;
    this.send = send;
  }

  pass() {
    this.send(this.call, this.value);
  }

  fail(error) {
    failCall(this.call, error);
  }

  /** Whether it is an answer still, when what gave it has ended. */
  get mayOutlive() {
    return !this.call.endsWithLife;
  }
}

HeldAnswer.prototype.isDone = true; // once it has passed
keepShapes(new HeldAnswer(null, null, null), ["round", "context", "next"]);

function sendAnswer(call, answer) {
  if (!finish(call)) return;
  try {
    call.succeed(answer);
  } catch (error) {
    call.fail(error);
  }
}

/** Fail a call that has not ended yet. */
export function failCall(call, error) {
  if (isOutOfMemory(error)) memory_exhausted();
  if (finish(call)) call.fail(error);
}

/** Fail all calls of a life that has ended, but those that it has answered. */
export function failCalls(life, error, answered = undefined) {
  if (life.calls === null) return;
  for (const call of [...life.calls]) if (!answered?.has(call)) failCall(call, error);
}

/**
 * Have a call that ends in `succeed` end later: with this answer again, once a turn of its life's
 * own context is admitted.
 */
export function answerLater(call, answer) {
  const { life } = call;
  life.calls.add(call);
  if (call.bytes !== undefined) life.queuedBytes += call.bytes;
  shared[WORD_LOCAL_CALLS]++;
  life.inputGate.hold(life.context, answerNow, { call, answer });
}

function answerNow({ call, answer }) {
  leave(call, answer, sendAnswer);
}

function finish(call) {
  const { life } = call;
  if (!life.calls.delete(call)) return false;
  if (life.calls.size === 0 && life.lowestDepth > 0) life.lowestDepth = 0;
  if (call.bytes !== undefined) life.queuedBytes -= call.bytes;
  shared[WORD_LOCAL_CALLS]--;
  return true;
}
