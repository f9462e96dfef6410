// Alarms: https://developers.cloudflare.com/durable-objects/api/alarms/

import { ALARM_TIMEOUT_MS } from "holdfast:constants";
import { alarm_ended, storage_get_alarm, storage_set_alarm } from "holdfast:ops";
import { describeError } from "../kernel/errors.js";
import { startHostTimer, stopHostTimer } from "../timers/host-timer.js";
import { milliseconds } from "./dates.js";
import { wrote } from "./operations.js";
import { isReset } from "./remote-error.js";

const NOT_AFTER_ZERO = "setAlarm() cannot be called with an alarm time <= 0";
const NO_HANDLER =
  "Your Durable Object class must have an alarm() handler in order to call setAlarm()";
const NOBODY_TO_RUN =
  "Attempted to run a scheduled alarm without a handler, did you remember to export an alarm() function?";
const NOT_IN_FACETS = "Facets currently cannot set alarms.";
const TOO_LONG = "Alarm exceeded its allowed execution time";

// ---- what storage and its transactions offer -----------------------------------------

/** The time of the alarm in milliseconds; null where none is set, or it runs. */
export function getAlarm(instance) {
  if (instance.alarm.hides(instance.transactions)) return null;
  return storage_get_alarm(instance.slot) ?? null;
}

/** Wake the object at `time`, a Date or milliseconds; once, and instead of any alarm before. */
export function setAlarm(instance, owner, time, options) {
  const ms = milliseconds(time, `'setAlarm' on '${owner}'`);
  if (!(ms > 0)) throw new TypeError(NOT_AFTER_ZERO);
  if (!instance.mayHandleAlarms) throw new TypeError(NO_HANDLER);
  if (instance.facetDepth > 0) throw new Error(NOT_IN_FACETS);
  write(instance, Math.max(Math.floor(ms), Date.now()), options);
}

/** Wake the object no more; an alarm that runs goes on. */
export function deleteAlarm(instance, options) {
  write(instance, undefined, options);
}

function write(instance, ms, options) {
  wrote(instance, storage_set_alarm(instance.slot, ms), options);
  instance.alarm.wrote(instance.transactions);
}

// ---- running ---------------------------------------------------------------------------

/** What a handler is told of its alarm. */
class AlarmInvocationInfo {
  constructor(scheduledTime, retryCount) {
    Object.defineProperties(this, {
      scheduledTime: { value: scheduledTime, enumerable: true },
      retryCount: { value: retryCount, enumerable: true },
      isRetry: { value: retryCount > 0, enumerable: true },
    });
  }

  get [Symbol.toStringTag]() {
    return "AlarmInvocationInfo";
  }
}

/** The alarm as a call to its object; see `ObjectInstance.begin`. */
class AlarmCall {
  #slot;
  #number;
  #retryCount;
  #timer = null;
  #outcome = "done";

  // The instance tells what its alarm is then, of which an ended one knows nothing.
  get endsWithLife() {
    return true;
  }

  constructor(slot, number, retryCount) {
    this.#slot = slot;
    this.#number = number;
    this.#retryCount = retryCount;
  }

  /** When it is to run, before it does. */
  get scheduledTime() {
    return new Date(storage_get_alarm(this.#slot) ?? Date.now());
  }

  invoke(object) {
    const instance = this.life;
    const stored = storage_get_alarm(instance.slot);
    if (stored === undefined || stored > Date.now()) {
      this.#outcome = "moved";
      this.isInVain = true;
      return undefined;
    }
    instance.alarm.deferred = true;
    if (typeof object.alarm !== "function") {
      console.warn(NOBODY_TO_RUN);
      return this.#succeeded();
    }
    this.#timer = startHostTimer(instance.control, ALARM_TIMEOUT_MS, () => overdue(instance));
    try {
      const result = object.alarm(new AlarmInvocationInfo(stored, this.#retryCount));
      if (typeof result?.then !== "function") return this.#succeeded();
      return Promise.resolve(result).then(
        () => this.#succeeded(),
        (error) => this.#failed(error),
      );
    } catch (error) {
      return this.#failed(error);
    }
  }

  // The alarm that has failed stays set.
  #failed(error) {
    this.life.alarm.deferred = false;
    throw error;
  }

  // Its deletion is one of the writes that the end of the alarm has to wait for.
  #succeeded() {
    const instance = this.life;
    if (!instance.alarm.deferred) return;
    instance.alarm.deferred = false;
    wrote(instance, storage_set_alarm(instance.slot));
  }

  succeed() {
    this.#end();
    const stored = storage_get_alarm(this.life.slot);
    alarm_ended(this.#number, this.#outcome, stored, false, "");
  }

  fail(error) {
    const instance = this.life;
    this.#end();
    const outcome = instance.retriesAlarm ? "failed" : "abandoned";
    alarm_ended(this.#number, outcome, undefined, isScriptsFault(instance, error), describeError(error));
  }

  #end() {
    this.life.alarm.deferred = false;
    if (this.#timer !== null) stopHostTimer(this.#timer);
  }
}

// What the script threw, or reset its object with; not that it lost its storage or its place.
function isScriptsFault(instance, error) {
  if (instance.wasBroken) return false;
  return instance.error === error || !isReset(error);
}

function overdue(instance) {
  const error = new Error(TOO_LONG);
  error.overloaded = true;
  instance.reset(error);
}

/** Give an instance its alarm; the host knows the run by `number`. */
export function beginAlarm(instance, number, retryCount) {
  instance.begin(new AlarmCall(instance.slot, number, retryCount));
}
