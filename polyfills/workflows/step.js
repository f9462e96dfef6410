// WorkflowStep: what `run` does its work with.
// https://developers.cloudflare.com/workflows/build/workers-api/#workflowstep
//
// A step that has ended is not run again: its result, or its failure, is what it was.

import { RpcTarget } from "../rpc/target.js";
import { attemptsIn, shown } from "./attempts.js";
import { checkEventType, checkName, configOf, rollbackOf } from "./checks.js";
import { MAX_WAIT_MS, milliseconds } from "./duration.js";
import { fatal, thrownFor, told } from "./errors.js";
import { replacementForAll } from "./replaced.js";

const DEFAULT_EVENT_TIMEOUT = "24 hours";
const IN_THE_PAST = "You can't sleep until a time in the past, time-traveler";

const UNDOING = "Cannot execute steps during rollback phase";

/**
 * The steps of one execution, `maxSteps` at most, where sleeps do not count. They tell `rollbacks` how they are undone;
 * see attempts.js for the rest. One that only `replays` begins none, and goes on with none that has not ended: they come to
 * nothing.
 */
export function stepsOf({ className, maxSteps, rollbacks, replays = false, ...rest }) {
  const { execution, journal } = rest;
  const attempts = attemptsIn(rest);
  const counts = new Map();
  let begun = 0;

  // In the order of the calls, whatever they wait for later.
  function counted(type, name) {
    checkName(name);
    if (type !== "sleep" && ++begun > maxSteps) {
      const more = "This limit can be changed in your worker configuration.";
      throw fatal(`The limit of ${maxSteps} steps has been reached. ${more}`);
    }
    const key = `${type} ${name}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  }

  // What a step comes to, now or in an execution before this one. `begin()` has its fields where it
  // has not begun, and `end(step)` resolves when it has ended.
  async function outcomeOf(type, name, count, begin, end) {
    if (rollbacks.isRunning) throw fatal(UNDOING);
    if (execution.isHeld) await execution.passage();
    if (replays && !journal.find(type, name, count)?.end) return undefined;
    const step = journal.find(type, name, count) ?? journal.begin({ type, name, count, ...begin() });
    if (step.end === null) await end(step);
    if (execution.isHeld) await execution.passage();
    if (step.error) throw thrownFor(step.error);
    return journal.resultOf(step);
  }

  async function perform(name, ...given) {
    const [said, callback, options] = typeof given[0] === "function" ? [{}, ...given] : given;
    if (typeof callback !== "function") throw fatal(`Step "${name}" requires a callback function`);
    const rollback = rollbackOf(name, options);
    const count = counted("do", name);
    const config = configOf(name, said ?? {});
    if (rollback !== undefined) rollbacks.add(name, count, rollback);
    const hasRollback = rollback === undefined ? undefined : true;
    const begin = () => ({ config: shown(config), attempts: [], hasRollback });
    return outcomeOf("do", name, count, begin, async (step) => {
      const outcome = journal.replacementOf(step) ?? replacementForAll(className, step);
      if (outcome === undefined) await attempts(step, config, callback);
      else if (outcome.times) await attempts(step, config, failingFirst(outcome, callback));
      else if (outcome.error) journal.fail(step, outcome.error);
      else journal.succeed(step, outcome.value);
    });
  }

  const failingFirst = (outcome, callback) => (context) => {
    if (context.attempt <= outcome.times) throw thrownFor(outcome.error);
    return "value" in outcome ? outcome.value : callback(context);
  };

  async function sleep(name, duration) {
    const ms = milliseconds(duration);
    if (!(ms >= 0 && ms < Infinity)) throw fatal(`Sleep "${name}" has an invalid duration: ${String(duration)}`);
    return sleepUntilMs(name, () => after(name, ms));
  }

  async function sleepUntil(name, time) {
    const wake = Number(time);
    if (Number.isNaN(wake)) throw fatal(`Sleep "${name}" has an invalid time: ${String(time)}`);
    return sleepUntilMs(name, () => {
      if (wake < Date.now()) throw thrownFor(told("Error", IN_THE_PAST));
      return after(name, wake - Date.now());
    });
  }

  async function sleepUntilMs(name, wakeFrom) {
    const begin = () => ({ wake: wakeFrom() });
    return outcomeOf("sleep", name, counted("sleep", name), begin, async (step) => {
      await execution.until(step.wake);
      journal.finish(step);
    });
  }

  async function waitForEvent(name, { type, timeout }) {
    const ms = milliseconds(timeout || DEFAULT_EVENT_TIMEOUT);
    if (!(ms >= 0 && ms < Infinity)) throw fatal(`The timeout of "${name}" is invalid: ${String(timeout)}`);
    checkEventType(type, fatal);
    const begin = () => ({ event: type, wake: after(name, ms) });
    return outcomeOf("waitForEvent", name, counted("waitForEvent", name), begin, async (step) => {
      const event = await execution.until(step.wake, type);
      if (event !== undefined) journal.succeed(step, event);
      else journal.fail(step, told("WorkflowTimeoutError", `Execution timed out after ${ms}ms`));
    });
  }

  return new WorkflowStep({ perform, sleep, sleepUntil, waitForEvent });
}

/** The second argument of `run`, which may go on to another Worker; its methods may be taken off it. */
class WorkflowStep extends RpcTarget {
  #methods;

  constructor(methods) {
    super();
    this.#methods = methods;
  }

  get do() {
    return this.#methods.perform;
  }

  get sleep() {
    return this.#methods.sleep;
  }

  get sleepUntil() {
    return this.#methods.sleepUntil;
  }

  get waitForEvent() {
    return this.#methods.waitForEvent;
  }
}

// A step that has begun goes on, however long that was.
function after(name, ms) {
  if (ms > MAX_WAIT_MS) throw fatal(`"${name}" is to wait for longer than a year, which no step may`);
  return Date.now() + ms;
}
