// What all streams of Node.js share: the class they derive from, how they are destroyed.
// https://nodejs.org/docs/latest-v20.x/api/stream.html

import { currentFrame, runInFrame } from "../kernel/frames.js";
import { abortError, invalidType, invalidValue, nodeError } from "./errors.js";
import { EventEmitter } from "./events.js";

const queueNative = globalThis.queueMicrotask;

/** Calls a function after the running job, in the frame that is current now. */
export function nextTick(run, ...args) {
  const frame = currentFrame();
  queueNative(() => {
    try {
      runInFrame(frame, run, args);
    } catch (error) {
      reportError(error);
    }
  });
}

/** The base of all streams, and the module itself. */
export function Stream(options) {
  EventEmitter.call(this, options);
}
Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Stream, EventEmitter);

/** Pipes a stream of the oldest kind, which has no buffers. */
Stream.prototype.pipe = function pipe(destination, options = undefined) {
  const source = this;
  const onData = (chunk) => {
    if (destination.writable && destination.write(chunk) === false && source.pause) source.pause();
  };
  const onDrain = () => {
    if (source.readable && source.resume) source.resume();
  };
  let ended = false;
  const onEnd = () => {
    if (ended) return;
    ended = true;
    destination.end();
  };
  const onClose = () => {
    if (ended) return;
    ended = true;
    if (typeof destination.destroy === "function") destination.destroy();
  };
  const onError = function onError(error) {
    cleanUp();
    if (EventEmitter.listenerCount(this, "error") === 0) this.emit("error", error);
  };
  const cleanUp = () => {
    source.removeListener("data", onData);
    destination.removeListener("drain", onDrain);
    source.removeListener("end", onEnd);
    source.removeListener("close", onClose);
    source.removeListener("error", onError);
    destination.removeListener("error", onError);
    source.removeListener("end", cleanUp);
    source.removeListener("close", cleanUp);
    destination.removeListener("close", cleanUp);
  };
  source.on("data", onData);
  destination.on("drain", onDrain);
  if (!destination._isStdio && options?.end !== false) {
    source.on("end", onEnd);
    source.on("close", onClose);
  }
  source.prependListener("error", onError);
  destination.prependListener("error", onError);
  source.on("end", cleanUp);
  source.on("close", cleanUp);
  destination.on("close", cleanUp);
  destination.emit("pipe", source);
  return destination;
};

// ---- Buffer sizes -------------------------------------------------------------------------

let defaultBytes = 65_536;
let defaultObjects = 16;

export function getDefaultHighWaterMark(objectMode) {
  return objectMode ? defaultObjects : defaultBytes;
}

export function setDefaultHighWaterMark(objectMode, value) {
  if (typeof value !== "number" || !(value >= 0)) throw invalidType("value", "number", value);
  if (objectMode) defaultObjects = value;
  else defaultBytes = value;
}

/** How much a stream buffers, from its options; `key` is the half's own option. */
function highWaterMarkFrom(state, options, key, isDuplex) {
  const own = isDuplex ? options?.[key] : undefined;
  const value = options?.highWaterMark ?? own;
  if (value === undefined || value === null) return getDefaultHighWaterMark(state.objectMode);
  if (!Number.isInteger(value) || value < 0) {
    const name = options?.highWaterMark === undefined ? `options.${key}` : "options.highWaterMark";
    throw invalidValue(name, value);
  }
  return value;
}

/** What the readable and the writable half of a stream both know of themselves. */
export class HalfState {
  sync = true;
  constructed = true;
  errorEmitted = false;
  closeEmitted = false;
  destroyed = false;
  errored = null;
  closed = false;

  /** `side` is "readable" or "writable". */
  constructor(options, side, isDuplex) {
    this.objectMode = Boolean(options?.objectMode || (isDuplex && options?.[`${side}ObjectMode`]));
    this.highWaterMark = highWaterMarkFrom(this, options, `${side}HighWaterMark`, isDuplex);
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.defaultEncoding = options?.defaultEncoding || "utf8";
  }
}

// ---- The end ------------------------------------------------------------------------------

function halves(stream) {
  return [stream._readableState, stream._writableState].filter(Boolean);
}

