// node:timers/promises: https://nodejs.org/docs/latest-v20.x/api/timers.html#timers-promises-api

import {
  clearInterval,
  clearTimeout,
  setInterval as startInterval,
  setTimeout as startTimeout,
} from "../timers/timers.js";
import { abortError, invalidType, requireBoolean } from "./errors.js";

function signalOf(options) {
  if (options === null || typeof options !== "object")
    throw invalidType("options", "Object", options);
  const { signal, ref = true } = options;
  requireBoolean(ref, "options.ref");
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidType("options.signal", "AbortSignal", signal);
  return signal;
}

function wait(delay, value, options) {
  return new Promise((resolve, reject) => {
    if (delay !== undefined && typeof delay !== "number") throw invalidType("delay", "number", delay);
    const signal = signalOf(options);
    if (signal?.aborted) throw abortError(signal.reason);
    const onAbort = () => {
      clearTimeout(id);
      reject(abortError(signal.reason));
    };
    const id = startTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value);
    }, delay);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

export function setTimeout(delay = 1, value = undefined, options = {}) {
  return wait(delay, value, options);
}

export function setImmediate(value = undefined, options = {}) {
  return wait(0, value, options);
}

/** An async iterator that yields the value every so many milliseconds. */
export async function* setInterval(delay = 1, value = undefined, options = {}) {
  const signal = signalOf(options);
  if (signal?.aborted) throw abortError(signal.reason);
  let due = 0;
  let wake = () => {};
  const id = startInterval(() => {
    due++;
    wake();
  }, delay);
  const onAbort = () => {
    clearInterval(id);
    wake();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      if (signal?.aborted) throw abortError(signal.reason);
      if (due === 0) await new Promise((resolve) => (wake = resolve));
      for (; due > 0; due--) yield value; // what was due before an abort comes, too
    }
  } finally {
    clearInterval(id);
    signal?.removeEventListener("abort", onAbort);
  }
}

export const scheduler = {
  wait: (delay, options = {}) => wait(delay, undefined, options),
  yield: () => wait(0, undefined, {}),
};

export default { scheduler, setImmediate, setInterval, setTimeout };
