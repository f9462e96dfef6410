// One live instance of a Durable Object class.
//
// The instance is made by the first turn that reaches it: the class's constructor
// runs, and calls that arrive meanwhile wait behind the input gate where the
// constructor closed it. A constructor that throws fails the calls that wait and is
// run anew by the next one. A reset is final: the instance is forgotten, whatever it
// still does cannot reach storage, and the next call finds a new one.

import { WORD_TRACED } from "holdfast:constants";
import { object_released, shared, storage_commit_written, storage_round, storage_started } from "holdfast:ops";
import { setDepthOfTurn } from "../kernel/current.js";
import { errorNamed, identityOf, setOnError } from "../kernel/errors.js";
import { beginCall, failCall, failCalls, runCall } from "../kernel/calls.js";
import { lazily } from "../kernel/lazy.js";
import { Context, currentContext, queueTurnsFirst, runTurn } from "../kernel/turns.js";
import { OF_BARE_CLASSES, OF_CLASSES } from "../rpc/call.js";
import { breakOffPumps } from "../fetch/transfer.js";
import { releaseHolds } from "../rpc/references.js";
import { AlarmState } from "./alarm-state.js";
import { resetBroken } from "./breaking.js";
import { ObjectContext } from "./context.js";
import { cancelTimersOf } from "../timers/timers.js";
import { InputGate } from "./input-gate.js";
import { OutputGate } from "./output-gate.js";
import { whyRefused } from "./overload.js";
import { markAsEnd } from "./remote-error.js";
import { DurableObjectState } from "./state.js";
import { DurableObject } from "../workers/entrypoints.js";
import { whenSettled } from "../workers/wait-until.js";

const tracing = lazily("objects/tracing.js");

const isPrototypeOf = Function.prototype.call.bind(Object.prototype.isPrototypeOf);

export class ObjectInstance {
  inputGate = new InputGate(queueTurnsFirst);
  outputGate = new OutputGate();
  #Class;
  #env;
  #object = undefined;
  #alarm;
  #control;

  /**
   * `id` is what its code sees; `key` is what the host calls the object, the same for all its
   * instances. A facet has the `parent` that it is in, if that lives here, and how deep it is.
   */
  constructor({ slot, id, key, usesSqlite, Class, env, onGone, parent = null, facetDepth = 0, props = undefined }) {
    this.slot = slot;
    this.id = id;
    this.key = key;
    if (parent !== null) this.parent = parent;
    if (facetDepth !== 0) this.facetDepth = facetDepth;
    if (props !== undefined) this.props = props;
    this.usesSqlite = usesSqlite;
    this.#Class = Class;
    this.#env = env;
    this.onGone = onGone;
    this.context = new ObjectContext(this, null);
  }

