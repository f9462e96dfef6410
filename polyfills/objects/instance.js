// One live instance of a Durable Object class.
//
// The instance is made by the first turn that reaches it: the class's constructor
// runs, and calls that arrive meanwhile wait behind the input gate where the
// constructor closed it. A constructor that throws fails the calls that wait and is
// run anew by the next one. A reset is final: the instance is forgotten, whatever it
// still does cannot reach storage, and the next call finds a new one.

import { WORD_LOCAL_CALLS } from "holdfast:constants";
import { memory_exhausted, object_released, shared } from "holdfast:ops";
import { isOutOfMemory } from "../kernel/errors.js";
import { Context, queueTurn, queueTurnsFirst, runTurn } from "../kernel/turns.js";
import { ObjectContext } from "./context.js";
import { cancelTimersOf } from "../timers/timers.js";
import { InputGate } from "./input-gate.js";
import { OutputGate } from "./output-gate.js";
import { DurableObjectState } from "./state.js";
import { whenSettled } from "../workers/wait-until.js";

export class ObjectInstance {
  inputGate = new InputGate(queueTurnsFirst);
  outputGate = new OutputGate();
  pendingOps = 0;
  waitUntilCount = 0;
  transactions = 0; // open ones, nested
  sockets = null; // links that its code has accepted
  sleepless = null; // WebSockets by number, of those accepted for hibernation
  timers = null; // ids of those that its code has set
  lastUsed = 0; // the sweep after which it was last used
  error = null; // why it was reset
  calls = new Set();
  #Class;
  #env;
  #object = undefined;

  constructor({ slot, id, usesSqlite, Class, env, onGone }) {
    this.slot = slot;
    this.id = id;
    this.usesSqlite = usesSqlite;
    this.#Class = Class;
    this.#env = env;
    this.onGone = onGone;
    this.context = new ObjectContext(this, null);
    this.control = new Context(); // turns that no input gate holds back
  }

  /** True while something is under way that eviction would cut off. */
  get isBusy() {
    return this.calls.size > 0 || this.waitUntilCount > 0 || this.pendingOps > 0;
  }

  /** True if calls wait though nothing is under way that could ever answer them. */
  get looksHung() {
    return this.calls.size > 0 && this.pendingOps === 0 && !this.outputGate.isLocked;
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    this.waitUntilCount++;
    whenSettled(promise, () => this.waitUntilCount--);
  }

  /**
   * Queue a call, which is an event for the object. It has `invoke(object)`, which gives
   * the event to the class's object and returns its answer or a promise of that,
   * `succeed(answer)` and `fail(error)`; the last two leave through the output gate.
   */
  begin(call) {
    call.instance = this;
    this.calls.add(call);
    shared[WORD_LOCAL_CALLS]++;
    queueTurn(this.context, startCall, call);
  }

  /** The class's object, made now if need be. Throws what the constructor throws. */
  construct() {
    this.#object ??= new this.#Class(new DurableObjectState(this), this.#env);
    return this.#object;
  }

  get isConstructed() {
    return this.#object !== undefined;
  }

  /** End a call in the caller's favour or not; only the first end counts. */
  finish(call) {
    if (!this.calls.delete(call)) return false;
    shared[WORD_LOCAL_CALLS]--;
    return true;
  }

  /** Forget the instance after a failure: its calls fail, its gates are done with. */
  reset(error) {
    if (this.error !== null) return;
    this.error = error;
    markAsReset(error);
    this.onGone(this);
    object_released(this.slot, String(error?.message ?? error));
    for (const call of [...this.calls]) failCall(call, error);
    this.outputGate.break(error);
    this.inputGate.open();
    if (this.sockets !== null) for (const link of this.sockets) link.drop();
    cancelTimersOf(this);
  }
}

// Callers tell by the flag that memory was lost, and with it the calls under way.
function markAsReset(error) {
  const canHold = error !== null && typeof error === "object" && Object.isExtensible(error);
  if (canHold) error.durableObjectReset = true;
}

function startCall(call) {
  const { instance } = call;
  if (instance.error !== null) return failCall(call, instance.error);
  if (!instance.isConstructed) {
    try {
      instance.construct();
    } catch (error) {
      instance.reset(error);
      return undefined;
    }
    if (instance.error !== null) return undefined; // the constructor has aborted
    if (instance.inputGate.isLocked) return runTurn(instance.context, startCall, call);
  }
  let result, isPromise;
  try {
    result = call.invoke(instance.construct());
    isPromise = typeof result?.then === "function";
  } catch (error) {
    return leave(call, error, sendFailure);
  }
  if (!isPromise) return leave(call, result, sendAnswer);
  Promise.resolve(result).then(
    (answer) => leave(call, answer, sendAnswer),
    (error) => leave(call, error, sendFailure),
  );
  return undefined;
}

// An answer, good or bad, leaves once the writes before it are durable.
function leave(call, value, send) {
  const gate = call.instance.outputGate.wait();
  if (gate === undefined) send(call, value);
  else gate.then(() => send(call, value), (error) => failCall(call, error));
}

function sendAnswer(call, answer) {
  if (!call.instance.finish(call)) return;
  try {
    call.succeed(answer);
  } catch (error) {
    call.fail(error);
  }
}

function sendFailure(call, error) {
  failCall(call, error);
}

/** Fail a call that has not ended yet. */
export function failCall(call, error) {
  if (isOutOfMemory(error)) memory_exhausted();
  if (call.instance.finish(call)) call.fail(error);
}
