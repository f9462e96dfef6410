// Critical sections: code that runs while the object's input gate is closed for all
// others. It runs as turns of a context of its own, so that what it starts comes back
// to it while everything else waits.

import { CRITICAL_SECTION_TIMEOUT_MS, DEADLOCK_LOOK_MS } from "holdfast:constants";
import { object_held_up, storage_commit_written } from "holdfast:ops";
import { currentFrame, runInFrame } from "../kernel/frames.js";
import { currentContext, queueTurn, queueTurnsFirst, runInContext } from "../kernel/turns.js";
import { restartHostTimer, startHostTimer, stopHostTimer } from "../timers/host-timer.js";
import { ObjectContext } from "./context.js";

const TOO_LONG =
  "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was " +
  "canceled and the Durable Object was reset.";

/**
 * Run `callback(context)` as a critical section of `instance`; a promise of its result, settled
 * in a turn of the context that asked. With `resetOnError` an exception resets the
 * object before the caller learns of it, which undoes what was written in the turn that failed, and
 * nothing of earlier ones.
 */
export function runCriticalSection(instance, callback, { resetOnError }) {
  const asking = currentContext() ?? instance.context;
  const frame = currentFrame();
  return new Promise((resolve, reject) => {
    if (instance.error !== null) throw instance.error;
    instance.inputGate.lock(asking.section ?? null, (section) => {
      const context = new ObjectContext(instance, section);
      if (resetOnError) context.gate = new KeepingGate(instance, section);
      if (asking.number !== undefined) context.number = asking.number; // see tracing.js
      const run = {
        asking,
        callback,
        context,
        frame,
        instance,
        reject,
        resetOnError,
        resolve,
        section,
        msLeft: CRITICAL_SECTION_TIMEOUT_MS,
        timer: null,
      };
      run.timer = startHostTimer(instance.control, DEADLOCK_LOOK_MS, look, run);
      queueTurn(context, enter, run);
    });
    instance.pendingOps++;
    instance.sections++;
  });
}

function enter(run) {
  let result, isPromise;
  try {
    result = runInFrame(run.frame, run.callback, [run.context]);
    isPromise = typeof result?.then === "function";
  } catch (error) {
    // What was written before a callback throws, rather than rejects, stays in workerd.
    if (run.resetOnError) keepWritten(run.instance);
    leave(run, failed, error);
    return;
  }
  if (!isPromise) leave(run, succeeded, result);
  else {
    Promise.resolve(result).then(
      (value) => leave(run, succeeded, value),
      (error) => leave(run, failed, error),
    );
  }
}

// The object's gate as turns of a section come to it: with each, what those before it wrote is kept.
class KeepingGate {
  #instance;
  #section;

  constructor(instance, section) {
    this.#instance = instance;
    this.#section = section;
  }

  admits(context) {
    if (!this.#instance.inputGate.admits(context)) return false;
    if (this.#section.isOpen) keepWritten(this.#instance);
    return true;
  }

  hold(context, run, argument) {
    this.#instance.inputGate.hold(context, run, argument);
  }
}

// Otherwise it is committed with all that is written until its round starts.
function keepWritten(instance) {
  if (instance.error === null && instance.outputGate.isLocked) storage_commit_written(instance.slot);
}

// A section that has not waited for those inside it ends when they have.
function leave(run, end, outcome) {
  const { inputGate } = run.instance;
  const ended = () => end(run, outcome);
  if (inputGate.admits(run.context)) runInContext(run.context, ended); // still the turn that it is
  else inputGate.hold(run.context, ended);
}

function succeeded(run, value) {
  if (run.resetOnError) keepWritten(run.instance); // also from what follows
  close(run);
  goOn(run, run.resolve, value);
}

function failed(run, error) {
  close(run);
  if (run.resetOnError) run.instance.reset(error);
  goOn(run, run.reject, error);
}

function close({ instance, section, timer }) {
  stopHostTimer(timer);
  instance.pendingOps--;
  instance.sections--;
  instance.inputGate.unlock(section);
}

// The code that asked for the section goes on, and only then what waited for its end.
function goOn({ asking, instance, section }, settle, outcome) {
  queueTurnsFirst([asking, settle, outcome, instance.control, letIn, { instance, section }]);
}

function letIn({ instance, section }) {
  instance.inputGate.letIn(section);
}

// Does what waits behind the gate wait for the very section, and the section for that?
function look(run) {
  const { instance, timer } = run;
  if (instance.error !== null) return;
  run.msLeft -= DEADLOCK_LOOK_MS;
  if (run.msLeft <= 0) {
    overdue(instance);
    return;
  }
  restartHostTimer(timer, DEADLOCK_LOOK_MS);
  if (instance.inputGate.isHolding) object_held_up(instance.slot, 0);
}

function overdue(instance) {
  const error = new Error(TOO_LONG);
  error.overloaded = true;
  instance.reset(error);
}
