// A Readable's buffer: how chunks get into it, and out.
// https://nodejs.org/docs/latest-v20.x/api/stream.html#buffering

import { Buffer } from "./buffer.js";
import { invalidType, nodeError } from "./errors.js";
import { fail, nextTick } from "./stream-base.js";

// ---- Chunks in ----------------------------------------------------------------------------

/** A chunk from the source, or back from a reader; whether there is room for more. */
export function add(stream, chunk, encoding, atFront) {
  const state = stream._readableState;
  let error;
  if (!state.objectMode) {
    if (typeof chunk === "string") {
      encoding = encoding || state.defaultEncoding;
      if (state.encoding !== encoding) {
        if (atFront && state.encoding)
          chunk = Buffer.from(chunk, encoding).toString(state.encoding);
        else {
          chunk = Buffer.from(chunk, encoding);
          encoding = "";
        }
      }
    } else if (chunk instanceof Uint8Array) {
      if (!Buffer.isBuffer(chunk))
        chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      encoding = "";
    } else if (chunk !== null && chunk !== undefined) {
      error = invalidType("chunk", ["string", "Buffer", "TypedArray", "DataView"], chunk);
    }
  }
  if (error) fail(stream, error);
  else if (chunk === null) {
    state.reading = false;
    endOfSource(stream, state);
  } else if (state.objectMode || (chunk !== undefined && chunk.length > 0)) {
    addChecked(stream, state, chunk, encoding, atFront);
  } else if (!atFront) {
    state.reading = false;
    maybeReadMore(stream, state);
  }
  if (state.ended || state.destroyed || state.errored) return false;
  return state.length < state.highWaterMark || state.length === 0;
}

function addChecked(stream, state, chunk, encoding, atFront) {
  if (atFront) {
    if (state.endEmitted)
      fail(
        stream,
        nodeError(Error, "ERR_STREAM_UNSHIFT_AFTER_END_EVENT", "stream.unshift() after end event"),
      );
    else if (!state.destroyed && !state.errored) deliver(stream, state, chunk, true);
    return;
  }
  if (state.ended) {
    fail(stream, nodeError(Error, "ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF"));
    return;
  }
  if (state.destroyed || state.errored) return;
  state.reading = false;
  if (state.decoder && !encoding) {
    const text = state.decoder.write(chunk);
    if (state.objectMode || text.length !== 0) deliver(stream, state, text, false);
    else maybeReadMore(stream, state);
  } else {
    deliver(stream, state, chunk, false);
  }
}

function deliver(stream, state, chunk, atFront) {
  if (state.flowing && state.length === 0 && !state.sync && stream.listenerCount("data") > 0) {
    state.awaitingDrain.clear();
    state.dataEmitted = true;
    stream.emit("data", chunk);
  } else {
    state.length += state.objectMode ? 1 : chunk.length;
    if (atFront) state.buffer.unshift(chunk);
    else state.buffer.push(chunk);
    if (state.needReadable) emitReadable(stream);
  }
  maybeReadMore(stream, state);
}

function endOfSource(stream, state) {
  if (state.ended) return;
  if (state.decoder) {
    const rest = state.decoder.end();
    if (rest?.length) {
      state.buffer.push(rest);
      state.length += state.objectMode ? 1 : rest.length;
    }
  }
  state.ended = true;
  if (state.sync) emitReadable(stream);
  else {
    state.needReadable = false;
    state.emittedReadable = true;
    emitReadableNow(stream);
  }
}

/** Tell of chunks that can be read. */
export function emitReadable(stream) {
  const state = stream._readableState;
  state.needReadable = false;
  if (state.emittedReadable) return;
  state.emittedReadable = true;
  nextTick(emitReadableNow, stream);
}

function emitReadableNow(stream) {
  const state = stream._readableState;
  if (!state.destroyed && !state.errored && (state.length || state.ended)) {
    stream.emit("readable");
    state.emittedReadable = false;
  }
  state.needReadable = !state.flowing && !state.ended && state.length <= state.highWaterMark;
  flow(stream);
}

/** Ask the source for more while there is room. */
export function maybeReadMore(stream, state) {
  if (state.readingMore || !state.constructed) return;
  state.readingMore = true;
  nextTick(() => {
    while (
      !state.reading &&
      !state.ended &&
      (state.length < state.highWaterMark || (state.flowing && state.length === 0))
    ) {
      const before = state.length;
      stream.read(0);
      if (before === state.length) break;
    }
    state.readingMore = false;
  });
}

// ---- Chunks out ---------------------------------------------------------------------------

/** How much of what was asked for can be had now. */
export function amountToRead(n, state) {
  if (n <= 0 || (state.length === 0 && state.ended)) return 0;
  if (state.objectMode) return 1;
  if (Number.isNaN(n)) return state.flowing && state.length ? state.buffer[0].length : state.length;
  if (n <= state.length) return n;
  return state.ended ? state.length : 0;
}

/** The first `n` of the buffer as one chunk; the caller counts. */
export function take(n, state) {
  if (state.length === 0) return null;
  if (state.objectMode) return state.buffer.shift();
  if (!n || n >= state.length) {
    const all = state.decoder
      ? state.buffer.join("")
      : state.buffer.length === 1
        ? state.buffer[0]
        : Buffer.concat(state.buffer);
    state.buffer = [];
    return all;
  }
  const parts = [];
  for (let need = n; need > 0;) {
    const [first] = state.buffer;
    if (first.length <= need) {
      parts.push(state.buffer.shift());
      need -= first.length;
    } else {
      parts.push(first.slice(0, need));
      state.buffer[0] = first.slice(need);
      need = 0;
    }
  }
  if (state.decoder) return parts.join("");
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** The end, once everything is read. */
export function endIfDrained(stream) {
  const state = stream._readableState;
  if (state.endEmitted) return;
  state.ended = true;
  nextTick(() => {
    if (state.errored || state.closeEmitted || state.endEmitted || state.length > 0) return;
    state.endEmitted = true;
    stream.emit("end");
    const writable = stream._writableState;
    if (stream.writable && stream.allowHalfOpen === false)
      nextTick(() => stream.writable && !stream.writableEnded && !stream.destroyed && stream.end());
    else if (
      state.autoDestroy &&
      (!writable || (writable.autoDestroy && (writable.finished || writable.writable === false)))
    )
      stream.destroy();
  });
}

/** Hand out what there is while the stream flows. */
export function flow(stream) {
  const state = stream._readableState;
  while (state.flowing && stream.read() !== null);
}
