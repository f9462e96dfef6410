// scheduler.wait: https://developers.cloudflare.com/workers/runtime-apis/scheduler/

import {
  abortReason,
  addAbortAlgorithm,
  isAborted,
  isAbortSignal,
  removeAbortAlgorithm,
} from "../events/abort.js";
import {
  defineInterface,
  illegalConstructor,
  illegalInvocation,
  isObject,
  requireArguments,
  toDictionary,
} from "../kernel/webidl.js";
import { refuseToClone } from "../serialize/index.js";
import { startTimer, stopTimer } from "./timers.js";

const CONSTRUCTING = {};
const { trunc } = Math;

/** Waits as promises. */
export class Scheduler {
  #brand;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
  }

  /**
   * A promise that is fulfilled in `ms` milliseconds, or rejected with the reason of
   * `options.signal` once that aborts.
   */
  async wait(ms, options = undefined) {
    if (!(#brand in this)) throw illegalInvocation();
    requireArguments(arguments.length, 1, "'wait' on 'Scheduler'");
    const delay = +ms;
    const signal = toSignal(toDictionary(options, "Scheduler.wait: parameter 2").signal);
    if (signal !== undefined && isAborted(signal)) throw abortReason(signal);
    return startWaiting(delay > 0 ? trunc(delay) : 0, signal);
  }
}

defineInterface(Scheduler);
refuseToClone(Scheduler);

/** The global object's `scheduler`. */
export const scheduler = new Scheduler(CONSTRUCTING);

function toSignal(value) {
  if (value === undefined || (isObject(value) && isAbortSignal(value))) return value;
  throw new TypeError("Scheduler.wait: the option 'signal' is not an AbortSignal.");
}

function startWaiting(delay, signal) {
  return new Promise((resolve, reject) => {
    if (signal === undefined) {
      startTimer(delay, resolve, undefined);
      return;
    }
    const giveUp = () => {
      stopTimer(timer);
      reject(abortReason(signal));
    };
    const finish = () => {
      removeAbortAlgorithm(signal, giveUp);
      resolve();
    };
    const timer = startTimer(delay, finish, undefined);
    addAbortAlgorithm(signal, giveUp);
  });
}