  /** Of turns that no input gate holds back. */
  get control() {
    return (this.#control ??= new Context());
  }

  /** What it knows of its alarm besides what is stored. */
  get alarm() {
    return (this.#alarm ??= new AlarmState());
  }

  /** True while calls wait for an answer. */
  get depth() {
    return this.lowestDepth;
  }

  get hasCalls() {
    return this.calls !== null && this.calls.size > 0;
  }

  /** True while something is under way that eviction would cut off, and that would not begin anew. */
  get isBusy() {
    if (this.isAtRest()) return false;
    return (
      this.hasCalls || this.waitUntilCount > 0 || this.pendingOps > 0 || this.#hasBusyFacets
    );
  }

  // A facet that holds WebSockets stays, for only its parent could wake it.
  get #hasBusyFacets() {
    if (this.facets === null) return false;
    return [...this.facets.values()].some((facet) => facet.isBusy);
  }

  /** True if all that is under way are so many calls, and critical sections. */
  waitsForNoMoreThan(calls) {
    return this.pendingOps <= calls + this.sections && !this.outputGate.isLocked;
  }

  /** Keep the object in memory until the promise settles. */
  waitUntil(promise) {
    this.waitUntilCount++;
    whenSettled(promise, () => this.waitUntilCount--);
  }

  /** Others have stubs of what its code gave away. */
  keepAlive() {
    this.waitUntilCount++;
  }

  letDie() {
    this.waitUntilCount--;
  }

  /** Begin a call to the class's object; `turn` as for beginCall (kernel/calls.js). */
  begin(call, turn) {
    if (shared[WORD_TRACED] === 0) beginCall(call, this.context, startCall, turn);
    else tracing().beginTraced(this, call, startCall, turn);
  }

  /**
   * The same for a call that others make, of so many bytes and as deep (kernel/depth.js), unless
   * there are too many.
   */
  take(call, bytes, depth, turn) {
    if (depth > 1) call.depth = depth;
    if (this.hasCalls) {
      if (depth < this.lowestDepth) this.lowestDepth = depth;
      const error = whyRefused(this, bytes);
      if (error !== undefined) return call.fail(error);
    } else {
      this.lowestDepth = depth;
    }
    if (bytes > 0) {
      call.bytes = bytes;
      this.queuedBytes += bytes;
    }
    return this.begin(call, turn);
  }

  /** The class's object, made now if need be. Throws what the constructor throws. */
  construct() {
    return (this.#object ??= new this.#Class(new DurableObjectState(this), this.#env));
  }

  /** What may be called by RPC: nothing, where the class does not extend DurableObject. */
  get rules() {
    return isPrototypeOf(DurableObject, this.#Class) ? OF_CLASSES : OF_BARE_CLASSES;
  }

  get isConstructed() {
    return this.#object !== undefined;
  }

  /**
   * The class's object for `run(argument)`, the running turn, made now if need be. Undefined where
   * that failed, or where the turn has to wait for what the constructor has begun.
   */
  prepare(run, argument) {
    if (this.#object !== undefined) return this.#object;
    try {
      this.construct();
    } catch (error) {
      this.reset(error);
    }
    if (this.error !== null) return undefined; // by itself, too: the constructor may abort
    if (!this.inputGate.isLocked) return this.#object;
    runTurn(currentContext(), run, argument);
    return undefined;
  }

  /** False for an object whose class is known to have no `alarm()`. */
  get mayHandleAlarms() {
    return !this.isConstructed || typeof this.#object.alarm === "function";
  }

  /**
   * Let go of everything, since nothing is under way and the host has forgotten the instance. What
   * holds itself would stay in memory until a garbage collection.
   */
  letGo() {
    this.#object = undefined;
    this.#env = undefined;
    this.context = null;
  }

  /** Forget the instance after a failure: its calls fail, its gates are done with. */
  reset(error) {
    if (this.error !== null) return;
    this.end(markAsEnd(markAsReset(error)));
  }

  /**
   * The same at the wish of its code: what it has answered, and what only waits for the disk, has
   * been said before. What earlier turns wrote stays, unless the running one has written, too, before
   * a round could start: then all since the last one is undone together.
   */
  abort(error) {
    if (this.error !== null) return;
    const { outputGate, slot } = this;
    let round = -1;
    if (outputGate.isLocked) {
      if (outputGate.wroteEarlier) storage_commit_written(slot);
      round = outputGate.wroteEarlier ? storage_round(slot) : storage_started(slot);
    }
    this.end(markAsEnd(markAsReset(error)), round);
  }

  /** The same for an end that the error need not tell of. Answers up to a round still leave. */
  end(error, round = -1) {
    if (this.error !== null) return;
    this.error = error;
    if (this.facets !== null) for (const facet of [...this.facets.values()]) facet.end(error);
    const answered = this.outputGate.close(error, round);
    this.onGone(this);
    object_released(this.slot, identityOf(error)[1]);
    failCalls(this, error, answered);
    breakOffPumps(this, error);
    releaseHolds(this);
    this.inputGate.open();
    for (const link of this.sockets ?? []) link.drop();
    for (const connection of this.connections ?? []) connection.drop();
    cancelTimersOf(this);
  }
}

// There are many instances. What most of them leave as it is takes no memory up there.
Object.assign(ObjectInstance.prototype, {
  pendingOps: 0,
  lowestDepth: 0, // of its calls
  waitUntilCount: 0,
  transactions: 0, // open ones, nested
  closures: 0, // of those that run, and of those that were rolled back
  changes: 0, // that its SQL may have seen; see sql-rows.js
  ahead: null, // cursors that have read further than it has
  fresh: null, // the cursor that has begun last, until it is used
  sections: 0, // critical ones, open or asked for
  retriesAlarm: true, // unless abort() was told otherwise
  wasBroken: false, // the host has taken its storage or its place
  sockets: null, // links that its code has accepted
  connections: null, // over TCP, that it has opened
  awake: null, // what it knows of WebSockets accepted for hibernation; see hibernation.js
  timers: null, // ids of those that its code has set
  lastUsed: 0, // the sweep after which it was last used
  error: null, // why it was reset
  calls: null,
  queuedBytes: 0, // of those
  holds: null,
  pumps: null, // how to break off bodies that its code is still writing
  parent: null,
  facetDepth: 0, // an object is no facet
  props: undefined,
  facets: null, // by name, once it has used some; see facets.js
  isLasting: true, // it may live for ever
  isAtRest: () => false, // an alarm or an event answers all its calls: those of a Workflow's steps
});

// Callers tell by the flag that memory was lost, and with it the calls under way. What cannot
// hold it has an error in its place.
function markAsReset(error) {
  if (setOnError(error, "durableObjectReset", true)) return error;
  const end = errorNamed(...identityOf(error));
  end.durableObjectReset = true;
  return end;
}

function startCall(call) {
  resetBroken();
  const instance = call.life;
  if (instance.error !== null) return failCall(call, instance.error);
  setDepthOfTurn(call.depth ?? 1);
  const object = instance.prepare(startCall, call);
  return object === undefined ? undefined : runCall(call, object);
}
