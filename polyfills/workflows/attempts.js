// The attempts that are made at what a step does, or at undoing it.
// https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/

import { currentContext } from "../kernel/current.js";
import { dropMessage, pack, TRANSFER } from "../rpc/message.js";
import { dataCloneError } from "../serialize/errors.js";
import { serialize } from "../serialize/index.js";
import { startTimer, stopTimer } from "../timers/timers.js";
import { MAX_STATE_BYTES, tooLarge } from "./checks.js";
import { compact } from "./compact.js";
import { MAX_WAIT_MS, milliseconds } from "./duration.js";
import { isFinal, lastAttempt, thrownFor, told, toldOf } from "./errors.js";
import { NonRetryableError } from "./non-retryable.js";
import { Intake, KeptStream, UnreadableStream } from "./streams.js";

const DELAY_FUNCTION_MS = 5_000;
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

/** What the code of a step is told of it. */
export const contextOf = (step) => ({
  step: { name: step.name, count: step.count },
  attempt: countOf(step),
  config: step.config,
});

/** What steps are shown of their configuration: not a delay that is a function. */
export function shown(config) {
  const { limit, delay, backoff } = config.retries;
  const retries = typeof delay === "function" ? { limit, backoff } : { limit, delay, backoff };
  return { ...config, retries };
}

/**
 * Makes `attempts(step, config, callback)` of an execution: as many as the step has left, until it has
 * come to something, which the journal keeps. `onFatal(failure)` ends the instance;
 * `onFailure(place, error)` hears of each that fails. If the execution before it `wasStopped`, an
 * attempt that it was in counts.
 */
export function attemptsIn({ execution, journal, onFatal, onFailure, wasStopped }) {
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
      await execution.perform(() => tryOnce(step, attempt, retries, milliseconds(timeout), callback));
      if (execution.isHeld) await execution.passage();
    }
  }

  async function tryOnce(step, attempt, retries, timeout, callback) {
    const context = contextOf(step);
    const intake = new Intake(journal, step, execution);
    try {
      const value = await inTime(timeout, async () => intake.taken(await callback(context)));
      if (execution.isOver) return;
      keep(step, attempt, value);
    } catch (error) {
      if (execution.isOver) return;
      intake.stop();
      await failed(step, attempt, error, retries, context);
    }
  }

  // The process, or the isolate, ended in the middle of an attempt.
  function closeInterrupted(step, limit) {
    const last = step.attempts.at(-1);
    if (last === undefined || last.end !== null) return;
    close(last, INTERRUPTED);
    journal.dropPieces(step);
    if (wasStopped && countOf(step) > limit) journal.fail(step, INTERRUPTED);
    else journal.save(step);
  }

  function keep(step, attempt, value) {
    if (value instanceof KeptStream) {
      Object.assign(attempt, { end: Date.now(), success: true });
      journal.succeedWithStream(step, value);
      return;
    }
    const place = `${step.name}-${step.count}`;
    const { stored, isStorable } = checkedResult(place, value);
    try {
      if (!isStorable) throw dataCloneError("It lives in JavaScript");
      Object.assign(attempt, { end: Date.now(), success: true });
      journal.succeed(step, stored);
    } catch (error) {
      if (error?.name === "DataCloneError") {
        const what = `Value returned from step "${step.name}" is not serialisable`;
        endWith(step, attempt, what, "a value which is not serialisable");
        return;
      }
      const what = `Storage failure for ${place} due to internal error.`;
      throw thrownFor(told("WorkflowInternalError", what));
    }
  }

  // No attempt follows, nor any step: what this one `returned` cannot be kept.
  function endWith(step, attempt, what, returned) {
    close(attempt, told("WorkflowFatalError", what));
    journal.fail(step, attempt.error);
    const all = `The execution of the Workflow instance was terminated, as the step "${step.name}" returned ${returned}`;
    onFatal(told("WorkflowFatalError", all));
  }

  async function failed(step, attempt, thrown, retries, context) {
    const failure = toldOf(thrown);
    onFailure(`attempt ${countOf(step)} of step "${step.name}"`, thrown);
    if (thrown instanceof UnreadableStream) {
      const { message } = failure;
      endWith(step, attempt, message, `an invalid ReadableStream output. ${message}`);
      return;
    }
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

  return attempts;
}

// What is stored of a result. What could not be sent fails the attempt, as at Cloudflare, where results are sent by RPC.
// Not storable is what has functions, streams or the like: those can be sent.
function checkedResult(place, value) {
  const { size, isStorable } = measure(value);
  if (size <= MAX_STATE_BYTES) return { stored: value, isStorable };
  const stored = compact(value);
  if (measure(stored).size > MAX_STATE_BYTES) {
    throw thrownFor(told("WorkflowInternalError", tooLarge(`Step ${place} output`)));
  }
  return { stored, isStorable };
}

function measure(value) {
  const message = pack([value], currentContext(), TRANSFER);
  dropMessage(message);
  const { data, entries } = message;
  return { size: (data ?? serialize(value)).length, isStorable: entries === null };
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
