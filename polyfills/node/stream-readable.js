// Readable: https://nodejs.org/docs/latest-v20.x/api/stream.html#readable-streams

import { lazily } from "../kernel/lazy.js";
import { nodeError, outOfRange } from "./errors.js";
import { EventEmitter } from "./events.js";
import {
  addAbortSignal,
  construct,
  destroy,
  fail,
  HalfState,
  nextTick,
  Stream,
  undestroy,
} from "./stream-base.js";
import {
  add,
  amountToRead,
  emitReadable,
  endIfDrained,
  flow,
  maybeReadMore,
  take,
} from "./stream-chunks.js";
import { chunksOf } from "./stream-iterate.js";
import { pipe, unpipe } from "./stream-pipe.js";
import { define, defineViews } from "./properties.js";
import { StringDecoder } from "./string-decoder.js";

const MAX_BYTES = 0x40000000;

class ReadableState extends HalfState {
  buffer = [];
  length = 0;
  pipes = [];
  flowing = null;
  ended = false;
  endEmitted = false;
  reading = false;
  needReadable = false;
  emittedReadable = false;
  readableListening = false;
  resumeScheduled = false;
  readingMore = false;
  dataEmitted = false;
  paused = null;
  decoder = null;
  encoding = null;
  awaitingDrain = new Set();

  constructor(options, isDuplex) {
    super(options, "readable", isDuplex);
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
/** A new stream that reads from one of the oldest kind. */
Readable.wrap = (stream, options = undefined) =>
  new Readable({
    objectMode: stream.readableObjectMode ?? stream.objectMode ?? true,
    destroy(error, callback) {
      stream.destroy?.(error ?? undefined);
      callback(error);
    },
    ...options,
  }).wrap(stream);

/** Makes an object a Readable; `isDuplex` where it is a Writable, too. */
export function initReadable(stream, options, isDuplex) {
  stream._readableState = new ReadableState(options, isDuplex);
  if (!options) return;
  if (typeof options.read === "function") stream._read = options.read;
  if (typeof options.destroy === "function") stream._destroy = options.destroy;
  if (typeof options.construct === "function") stream._construct = options.construct;
  if (options.signal && !isDuplex) nextTick(() => addAbortSignal(options.signal, stream));
}

// ---- Methods ------------------------------------------------------------------------------

function updateListening(stream) {
  const state = stream._readableState;
  state.readableListening = stream.listenerCount("readable") > 0;
  if (state.resumeScheduled && state.paused === false) state.flowing = true;
  else if (stream.listenerCount("data") > 0) stream.resume();
  else if (!state.readableListening) state.flowing = null;
}

const methods = {
  destroy,
  _undestroy: undestroy,

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
    if (chunk !== null && !state.errorEmitted && !state.closeEmitted) {
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
    for (const name of ["close", "destroy"]) stream.on(name, () => this.destroy());
    this._read = () => {
      if (paused && stream.resume) {
        paused = false;
        stream.resume();
      }
    };
    for (const name of Object.keys(stream))
      if (this[name] === undefined && typeof stream[name] === "function")
        this[name] = stream[name].bind(stream);
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

// For scripts that have a stream and have not imported node:stream, which loads these.
const OPERATORS = "asIndexedPairs drop every filter find flatMap forEach map reduce some take toArray";
for (const [names, load] of [
  [OPERATORS.split(" "), lazily("node/stream-operators.js")],
  [["compose"], lazily("node/stream-compose.js")],
  [[Symbol.asyncDispose], lazily("node/stream-dispose.js")],
]) {
  for (const name of names) {
    define(Readable.prototype, {
      [name](...args) {
        load();
        return this[name](...args);
      },
    });
  }
}
