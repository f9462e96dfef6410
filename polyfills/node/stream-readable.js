// Readable: https://nodejs.org/docs/latest-v20.x/api/stream.html#readable-streams

import { Buffer } from "./buffer.js";
import { invalidType, nodeError, outOfRange } from "./errors.js";
import { EventEmitter } from "./events.js";
import {
  addAbortSignal,
  construct,
  destroy,
  fail,
  highWaterMarkFrom,
  nextTick,
  Stream,
} from "./stream-base.js";
import { chunksOf } from "./stream-iterate.js";
import { pipe, unpipe } from "./stream-pipe.js";
import { define, defineViews } from "./stream-properties.js";
import { StringDecoder } from "./string-decoder.js";

const MAX_BYTES = 0x40000000;

class ReadableState {
  buffer = [];
  length = 0;
  pipes = [];
  flowing = null;
  ended = false;
  endEmitted = false;
  reading = false;
  constructed = true;
  sync = true;
  needReadable = false;
  emittedReadable = false;
  readableListening = false;
  resumeScheduled = false;
  errorEmitted = false;
  closeEmitted = false;
  destroyed = false;
  errored = null;
  closed = false;
  readingMore = false;
  dataEmitted = false;
  paused = null;
  decoder = null;
  encoding = null;
  awaitingDrain = new Set();

  constructor(options, isDuplex) {
    this.objectMode = Boolean(options?.objectMode || (isDuplex && options?.readableObjectMode));
    this.highWaterMark = highWaterMarkFrom(this, options, "readableHighWaterMark", isDuplex);
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.defaultEncoding = options?.defaultEncoding || "utf8";
    if (options?.encoding) {
      this.decoder = new StringDecoder(options.encoding);
      this.encoding = options.encoding;
    }
  }
}

/** A source of chunks, which are pulled with `read` or flow as "data". */
export function Readable(options = undefined) {
  if (!(this instanceof Readable)) return new Readable(options);
  initReadable(this, options, false);
  Stream.call(this, options);
  construct(this, () => {
    if (this._readableState.needReadable) maybeReadMore(this, this._readableState);
  });
}
Object.setPrototypeOf(Readable.prototype, Stream.prototype);
Object.setPrototypeOf(Readable, Stream);
Readable.ReadableState = ReadableState;

/** Makes an object a Readable; `isDuplex` where it is a Writable, too. */
export function initReadable(stream, options, isDuplex) {
  stream._readableState = new ReadableState(options, isDuplex);
  if (!options) return;
  if (typeof options.read === "function") stream._read = options.read;
  if (typeof options.destroy === "function") stream._destroy = options.destroy;
  if (typeof options.construct === "function") stream._construct = options.construct;
  if (options.signal && !isDuplex) nextTick(() => addAbortSignal(options.signal, stream));
}

// ---- Chunks in ----------------------------------------------------------------------------

