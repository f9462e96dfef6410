// WorkflowStep: what `run` does its work with.
// https://developers.cloudflare.com/workflows/build/workers-api/#workflowstep
//
// A step that has ended is not run again: its result, or its failure, is what it was.

import { currentContext } from "../kernel/current.js";
import { dropMessage, pack, TRANSFER } from "../rpc/message.js";
import { dataCloneError } from "../serialize/errors.js";
import { serialize } from "../serialize/index.js";
import { startTimer, stopTimer } from "../timers/timers.js";
import { checkEventType, checkName, checkSize, configOf, MAX_STEPS } from "./checks.js";
import { MAX_WAIT_MS, milliseconds } from "./duration.js";
import { fatal, isFinal, lastAttempt, thrownFor, told, toldOf } from "./errors.js";
import { NonRetryableError } from "./non-retryable.js";

const DEFAULT_EVENT_TIMEOUT = "24 hours";
const DELAY_FUNCTION_MS = 5_000;
const IN_THE_PAST = "You can't sleep until a time in the past, time-traveler";
const INTERRUPTED = told("WorkflowInternalError", "Attempt failed due to internal workflows error");

const MAX_ATTEMPTS_KEPT = 100;
const MAX_MESSAGES_KEPT = 100_000; // characters of their errors: each attempt stores them anew

/** How many attempts a step has taken. */
const countOf = ({ attempts, forgotten = 0 }) => forgotten + attempts.length;

/** Note that an attempt begins; of very many, the oldest are forgotten. */
function beginAttempt(step) {
  const { attempts } = step;
  const attempt = { start: Date.now(), end: null, success: null, error: null };
  attempts.push(attempt);
  let room = MAX_MESSAGES_KEPT;
  let first = attempts.length;
  for (; first > 0 && attempts.length - first < MAX_ATTEMPTS_KEPT && room > 0; first--) {
    room -= attempts[first - 1].error?.message.length ?? 0;
  }
  if (first > 0) step.forgotten = (step.forgotten ?? 0) + attempts.splice(0, first).length;
  return attempt;
}

/** What steps are shown of their configuration: not a delay that is a function. */
function shown(config) {
  const { limit, delay, backoff } = config.retries;
  const retries = typeof delay === "function" ? { limit, backoff } : { limit, delay, backoff };
  return { ...config, retries };
}

/**
 * The steps of one execution. `onFatal(failure)` ends the instance; `onFailure(place, error)` hears of
 * each attempt that fails. If the execution before it `wasStopped`, an attempt that it was in counts.
 */
