// Waiting for the events of an emitter or an EventTarget: once() and on() of node:events.
// https://nodejs.org/docs/latest-v20.x/api/events.html#eventsonceemitter-name-options

import { abortError, invalidType } from "./errors.js";

function listen(target, type, listener, options = undefined) {
  if (typeof target?.on === "function") {
    if (options?.once) target.once(type, listener);
    else target.on(type, listener);
  } else if (typeof target?.addEventListener === "function") {
    target.addEventListener(type, listener, options);
  } else {
    throw invalidType("emitter", "EventEmitter", target);
  }
}

function unlisten(target, type, listener) {
  if (typeof target.removeListener === "function") target.removeListener(type, listener);
  else target.removeEventListener(type, listener);
}

function checkSignal(signal) {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalidType("options.signal", "AbortSignal", signal);
  return signal;
}

/** A promise of the arguments of the next event of this name; an "error" rejects it. */
export async function once(emitter, name, options = {}) {
  const signal = checkSignal(options?.signal);
  if (signal?.aborted) throw abortError(signal.reason);
  return new Promise((resolve, reject) => {
    const isTarget = typeof emitter?.on !== "function";
    const done = () => {
      unlisten(emitter, name, onEvent);
      if (!isTarget && name !== "error") emitter.removeListener("error", onError);
      signal?.removeEventListener("abort", onAbort);
    };
    const onEvent = (...args) => {
      done();
      resolve(args);
    };
    const onError = (error) => {
      done();
      reject(error);
    };
    const onAbort = () => {
      done();
      reject(abortError(signal.reason));
    };
    listen(emitter, name, onEvent, { once: true });
    if (!isTarget && name !== "error") emitter.once("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** An async iterator over the arguments of each event of this name. */
export function on(emitter, name, options = {}) {
  const signal = checkSignal(options?.signal);
  if (signal?.aborted) throw abortError(signal.reason);
  const queue = [];
  const waiting = [];
  let failure = null;
  let finished = false;
  const onEvent = (...args) => {
    if (waiting.length > 0) waiting.shift().resolve({ value: args, done: false });
    else queue.push(args);
  };
  const onError = (error) => {
    if (waiting.length > 0) waiting.shift().reject(error);
    else failure = error;
    close();
  };
  const onAbort = () => onError(abortError(signal.reason));
  const closing = options?.close ?? [];
  const close = () => {
    unlisten(emitter, name, onEvent);
    if (typeof emitter.on === "function" && name !== "error")
      emitter.removeListener("error", onError);
    for (const event of closing) unlisten(emitter, event, close);
    signal?.removeEventListener("abort", onAbort);
    finished = true;
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  listen(emitter, name, onEvent);
  if (typeof emitter.on === "function" && name !== "error") emitter.on("error", onError);
  for (const event of closing) listen(emitter, event, close);
  signal?.addEventListener("abort", onAbort, { once: true });
  return Object.setPrototypeOf(
    {
      next() {
        if (queue.length > 0) return Promise.resolve({ value: queue.shift(), done: false });
        if (failure !== null) {
          const rejected = Promise.reject(failure);
          failure = null;
          return rejected;
        }
        if (finished) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return: close,
      throw(error) {
        if (!(error instanceof Error))
          throw invalidType("EventEmitter.AsyncIterator", "Error", error);
        onError(error);
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
  );
}