function add(stream, chunk, encoding, atFront) {
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
  return !state.ended && (state.length < state.highWaterMark || state.length === 0);
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

function emitReadable(stream) {
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

function maybeReadMore(stream, state) {
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

function amountToRead(n, state) {
  if (n <= 0 || (state.length === 0 && state.ended)) return 0;
  if (state.objectMode) return 1;
  if (Number.isNaN(n)) return state.flowing && state.length ? state.buffer[0].length : state.length;
  if (n <= state.length) return n;
  return state.ended ? state.length : 0;
}

function take(n, state) {
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

function endIfDrained(stream) {
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

function flow(stream) {
  const state = stream._readableState;
  while (state.flowing && stream.read() !== null);
}

function updateListening(stream) {
  const state = stream._readableState;
  state.readableListening = stream.listenerCount("readable") > 0;
  if (state.resumeScheduled && state.paused === false) state.flowing = true;
  else if (stream.listenerCount("data") > 0) stream.resume();
  else if (!state.readableListening) state.flowing = null;
}

const methods = {
  destroy,

  _destroy(error, callback) {
    callback(error);
  },

  [EventEmitter.captureRejectionSymbol](error) {
    this.destroy(error);
  },

  push(chunk, encoding = undefined) {
    return add(this, chunk, encoding, false);
  },

  unshift(chunk, encoding = undefined) {
    return add(this, chunk, encoding, true);
  },

  isPaused() {
    const state = this._readableState;
    return state.paused === true || state.flowing === false;
  },

  setEncoding(encoding) {
    const state = this._readableState;
    state.decoder = new StringDecoder(encoding);
    state.encoding = state.decoder.encoding;
    const text = state.buffer.map((chunk) => state.decoder.write(chunk)).join("");
    state.buffer = text === "" ? [] : [text];
    state.length = text.length;
    return this;
  },

  read(n = undefined) {
    const state = this._readableState;
    const asked = n;
    let count = n === undefined ? NaN : Number.isInteger(n) ? n : Number.parseInt(n, 10);
    if (count > MAX_BYTES) throw outOfRange("size", "<= 1GiB", count);
    if (count > state.highWaterMark && !state.objectMode)
      state.highWaterMark = 2 ** Math.ceil(Math.log2(count));
    if (count !== 0) state.emittedReadable = false;
    if (
      count === 0 &&
      state.needReadable &&
      ((state.highWaterMark !== 0 ? state.length >= state.highWaterMark : state.length > 0) ||
        state.ended)
    ) {
      if (state.length === 0 && state.ended) endIfDrained(this);
      else emitReadable(this);
      return null;
    }
    count = amountToRead(count, state);
    if (count === 0 && state.ended) {
      if (state.length === 0) endIfDrained(this);
      return null;
    }
    let wanted =
      state.needReadable || state.length === 0 || state.length - count < state.highWaterMark;
    if (state.ended || state.reading || state.destroyed || state.errored || !state.constructed)
      wanted = false;
    if (wanted) {
      state.reading = true;
      state.sync = true;
      if (state.length === 0) state.needReadable = true;
      try {
        this._read(state.highWaterMark);
      } catch (error) {
        fail(this, error);
      }
      state.sync = false;
      if (!state.reading) count = amountToRead(asked === undefined ? NaN : asked, state);
    }
    const chunk = count > 0 ? take(count, state) : null;
    if (chunk === null) {
      state.needReadable = state.length <= state.highWaterMark;
      count = 0;
    } else {
      state.length -= state.objectMode ? 1 : chunk.length;
      state.awaitingDrain.clear();
    }
    if (state.length === 0) {
      if (!state.ended) state.needReadable = true;
      if (asked !== count && state.ended) endIfDrained(this);
    }
    if (chunk !== null && !state.errored && !state.closeEmitted) {
      state.dataEmitted = true;
      this.emit("data", chunk);
    }
    return chunk;
  },

  _read() {
    throw nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", "The _read() method is not implemented");
  },

  pipe,

  unpipe,

  on(event, listener) {
    Stream.prototype.on.call(this, event, listener);
    const state = this._readableState;
    if (event === "data") {
      state.readableListening = this.listenerCount("readable") > 0;
      if (state.flowing !== false) this.resume();
    } else if (event === "readable" && !state.endEmitted && !state.readableListening) {
      state.readableListening = state.needReadable = true;
      state.flowing = false;
      state.emittedReadable = false;
      if (state.length > 0) emitReadable(this);
      else if (!state.reading) nextTick(() => this.read(0));
    }
    return this;
  },

  removeListener(event, listener) {
    Stream.prototype.removeListener.call(this, event, listener);
    if (event === "readable") nextTick(updateListening, this);
    else if (event === "data" && this.listenerCount("data") === 0)
      this._readableState.dataListenerGone = true;
    return this;
  },

  removeAllListeners(...args) {
    Stream.prototype.removeAllListeners.apply(this, args);
    if (args.length === 0 || args[0] === "readable") nextTick(updateListening, this);
    return this;
  },

  resume() {
    const state = this._readableState;
    if (!state.flowing) {
      state.flowing = !state.readableListening;
      if (!state.resumeScheduled) {
        state.resumeScheduled = true;
        nextTick(() => {
          if (!state.reading) this.read(0);
          state.resumeScheduled = false;
          this.emit("resume");
          flow(this);
          if (state.flowing && !state.reading) this.read(0);
        });
      }
    }
    state.paused = false;
    return this;
  },

  pause() {
    const state = this._readableState;
    if (state.flowing !== false) {
      state.flowing = false;
      this.emit("pause");
    }
    state.paused = true;
    return this;
  },

  /** Reads from a stream of the oldest kind. */
  wrap(stream) {
    let paused = false;
    stream.on("data", (chunk) => {
      if (!this.push(chunk) && stream.pause) {
        paused = true;
        stream.pause();
      }
    });
    stream.on("end", () => this.push(null));
    stream.on("error", (error) => fail(this, error));
    stream.on("close", () => this.destroy());
    this._read = () => {
      if (paused && stream.resume) {
        paused = false;
        stream.resume();
      }
    };
    return this;
  },

  iterator(options = undefined) {
    return chunksOf(this, options);
  },

  [Symbol.asyncIterator]() {
    return chunksOf(this, undefined);
  },
};
methods.addListener = methods.on;
methods.off = methods.removeListener;
define(Readable.prototype, methods);

defineViews(Readable.prototype, "_readableState", {
  readableDidRead: (state) => state.dataEmitted,
  readableAborted: (state) => (state.destroyed || state.errored !== null) && !state.endEmitted,
  readableHighWaterMark: (state) => state.highWaterMark,
  readableBuffer: (state) => state.buffer,
  readableLength: (state) => state.length,
  readableObjectMode: (state) => state.objectMode,
  readableEncoding: (state) => state.encoding,
  readableEnded: (state) => state.endEmitted,
  errored: (state, stream) => state.errored ?? stream._writableState?.errored ?? null,
  closed: (state) => state.closed,
});
Object.defineProperties(Readable.prototype, {
  readable: {
    get() {
      const state = this._readableState;
      return (
        state !== undefined &&
        state.readable !== false &&
        !state.destroyed &&
        !state.errorEmitted &&
        !state.endEmitted
      );
    },
    set(value) {
      if (this._readableState) this._readableState.readable = Boolean(value);
    },
    configurable: true,
  },
  readableFlowing: {
    get() {
      return this._readableState.flowing;
    },
    set(value) {
      this._readableState.flowing = value;
    },
    configurable: true,
  },
  destroyed: {
    get() {
      return this._readableState?.destroyed ?? false;
    },
    set(value) {
      if (this._readableState) this._readableState.destroyed = value;
    },
    configurable: true,
  },
});