export function stepsOf({ execution, journal, onFatal, onFailure, wasStopped }) {
  const counts = new Map();
  let begun = 0;

  // In the order of the calls, whatever they wait for later.
  function counted(type, name) {
    checkName(name);
    if (type !== "sleep" && ++begun > MAX_STEPS) {
      const more = "This limit can be changed in your worker configuration.";
      throw fatal(`The limit of ${MAX_STEPS} steps has been reached. ${more}`);
    }
    const key = `${type} ${name}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count;
  }

  // What a step comes to, now or in an execution before this one. `begin()` has its fields where it
  // has not begun, and `end(step)` resolves when it has ended.
  async function outcomeOf(type, name, count, begin, end) {
    if (execution.isHeld) await execution.passage();
    const step = journal.find(type, name, count) ?? journal.begin({ type, name, count, ...begin() });
    if (step.end === null) await end(step);
    if (execution.isHeld) await execution.passage();
    if (step.error) throw thrownFor(step.error);
    return journal.resultOf(step);
  }

  async function perform(name, ...rest) {
    const [given, callback] = typeof rest[0] === "function" ? [{}, rest[0]] : rest;
    if (typeof callback !== "function") throw fatal(`Step "${name}" requires a callback function`);
    const count = counted("do", name);
    const config = configOf(name, given ?? {});
    const begin = () => ({ config: shown(config), attempts: [] });
    return outcomeOf("do", name, count, begin, async (step) => {
      if (!isReplaced(step)) await attempts(step, config, callback);
    });
  }

  function isReplaced(step) {
    const outcome = journal.replacementOf(step);
    if (outcome?.error) journal.fail(step, outcome.error);
    else if (outcome !== undefined) journal.succeed(step, outcome.value);
    return outcome !== undefined;
  }

  async function attempts(step, { retries, timeout }, callback) {
    closeInterrupted(step, retries.limit);
    while (step.end === null) {
      if (step.wake !== undefined) {
        await execution.until(step.wake);
        delete step.wake;
      }
      if (execution.isHeld) await execution.passage();
      const attempt = beginAttempt(step);
      journal.save(step);
      const context = {
        step: { name: step.name, count: step.count },
        attempt: countOf(step),
        config: step.config,
      };
      await execution.perform(async () => {
        try {
          const value = await inTime(milliseconds(timeout), () => callback(context));
          if (execution.isOver) return;
          keep(step, attempt, value);
        } catch (error) {
          if (execution.isOver) return;
          await failed(step, attempt, error, retries, context);
        }
      });
      if (execution.isHeld) await execution.passage();
    }
  }

  // The process, or the isolate, ended in the middle of an attempt.
  function closeInterrupted(step, limit) {
    const last = step.attempts.at(-1);
    if (last === undefined || last.end !== null) return;
    Object.assign(last, { end: Date.now(), success: false, error: INTERRUPTED });
    if (wasStopped && countOf(step) > limit) journal.fail(step, INTERRUPTED);
    else journal.save(step);
  }

  function keep(step, attempt, value) {
    const place = `${step.name}-${step.count}`;
    const isStorable = checkResult(place, value);
    try {
      if (!isStorable) throw dataCloneError("It lives in JavaScript");
      Object.assign(attempt, { end: Date.now(), success: true });
      journal.succeed(step, value);
    } catch (error) {
      if (error?.name === "DataCloneError") {
        const what = `Value returned from step "${step.name}" is not serialisable`;
        close(attempt, told("WorkflowFatalError", what));
        journal.fail(step, attempt.error);
        const why = `as the step "${step.name}" returned a value which is not serialisable`;
        const all = `The execution of the Workflow instance was terminated, ${why}`;
        onFatal(told("WorkflowFatalError", all));
        return;
      }
      const what = `Storage failure for ${place} due to internal error.`;
      throw thrownFor(told("WorkflowInternalError", what));
    }
  }

  async function failed(step, attempt, thrown, retries, context) {
    const failure = toldOf(thrown);
    onFailure(`attempt ${countOf(step)} of step "${step.name}"`, thrown);
    if (isFinal(failure) || thrown instanceof NonRetryableError) {
      close(attempt, lastAttempt(failure));
      journal.fail(step, failure);
      return;
    }
    close(attempt, failure);
    if (countOf(step) > retries.limit) {
      journal.fail(step, failure);
      return;
    }
    journal.save(step); // a delay's function may take its time
    try {
      step.wake = Date.now() + (await delayOf(retries, step, context, thrownFor(failure)));
    } catch (error) {
      const what = `The delay function for step "${step.name}-${step.count}" ${error.message}`;
      journal.fail(step, told("NonRetryableDelayError", what));
      return;
    }
    journal.save(step);
  }

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

  return new WorkflowStep(perform, sleep, sleepUntil, waitForEvent);
}

/** The second argument of `run`; its methods may be taken off it. */
class WorkflowStep {
  constructor(perform, sleep, sleepUntil, waitForEvent) {
    this.do = perform;
    this.sleep = sleep;
    this.sleepUntil = sleepUntil;
    this.waitForEvent = waitForEvent;
  }
}

// What could not be sent fails the attempt, as at Cloudflare, where results are sent by RPC. False
// where it has functions, streams or the like: those can be sent, and not be stored.
function checkResult(place, value) {
  const message = pack([value], currentContext(), TRANSFER);
  dropMessage(message);
  const { data, entries } = message;
  const wrong = (what) => thrownFor(told("WorkflowInternalError", what));
  checkSize(`Step ${place} output`, data ?? serialize(value), wrong);
  return entries === null;
}

// A step that has begun goes on, however long that was.
function after(name, ms) {
  if (ms > MAX_WAIT_MS) throw fatal(`"${name}" is to wait for longer than a year, which no step may`);
  return Date.now() + ms;
}

function close(attempt, error) {
  Object.assign(attempt, { end: Date.now(), success: false, error });
}

// The code goes on after that, as it does on Cloudflare; what it comes to counts no more.
async function inTime(ms, callback) {
  let timer;
  const timeout = new Promise((_, reject) => {
    const error = told("WorkflowTimeoutError", `Execution timed out after ${ms}ms`);
    if (Number.isFinite(ms)) timer = startTimer(ms, () => reject(new TimedOut(error)));
  });
  try {
    return await Promise.race([callback(), timeout]);
  } finally {
    if (timer !== undefined) stopTimer(timer);
  }
}

class TimedOut extends Error {
  constructor({ name, message }) {
    super(message);
    this.name = name;
  }
}

async function delayOf({ delay, backoff }, step, ctx, error) {
  const base = typeof delay === "function" ? await calledDelay(delay, { ctx, error }) : delay;
  const ms = milliseconds(base);
  if (!Number.isFinite(ms) || ms < 0) {
    const expected = 'expected a number of ms or a duration string like "30 seconds"';
    throw new Error(`returned an invalid delay value (${expected})`);
  }
  const attempt = countOf(step);
  const factor = backoff === "exponential" ? 2 ** (attempt - 1) : backoff === "linear" ? attempt : 1;
  return ms === 0 ? 0 : Math.min(ms * factor, MAX_WAIT_MS);
}

async function calledDelay(delay, input) {
  try {
    return await inTime(DELAY_FUNCTION_MS, () => delay(input));
  } catch (error) {
    if (error instanceof TimedOut) throw new Error("did not return within 5 seconds");
    throw new Error(`threw an error: ${error instanceof Error ? error.message : String(error)}`);
  }
}
