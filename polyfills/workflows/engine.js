// An instance of a Workflow, as the object that it is.
// https://developers.cloudflare.com/workflows/build/workers-api/
//
// Its alarm drives it: the alarm's call lasts for as long as a step's code runs, so that a process
// that takes the place of one that was killed in the middle calls again; and when the instance
// rests, it sets the next one for the time at which a step goes on.

import { console_write } from "holdfast:ops";
import { currentContext } from "../kernel/current.js";
import { describeError } from "../kernel/errors.js";
import { DurableObject } from "../workers/entrypoints.js";
import { exportedByScript } from "../workers/dispatch.js";
import { ExecutionContext } from "../workers/execution-context.js";
import { isWorkflow } from "../workers/exports.js";
import { milliseconds } from "./duration.js";
import { endOf, thrownFor, told, toldOf, workflowError } from "./errors.js";
import { Execution } from "./execution.js";
import { hasEnded, Journal } from "./journal.js";
import { readReplacement } from "./replaced.js";
import { reportOf, summaryOf } from "./report.js";
import { Rollbacks, rollBack } from "./rollback.js";
import { stepsOf } from "./step.js";

const CLASS_NAME = /^workflow:[^:]*:([^:]*)(?::(\d+))?$/; // see catalog/workflows.py
const LAP_MS = 600_000; // less than an alarm may take
const MAX_STOPS = 5; // how often the script may end its isolate until the instance has failed
const RETENTION = "30 days";
const MAX_STEPS = 10_000; // where the configuration says nothing

const STOPPED = "The Worker's code was stopped again and again, see its log";
const TERMINATED = told("Terminated", "Instance terminated during rollback");
const NOT_FOUND = "(instance.not_found) Instance does not exist";

/** The class of the objects that are instances of a Workflow of this script. */
export function engineOf(className) {
  const [, exportName, maxSteps = MAX_STEPS] = CLASS_NAME.exec(className);
  return class extends WorkflowEngine {
    constructor(ctx, env) {
      super(ctx, env, className, exportName, Number(maxSteps));
    }
  };
}

class WorkflowEngine extends DurableObject {
  #className; // as the host has it
  #exportName;
  #maxSteps;
  #journal;
  #execution = null;
  #isDriven = false; // by an alarm that runs
  #rollbacks = null; // of the `run` that was called last
  #onUndone = null; // called when steps have been undone, or when that waits or is called off