/** `stream.destroy(error, callback)`. */
export function destroy(error = undefined, callback = undefined) {
  const states = halves(this);
  if (states.some((state) => state.destroyed)) {
    if (typeof callback === "function") callback();
    return this;
  }
  if (error) for (const state of states) state.errored ??= error;
  for (const state of states) state.destroyed = true;
  if (states.every((state) => state.constructed)) runDestroy(this, error, callback);
  else this.once("constructed for destroy", (late) => runDestroy(this, late ?? error, callback));
  return this;
}

function runDestroy(stream, error, callback) {
  let called = false;
  const done = (failure) => {
    if (called) return;
    called = true;
    const states = halves(stream);
    if (failure) for (const state of states) state.errored ??= failure;
    for (const state of states) state.closed = true;
    if (typeof callback === "function") callback(failure);
    nextTick(() => {
      if (failure) emitError(stream, failure);
      emitClose(stream);
    });
  };
  try {
    stream._destroy(error || null, done);
  } catch (failure) {
    done(failure);
  }
}

function emitError(stream, error) {
  const states = halves(stream);
  if (states.some((state) => state.errorEmitted)) return;
  for (const state of states) state.errorEmitted = true;
  stream.emit("error", error);
}

function emitClose(stream) {
  const states = halves(stream);
  if (states.some((state) => state.closeEmitted)) return;
  for (const state of states) state.closeEmitted = true;
  if (states.some((state) => state.emitClose)) stream.emit("close");
}

/** `stream._undestroy()`: has a stream that was destroyed begin anew. */
export function undestroy() {
  const { _readableState: readable, _writableState: writable } = this;
  for (const state of halves(this))
    Object.assign(state, {
      constructed: true,
      destroyed: false,
      closed: false,
      closeEmitted: false,
      errored: null,
      errorEmitted: false,
    });
  if (readable) {
    const ended = readable.readable === false;
    Object.assign(readable, { reading: false, ended, endEmitted: ended });
  }
  if (writable) {
    const ended = writable.writable === false;
    Object.assign(writable, { finalCalled: false, prefinished: false });
    Object.assign(writable, { ended, ending: ended, finished: ended });
  }
}

/** A failure of the stream: it is destroyed, or only tells of it where it asked for that. */
export function fail(stream, error, sync = false) {
  const states = halves(stream);
  if (states.some((state) => state.destroyed)) return;
  if (states.some((state) => state.autoDestroy)) {
    stream.destroy(error);
    return;
  }
  for (const state of states) state.errored ??= error;
  if (sync) nextTick(emitError, stream, error);
  else emitError(stream, error);
}

/** The error of a callback that a stream's own code calls once too often. */
export function calledTwice() {
  return nodeError(Error, "ERR_MULTIPLE_CALLBACK", "Callback called multiple times");
}

/** Runs `_construct`, if the stream has one, before anything is read or written. */
export function construct(stream, done) {
  if (typeof stream._construct !== "function") return;
  const states = halves(stream);
  for (const state of states) state.constructed = false;
  stream.once("constructed", done);
  if (stream.listenerCount("constructed") > 1) return; // the other half of a Duplex asked already
  nextTick(() => {
    let called = false;
    const finish = (error) => {
      if (called) {
        fail(stream, error ?? calledTwice());
        return;
      }
      called = true;
      for (const state of halves(stream)) state.constructed = true;
      if (halves(stream).some((state) => state.destroyed))
        stream.emit("constructed for destroy", error);
      else if (error) fail(stream, error, true);
      else nextTick(() => stream.emit("constructed"));
    };
    try {
      stream._construct((error) => nextTick(finish, error));
    } catch (error) {
      nextTick(finish, error);
    }
  });
}

/** Destroys a stream when a signal aborts. */
export function addAbortSignal(signal, stream) {
  if (!(signal instanceof AbortSignal)) throw invalidType("signal", "AbortSignal", signal);
  if (typeof stream?.on !== "function")
    throw invalidType("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  const onAbort = () => stream.destroy(abortError(signal.reason));
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort, { once: true });
    stream.once("close", () => signal.removeEventListener("abort", onAbort));
  }
  return stream;
}
