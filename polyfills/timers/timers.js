// setTimeout and setInterval:
// https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers
// https://developers.cloudflare.com/workers/runtime-apis/web-standards/#timers
//
// A timer belongs to the context that set it, and ends with that context's `life`, whose
// `timers` are the ids of those that are active, and whose `finishedTimers` tells how many
// are no more. Its id is its number at the host.
//
// Two events that await the same promise both go on in the turn that settles it, so one
// may set its timers on the other's account. Therefore those of an event that ends live
// on as *orphans* while other events do.

import { wrongArgument } from "../kernel/arguments.js";
import { DOMException } from "../language/dom-exception.js";
import { MAX_ACTIVE_TIMERS } from "holdfast:constants";
import { reportUncaught } from "../events/event-target.js";
import { currentFrame, enterFrame } from "../kernel/frames.js";
import { requireContext } from "../kernel/pending.js";
import { toLong } from "../kernel/webidl.js";
import { restartHostTimer, startHostTimer, stopHostTimer } from "./host-timer.js";

const { apply } = Reflect;

const ONCE = -1;
const MIN_INTERVAL_MS = 1; // an interval of 0 would keep everything else from running

const MAX_ORPHANS = 1_000;

// Ids of timers whose event has ended, oldest first.
const orphans = new Set();

// By id. A timer that fired stays until its turn runs: an input gate may hold that back.
const active = new Map();

/** What a script asked for: a call, once or every so often. */
class ScriptTimer {
  stopped = false;
  host = null;
  frame = currentFrame();

  constructor(handler, args, every) {
    this.handler = handler;
    this.args = args;
    this.every = every;
  }
}

/** Call `handler(...args)` once, `timeout` milliseconds from now; the timer's id. */
export function setTimeout(handler, timeout = 0, ...args) {
  checkHandler(handler, "setTimeout");
  return start(new ScriptTimer(handler, args, ONCE), delayFrom(timeout));
}

/** Call `handler(...args)` every `timeout` milliseconds; the timer's id. */
export function setInterval(handler, timeout = 0, ...args) {
  checkHandler(handler, "setInterval");
  const delay = Math.max(delayFrom(timeout), MIN_INTERVAL_MS);
  return start(new ScriptTimer(handler, args, delay), delay);
}

/** Stop a timer of either kind; an unknown id is ignored. */
export function clearTimeout(id = 0) {
  stopTimer(toLong(id));
}

/** The same as clearTimeout. */
export function clearInterval(id = 0) {
  stopTimer(toLong(id));
}

/**
 * Have `run(argument)` run once in `ms` milliseconds, on the script's account; the
 * timer's id. Throws outside handlers and past the limit of active timers.
 */
export function startTimer(ms, run, argument) {
  return start(new ScriptTimer(run, [argument], ONCE), ms);
}

/** Stop the timer that has this id, if it is a script's. */
export function stopTimer(id) {
  const timer = active.get(id);
  if (timer !== undefined) stop(timer);
}

/**
 * Stop every timer of what ends: a context, or the `life` that several contexts share.
 * Call it in a turn.
 */
export function cancelTimersOf(life) {
  if (life.timers) for (const id of life.timers) stopTimer(id);
}

/**
 * The event with these timers has ended while others live on: leave it those that fire
 * once and that another event may wait for. Call it in a turn.
 */
export function orphanTimersOf(life) {
  for (const id of life.timers) {
    if (active.get(id).every === ONCE) orphans.add(id);
    else stopTimer(id);
  }
  for (const id of orphans) {
    if (orphans.size <= MAX_ORPHANS) break;
    stopTimer(id);
  }
}

/** No event is left that could wait for an orphan. Call it in a turn. */
export function cancelOrphans() {
  if (orphans.size === 0) return;
  for (const id of orphans) stopTimer(id);
}

function start(timer, ms) {
  const context = requireContext();
  if (active.size - orphans.size >= MAX_ACTIVE_TIMERS) {
    throw new DOMException(
      "You have exceeded the number of active timeouts you may set. max active timeouts: " +
        `${MAX_ACTIVE_TIMERS}, current active timeouts: ${active.size - orphans.size}, ` +
        `finished timeouts: ${context.life.finishedTimers ?? 0}`,
      "QuotaExceededError",
    );
  }
  timer.host = startHostTimer(context, ms, fire, timer);
  const id = timer.host.number;
  active.set(id, timer);
  (context.life.timers ??= new Set()).add(id);
  if (context.gate !== null && context.life.error !== null) stop(timer);
  return id;
}

function stop(timer) {
  const { context, number } = timer.host;
  timer.stopped = true;
  active.delete(number);
  orphans.delete(number);
  context.life.timers.delete(number);
  context.life.finishedTimers = (context.life.finishedTimers ?? 0) + 1;
  stopHostTimer(timer.host);
}

function fire(timer) {
  if (timer.stopped) return;
  if (timer.every === ONCE) stop(timer);
  enterFrame(timer.frame);
  try {
    apply(timer.handler, globalThis, timer.args);
  } catch (error) {
    reportUncaught(error);
  }
  if (!timer.stopped) restartHostTimer(timer.host, timer.every);
}

/** `long` wraps around as the standard says; what is below zero is zero. */
function delayFrom(timeout) {
  const delay = toLong(timeout);
  return delay > 0 ? delay : 0;
}

function checkHandler(handler, name) {
  if (typeof handler === "function") return;
  throw wrongArgument(name, "ServiceWorkerGlobalScope", 1, "function");
}