  constructor(ctx, env, className, exportName, maxSteps) {
    super(ctx, env);
    this.#className = className;
    this.#exportName = exportName;
    this.#maxSteps = maxSteps;
    this.#journal = new Journal(ctx.storage);
    const { life } = currentContext();
    life.isAtRest = () => life.hasCalls && (this.#execution?.isResting ?? false);
  }

  // ---- what the binding and the API call -------------------------------------------------

  /** Create the instance; false where it is there already. */
  create({ id, workflowName, params, retention, source, schedule }) {
    if (this.#journal.instance !== undefined) return false;
    const periods = { success: period(retention?.successRetention), error: period(retention?.errorRetention) };
    const timestamp = new Date();
    const instance = { id, workflowName, timestamp, retention: periods, source, schedule };
    this.#journal.create(instance, params);
    this.#wakeNow();
    return true;
  }

  /** { status, output, error }, and { outcome, error } of its `rollback` where there was one. */
  async status() {
    const state = this.#state();
    const { output } = this.#journal;
    const { error, rollback } = state;
    return { status: await this.#status(state), output, error, ...(rollback && { rollback }) };
  }

  async #status(state) {
    if (state.status !== "running") return state.status;
    if (this.#execution !== null) return this.#execution.isResting ? "waiting" : "running";
    const alarm = await this.ctx.storage.getAlarm();
    return alarm !== null && alarm > Date.now() ? "waiting" : "running";
  }

  /** What listings tell of it. */
  async summary() {
    const state = this.#state();
    return summaryOf(this.#journal, await this.#status(state));
  }

  /** All that is known of it. */
  async report() {
    const state = this.#state();
    return reportOf(this.#journal, await this.#status(state));
  }

  /** Begin no further step, once those that run have ended. */
  pause() {
    const { status } = this.#state();
    if (status !== "running" && status !== "queued") return;
    if (this.#execution?.isActive) {
      this.#execution.isPausing = true;
      this.#journal.change({ status: "waitingForPause" });
    } else {
      this.#becomePaused();
    }
  }

  #becomePaused() {
    this.#forgetExecution();
    this.#journal.change({ status: "paused", pausedAt: Date.now() });
    this.ctx.storage.deleteAlarm();
  }

  /** Go on after a pause: steps that wait do so for as long as they had left. */
  resume() {
    const { status, pausedAt } = this.#state();
    if (status === "waitingForPause") {
      this.#journal.change({ status: "running" });
      this.#execution?.unpause();
    } else if (status === "paused") {
      this.#journal.postpone(Date.now() - pausedAt);
      this.#journal.change({ status: "queued", pausedAt: undefined });
      this.#wakeNow();
    }
  }

  /**
   * End it; with `rollback`, once its steps are undone. Resolves then, or when that waits for its next
   * attempt.
   */
  async terminate({ rollback } = {}) {
    if (hasEnded(this.#state())) {
      const why = "Cannot terminate instance since its on a finite state";
      throw workflowError(`(instance.cannot_terminate) ${why}`);
    }
    if (rollback === true) this.#undoThenEnd(TERMINATED, { status: "terminated" });
    else this.#end({ status: "terminated" });
    if (!this.#hasEnded) await new Promise((resolve) => (this.#onUndone = resolve));
    if (this.#hasEnded) await this.#cutOff("terminate");
  }

  get #hasEnded() {
    const { state } = this.#journal;
    return state !== undefined && hasEnded(state);
  }

  /** Begin anew: from a step on, if one is given, with what came before it. */
  async restart(from) {
    this.#state();
    let first;
    if (from) {
      const { name, count = 1, type = "do" } = from;
      first = this.#journal.find(type, name, count);
      if (first === undefined) {
        const why = `Step "${name}" not found in execution history`;
        throw workflowError(`(instance.cannot_restart) ${why}`);
      }
    }
    this.#journal.rewind(first);
    this.#wakeNow();
    await this.#cutOff("restart");
  }

  /** Take an event, for a step that waits for it or will. */
  sendEvent({ type, payload }) {
    if (hasEnded(this.#state())) return;
    this.#journal.addEvent({ payload, timestamp: new Date(), type });
    this.#execution?.wakeUp();
    if (this.#state().status !== "paused") this.#keepGoing();
  }

  /** Have a step come to a value, or fail, or its first so many attempts, without its code: for tests. */
  replaceStep(said) {
    this.#journal.replace(...readReplacement(said));
  }

  /** Forget the instance. */
  async erase() {
    this.#state();
    await this.#remove();
    await this.#cutOff("delete");
  }

  async #remove() {
    this.ctx.storage.deleteAlarm();
    this.#journal = new Journal(this.ctx.storage);
    return this.ctx.storage.deleteAll();
  }

  #state() {
    const { state } = this.#journal;
    if (state === undefined) throw workflowError(NOT_FOUND);
    return state;
  }

  // ---- what drives it ----------------------------------------------------------------------

  /** Called by the host. */
  async alarm({ retryCount }) {
    const { state } = this.#journal;
    if (state === undefined) return;
    if (hasEnded(state)) return this.#expire(state);
    if (state.status === "paused") return;
    if (state.status === "waitingForPause" && this.#execution === null) return this.#becomePaused();
    if (retryCount > MAX_STOPS) {
      const error = told("WorkflowInternalError", STOPPED);
      if (state.undoing) this.#endUndone(state.undoing.comesTo, error);
      else this.#end({ status: "errored", error });
      return;
    }
    this.#isDriven = true;
    try {
      await this.#drive(retryCount > 0);
    } finally {
      this.#isDriven = false;
    }
  }

  async #drive(wasStopped) {
    const execution = (this.#execution ??= this.#begin(wasStopped));
    execution.wakeUp();
    await execution.rest(LAP_MS);
    if (execution.isOver) {
      const { status, undoing } = this.#journal.state ?? {};
      if (undoing && status === "running" && this.#execution === null) await this.#drive(false);
      return;
    }
    if (execution.isResting) this.#undone();
    this.ctx.storage.setAlarm(execution.isResting ? execution.wake : Date.now());
  }

  // Its alarm is due at once, and its call keeps the object in memory.
  #wakeNow() {
    this.ctx.storage.setAlarm(Date.now());
  }

  #keepGoing() {
    if (!this.#isDriven) this.#wakeNow();
  }

  #begin(wasStopped) {
    const journal = this.#journal;
    const execution = new Execution({
      onActive: () => this.#keepGoing(),
      onQuiet: () => {
        if (execution.isPausing && !execution.isOver) this.#becomePaused();
      },
      takeEvent: (type) => journal.takeEvent(type),
    });
    const { state } = journal;
    if (state.status === "queued") {
      journal.change({ status: "running", started: state.started ?? Date.now() });
    }
    const onFatal = (error) => {
      this.#log("error", "run()", thrownFor(error));
      this.#end({ status: "errored", error });
    };
    const onFailure = (place, error) => this.#log("warn", place, error);
    const of = { className: this.#className, maxSteps: this.#maxSteps };
    const given = { execution, journal, onFatal, onFailure, wasStopped, ...of };
    this.#goOn(state.undoing, given);
    return execution;
  }

  async #goOn(undoing, given) {
    const { execution } = given;
    try {
      if (undoing) {
        await this.#undo(undoing, given);
      } else {
        this.#rollbacks = new Rollbacks();
        await this.#run(execution, stepsOf({ rollbacks: this.#rollbacks, ...given }));
      }
    } catch (error) {
      // What it came to cannot be stored, since new code has taken the object over, say. The alarm
      // fails with that: whoever has the object then calls again.
      if (this.#execution === execution) this.#execution = null;
      execution.fail(error);
    }
  }

  async #run(execution, step) {
    try {
      const output = await this.#entrypoint().run(this.#event(), step);
      if (execution.isOver) return;
      this.#journal.keep(output);
      this.#end({ status: "complete" });
    } catch (error) {
      if (execution.isOver) return;
      this.#log("error", "run()", error);
      const failure = toldOf(error);
      this.#undoThenEnd(failure, { status: "errored", error: endOf(failure) });
    }
  }

  // Come to an end; where steps are to be undone, after that.
  #undoThenEnd(error, comesTo) {
    if (this.#journal.undoable.length === 0) {
      this.#end(comesTo);
      return;
    }
    this.#forgetExecution();
    this.#journal.change({ status: "running", pausedAt: undefined, undoing: { error, comesTo } });
    this.#keepGoing();
  }

  async #undo({ error, comesTo }, given) {
    const { execution } = given;
    const rollbacks = this.#rollbacks ?? (await this.#foundAgain(given));
    const failure = await rollBack(rollbacks, error, given);
    if (!execution.isOver) this.#endUndone(comesTo, failure);
  }

  #endUndone(comesTo, error) {
    const rollback = { outcome: error === null ? "complete" : "failed", error };
    this.#end({ ...comesTo, undoing: undefined, rollback });
  }

  async #foundAgain(given) {
    const rollbacks = new Rollbacks();
    try {
      await this.#entrypoint().run(this.#event(), stepsOf({ rollbacks, replays: true, ...given }));
    } catch {
      // It ends as it did, or where nothing goes on.
    }
    return rollbacks;
  }

  #undone() {
    this.#onUndone?.();
    this.#onUndone = null;
  }

  #log(level, place, error) {
    const { id, workflowName } = this.#journal.instance;
    const text = `Workflow ${workflowName}, instance ${id}: ${place} failed: ${describeError(error)}`;
    console_write(level, text, currentContext().number ?? 0);
  }

  #entrypoint() {
    const Class = exportedByScript()?.[this.#exportName];
    if (!isWorkflow(Class)) {
      throw new TypeError(`The script exports no class "${this.#exportName}" that is a Workflow.`);
    }
    const { ctx } = this;
    const life = {
      waitUntil: (promise) => ctx.waitUntil(promise),
      abort: (reason) => ctx.abort(reason?.message),
      props: undefined,
    };
    return new Class(new ExecutionContext(life), this.env);
  }

  #event() {
    const { timestamp, id, workflowName, schedule } = this.#journal.instance;
    const event = { payload: this.#journal.params, timestamp, instanceId: id, workflowName };
    return schedule === undefined ? event : { ...event, schedule };
  }

  // The instance goes on no more. It is forgotten after a while.
  #end(fields) {
    this.#forgetExecution();
    this.#journal.change({ ended: Date.now(), ...fields });
    const expires = this.#expires(this.#journal.state);
    if (Number.isFinite(expires)) this.ctx.storage.setAlarm(expires);
    else this.ctx.storage.deleteAlarm();
  }

  #expires({ status, ended }) {
    const { success, error } = this.#journal.instance.retention;
    return ended + milliseconds((status === "complete" ? success : error) ?? RETENTION);
  }

  #expire(state) {
    const expires = this.#expires(state);
    if (expires <= Date.now()) return this.#remove();
    this.ctx.storage.setAlarm(expires);
    return undefined;
  }

  #forgetExecution() {
    const execution = this.#execution;
    this.#execution = null;
    this.#isCut ||= execution?.isActive ?? false;
    this.#undone();
    execution?.end();
  }

  #isCut = false; // the code of a step runs on that no longer counts

  // Once that is on the disk, end the code of steps that still runs.
  async #cutOff(verb) {
    if (this.#execution !== null) this.#forgetExecution();
    if (!this.#isCut) return;
    await this.ctx.storage.sync();
    this.ctx.abort(`Aborting engine: User called ${verb}`);
  }
}

function period(given) {
  if (given === undefined || given === null) return undefined;
  if (!(milliseconds(given) >= 0)) {
    throw workflowError(`(instance.invalid_retention) Retention is no duration: ${String(given)}`);
  }
  return given;
}
