// finished and pipeline: https://nodejs.org/docs/latest-v20.x/api/stream.html#streamfinishedstream-options-callback

import { ReadableStream } from "../streams/readable.js";
import { TransformStream } from "../streams/transform.js";
import { WritableStream } from "../streams/writable.js";
import { abortError, invalidType, nodeError, requireFunction, requireObject } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { PassThrough } from "./stream-duplex.js";
import { Readable } from "./stream-readable.js";
import "./stream-from.js";
import { fromWeb, pairFromWeb, writableFromWeb } from "./stream-adapters.js";

const ignore = () => {};

export const isNodeStream = (value) =>
  value !== null &&
  typeof value === "object" &&
  typeof value.on === "function" &&
  (typeof value.write === "function" || typeof value.pipe === "function");

const isIterable = (value) =>
  value != null &&
  (typeof value[Symbol.asyncIterator] === "function" ||
    typeof value[Symbol.iterator] === "function");

const prematureClose = () => nodeError(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close");

/** Whether a half of a stream has told no end and is not at it, either. */
function isUnfinished(state, hasTold) {
  return hasTold === false && !(state.ended && state.length === 0);
}

/** Calls back once when a stream has ended, finished, failed or closed; returns a clean-up. */
export function finished(stream, options, callback = undefined) {
  if (callback === undefined) [callback, options] = [options, {}];
  options ??= {};
  requireObject(options, "options");
  requireFunction(callback, "callback");
  if (stream instanceof ReadableStream || stream instanceof WritableStream)
    return finishedWeb(stream, callback);
  if (!isNodeStream(stream))
    throw invalidType("stream", ["ReadableStream", "WritableStream", "Stream"], stream);
  const readable = stream._readableState;
  const writable = stream._writableState;
  // A Duplex may lack a half.
  const reads = options.readable ?? (readable && !(writable && readable.readable === false));
  const writes = options.writable ?? (writable && !(readable && writable.writable === false));
  let readDone = !reads || readable === undefined || readable.endEmitted;
  let writeDone = !writes || writable === undefined || writable.finished;
  let called = false;
  const done = (error = undefined) => {
    if (called) return;
    called = true;
    callback.call(stream, error);
  };
  const state = stream._writableState ?? stream._readableState;
  const closes = state?.autoDestroy && state.emitClose && state.closed === false;
  const onFinish = () => {
    writeDone = true;
    if (stream.destroyed) return;
    if (closes && (!stream.readable || reads)) return;
    if (readDone) done();
  };
  const onEnd = () => {
    readDone = true;
    if (stream.destroyed) return;
    if (closes && (!stream.writable || writes)) return;
    if (writeDone) done();
  };
  const onClose = () => {
    const errored = stream._writableState?.errored ?? stream._readableState?.errored;
    if (errored && typeof errored !== "boolean") done(errored);
    else if (reads && !readDone && isUnfinished(readable, readable?.endEmitted)) done(prematureClose());
    else if (writes && !writeDone && isUnfinished(writable, writable?.finished))
      done(prematureClose());
    else done();
  };
  stream.on("end", onEnd).on("finish", onFinish);
  if (options.error !== false) stream.on("error", done);
  stream.on("close", onClose);
  const closed = state?.closed || stream._readableState?.closed;
  if (closed || state?.errorEmitted) nextTick(onClose);
  else if (!reads && !writes) nextTick(done);
  else if (
    (!reads || stream._readableState?.endEmitted) &&
    (!writes || stream._writableState?.finished) &&
    !closes
  )
    nextTick(done);
  const cleanUp = () => {
    called = true;
    stream.removeListener("end", onEnd);
    stream.removeListener("finish", onFinish);
    stream.removeListener("error", done);
    stream.removeListener("close", onClose);
  };
  if (options.signal) {
    const onAbort = () => {
      if (called) return;
      const { signal } = options;
      cleanUp();
      callback.call(stream, abortError(signal.reason));
    };
    if (options.signal.aborted) nextTick(onAbort);
    else options.signal.addEventListener("abort", onAbort, { once: true });
  }
  return cleanUp;
}

function finishedWeb(stream, callback) {
  let active = true;
  const end = (error) => active && callback.call(stream, error);
  const copy =
    stream instanceof ReadableStream ? Readable.fromWeb(stream) : writableFromWeb(stream);
  finished(copy, end);
  return () => (active = false);
}

function destroyer(stream, error) {
  if (typeof stream.destroy === "function" && !stream.destroyed) stream.destroy(error);
}

/** A step of a pipeline as a stream: web streams are wrapped, generators run. */
function toStream(step, previous, isLast, context) {
  if (typeof step === "function") {
    const result =
      previous === undefined
        ? step({ signal: context.signal })
        : step(asIterable(previous), { signal: context.signal });
    if (isLast && typeof result?.then === "function" && !isIterable(result))
      return { promise: result };
    if (typeof result?.then === "function" && !isIterable(result)) {
      const through = new PassThrough({ objectMode: true });
      result.then(
        (value) => through.end(value ?? undefined),
        (error) => through.destroy(error),
      );
      return { stream: through };
    }
    if (!isIterable(result))
      throw nodeError(
        TypeError,
        "ERR_INVALID_RETURN_VALUE",
        `Expected AsyncIterable to be returned from the "transform" function but got ${typeof result}.`,
      );
    return { stream: Readable.from(result) };
  }
  if (isNodeStream(step)) return { stream: step };
  if (step instanceof ReadableStream) return { stream: fromWeb(step, { objectMode: true }) };
  if (step instanceof WritableStream)
    return { stream: writableFromWeb(step, { objectMode: true }) };
  if (
    step instanceof TransformStream ||
    (step?.readable instanceof ReadableStream && step?.writable instanceof WritableStream)
  ) {
    return { stream: pairFromWeb(step, { objectMode: true }) };
  }
  if (isIterable(step)) return { stream: Readable.from(step) };
  throw invalidType("val", ["Stream", "Function", "Iterable"], step);
}

const asIterable = (stream) =>
  typeof stream[Symbol.asyncIterator] === "function"
    ? stream
    : new Readable({ objectMode: true }).wrap(stream);

/** Pipes streams one into the next; all are destroyed when one fails. */
export function pipeline(...steps) {
  const callback = steps.pop();
  requireFunction(callback, "streams[stream.length - 1]");
  return runPipeline(steps, callback, {});
}

export function runPipeline(steps, callback, options) {
  if (steps.length === 1 && Array.isArray(steps[0])) [steps] = steps;
  if (steps.length < 2)
    throw nodeError(TypeError, "ERR_MISSING_ARGS", 'The "streams" argument must be specified');
  const controller = new AbortController();
  const context = { signal: controller.signal };
  const streams = [];
  const iterated = []; // by functions, which may not want all of it
  let error;
  let value;
  let pending = 0;
  let ended = false;
  const settle = (failure = undefined) => {
    if (failure && (!error || error.code === "ERR_STREAM_PREMATURE_CLOSE")) error = failure;
    if (failure) {
      for (const stream of streams.splice(0)) destroyer(stream, error);
      controller.abort();
    }
    if (--pending > 0 || ended) return;
    ended = true;
    for (const stream of iterated) if (!stream.readableEnded) destroyer(stream);
    callback(error, value);
  };
  const onAbort = () => {
    pending++;
    settle(abortError(options.signal.reason));
  };
  if (options.signal?.aborted) onAbort();
  else options.signal?.addEventListener("abort", onAbort, { once: true });
  pending++; // until all are joined
  let previous;
  for (const [i, step] of steps.entries()) {
    const isLast = i === steps.length - 1;
    const made = toStream(step, previous, isLast, context);
    if (made.promise) {
      pending++;
      made.promise.then((result) => {
        value = result;
        settle();
      }, settle);
      previous = undefined;
      break;
    }
    const { stream } = made;
    streams.push(stream);
    const isIterated = typeof steps[i + 1] === "function";
    if (isIterated) iterated.push(stream);
    watch(stream, i > 0 && !(isLast && options.end === false), !isLast && !isIterated);
    if (previous !== undefined && typeof step !== "function") {
      previous.pipe(stream, { end: !isLast || options.end !== false });
    }
    previous = stream;
  }
  settle();
  return previous;

  /** Waits for the halves that the pipeline has to see end. */
  function watch(stream, writes, reads) {
    pending++;
    const readable = reads && stream._readableState !== undefined;
    const writable = writes && stream._writableState !== undefined;
    if (!readable && !writable) {
      stream.on("error", (failure) => {
        pending++;
        settle(failure);
      });
      nextTick(settle);
    } else finished(stream, { readable, writable }, settle);
    stream.on("error", ignore);
  }
}
