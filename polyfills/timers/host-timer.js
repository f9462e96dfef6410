// Timers as the host runs them: one number each, firing as a turn of its context.
// The runtime's own time limits use these; what scripts set is in timers.js.

import { timer_start, timer_stop } from "holdfast:ops";
import { enterTurn } from "../kernel/turns.js";

const active = new Map();
let lastNumber = 0;

class HostTimer {
  constructor(context, run, argument) {
    this.number = ++lastNumber;
    this.context = context;
    this.run = run;
    this.argument = argument;
  }
}

/** Have `run(argument)` run as a turn of `context`, once, in `ms` milliseconds. */
export function startHostTimer(context, ms, run, argument) {
  const timer = new HostTimer(context, run, argument);
  restartHostTimer(timer, ms);
  return timer;
}

/** Start a timer again that has fired or was stopped; it keeps its number. */
export function restartHostTimer(timer, ms) {
  timer_start(timer.number, ms);
  active.set(timer.number, timer);
  timer.context.life.pendingOps++;
}

/** Stop a timer; harmless if it has fired. */
export function stopHostTimer(timer) {
  if (!active.delete(timer.number)) return;
  timer.context.life.pendingOps--;
  timer_stop(timer.number);
}

/** [context] of all timers that are active. */
export function* timersUnderWay() {
  for (const { context } of active.values()) yield [context];
}

/** Called by the host when a timer is due. */
export function fireTimer(number) {
  const timer = active.get(number);
  // A turn that ran after the host had decided to fire it may have stopped it.
  if (timer === undefined) return;
  active.delete(number);
  timer.context.life.pendingOps--;
  enterTurn(timer.context, timer.run, timer.argument);
}
