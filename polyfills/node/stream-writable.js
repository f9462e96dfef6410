// Writable: https://nodejs.org/docs/latest-v20.x/api/stream.html#writable-streams

import { Buffer } from "./buffer.js";
import { encodingName, unknownEncoding } from "./buffer-encodings.js";
import { invalidType, nodeError } from "./errors.js";
import { EventEmitter } from "./events.js";
import {
  addAbortSignal,
  calledTwice,
  construct,
  destroy,
  fail,
  HalfState,
  nextTick,
  Stream,
  undestroy,
} from "./stream-base.js";
import { define, defineViews } from "./properties.js";

const ignore = () => {};

class WritableState extends HalfState {
  buffered = []; // { chunk, encoding, callback }
  length = 0;
  corked = 0;
  writing = false;
  needDrain = false;
  ending = false;
  ended = false;
  finished = false;
  finalCalled = false;
  prefinished = false;
  bufferProcessing = false;
  pendingCallbacks = 0;
  writeCallback = null;
  writeSize = 0;
  finishCallbacks = [];

  constructor(options, isDuplex) {
    super(options, "writable", isDuplex);
    this.decodeStrings = options?.decodeStrings !== false;
  }

  getBuffer() {
    return this.buffered.slice();
  }

  get bufferedRequestCount() {
    return this.buffered.length;
  }
}

/** A sink of chunks. */
export function Writable(options = undefined) {
  if (!(this instanceof Writable)) return new Writable(options);
  initWritable(this, options, false);
  Stream.call(this, options);
  construct(this, () => afterConstruct(this));
}
Object.setPrototypeOf(Writable.prototype, Stream.prototype);
Object.setPrototypeOf(Writable, Stream);
Writable.WritableState = WritableState;

/** Makes an object a Writable; `isDuplex` where it is a Readable, too. */
export function initWritable(stream, options, isDuplex) {
  stream._writableState = new WritableState(options, isDuplex);
  if (!options) return;
  if (typeof options.write === "function") stream._write = options.write;
  if (typeof options.writev === "function") stream._writev = options.writev;
  if (typeof options.final === "function") stream._final = options.final;
  if (isDuplex) return;
  if (typeof options.destroy === "function") stream._destroy = options.destroy;
  if (typeof options.construct === "function") stream._construct = options.construct;
  if (options.signal) nextTick(() => addAbortSignal(options.signal, stream));
}

/** What waited for `_construct` goes on. */
export function afterConstruct(stream) {
  const state = stream._writableState;
  if (!state.writing) clearBuffer(stream, state);
  finishIfDone(stream, state);
}

Object.defineProperty(Writable, Symbol.hasInstance, {
  value(object) {
    if (Function.prototype[Symbol.hasInstance].call(this, object)) return true;
    return this === Writable && object?._writableState instanceof WritableState;
  },
});

// ---- Writing ------------------------------------------------------------------------------

function write(stream, chunk, encoding, callback) {
  const state = stream._writableState;
  if (typeof encoding === "function") [callback, encoding] = [encoding, undefined];
  if (typeof callback !== "function") callback = ignore;
  if (chunk === null)
    throw nodeError(TypeError, "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
  if (!state.objectMode) {
    if (!encoding) encoding = state.defaultEncoding;
    else if (encoding !== "buffer" && encodingName(encoding) === undefined)
      throw unknownEncoding(encoding);
    if (typeof chunk === "string") {
      if (state.decodeStrings) {
        chunk = Buffer.from(chunk, encoding);
        encoding = "buffer";
      }
    } else if (chunk instanceof Uint8Array) {
      if (!Buffer.isBuffer(chunk))
        chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      encoding = "buffer";
    } else {
      throw invalidType("chunk", ["string", "Buffer", "TypedArray", "DataView"], chunk);
    }
  }
  let error;
  if (state.ending) error = nodeError(Error, "ERR_STREAM_WRITE_AFTER_END", "write after end");
  else if (state.destroyed)
    error = nodeError(
      Error,
      "ERR_STREAM_DESTROYED",
      "Cannot call write after a stream was destroyed",
    );
  if (error) {
    nextTick(callback, error);
    fail(stream, error, true);
    return error;
  }
  state.pendingCallbacks++;
  const size = state.objectMode ? 1 : chunk.length;
  state.length += size;
  if (state.writing || state.corked || state.errored || !state.constructed) {
    state.buffered.push({ chunk, encoding, callback });
  } else {
    runWrite(stream, state, size, callback, (done) => stream._write(chunk, encoding, done));
  }
  // What was written at once takes no room.
  const hasRoom = state.length < state.highWaterMark || state.length === 0;
  if (!hasRoom) state.needDrain = true;
  return hasRoom && !state.errored && !state.destroyed;
}

function runWrite(stream, state, size, callback, start) {
  state.writeSize = size;
  state.writeCallback = callback;
  state.writing = true;
  state.sync = true;
  const done = (error) => onWritten(stream, error);
  if (state.destroyed)
    done(
      nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed"),
    );
  else start(done);
  state.sync = false;
}

function onWritten(stream, error) {
  const state = stream._writableState;
  const { sync, writeCallback: callback, writeSize } = state;
  if (typeof callback !== "function") {
    fail(stream, calledTwice());
    return;
  }
  state.writing = false;
  state.writeCallback = null;
  state.length -= writeSize;
  state.writeSize = 0;
  if (error) {
    state.errored ??= error;
    const readable = stream._readableState;
    if (readable) readable.errored ??= error;
    const tell = () => {
      state.pendingCallbacks--;
      callback(error);
      refuseBuffered(state);
      fail(stream, error);
    };
    if (sync) nextTick(tell);
    else tell();
    return;
  }
  if (state.buffered.length > 0) clearBuffer(stream, state);
  if (sync) nextTick(afterWrite, stream, state, callback);
  else afterWrite(stream, state, callback);
}

function afterWrite(stream, state, callback) {
  if (!state.ending && !state.destroyed && state.length === 0 && state.needDrain) {
    state.needDrain = false;
    stream.emit("drain");
  }
  state.pendingCallbacks--;
  callback(null);
  if (state.destroyed) refuseBuffered(state);
  finishIfDone(stream, state);
}

function refuseBuffered(state) {
  if (state.writing) return;
  const error =
    state.errored ??
    nodeError(Error, "ERR_STREAM_DESTROYED", "Cannot call write after a stream was destroyed");
  for (const { chunk, callback } of state.buffered.splice(0)) {
    state.length -= state.objectMode ? 1 : chunk.length;
    callback(error);
  }
  for (const callback of state.finishCallbacks.splice(0)) callback(error);
}

function clearBuffer(stream, state) {
  if (
    state.corked ||
    state.bufferProcessing ||
    state.destroyed ||
    !state.constructed ||
    state.buffered.length === 0
  )
    return;
  state.bufferProcessing = true;
  if (state.buffered.length > 1 && stream._writev) {
    const chunks = state.buffered.splice(0);
    state.pendingCallbacks -= chunks.length - 1;
    const callback = (error) => {
      for (const each of chunks) each.callback(error);
    };
    chunks.allBuffers = chunks.every(({ encoding }) => encoding === "buffer");
    runWrite(stream, state, state.length, callback, (done) => stream._writev(chunks, done));
  } else {
    while (state.buffered.length > 0 && !state.writing) {
      const { chunk, encoding, callback } = state.buffered.shift();
      runWrite(stream, state, state.objectMode ? 1 : chunk.length, callback, (done) =>
        stream._write(chunk, encoding, done),
      );
    }
  }
  state.bufferProcessing = false;
}

// ---- The end ------------------------------------------------------------------------------

function needsFinish(state) {
  return (
    state.ending &&
    !state.destroyed &&
    state.constructed &&
    state.length === 0 &&
    !state.errored &&
    state.buffered.length === 0 &&
    !state.finished &&
    !state.writing &&
    !state.errorEmitted &&
    !state.closeEmitted
  );
}

function finishIfDone(stream, state, sync = false) {
  if (!needsFinish(state)) return;
  prefinish(stream, state);
  if (state.pendingCallbacks !== 0) return;
  if (sync) {
    state.pendingCallbacks++;
    nextTick(() => {
      if (needsFinish(state)) finish(stream, state);
      else state.pendingCallbacks--;
    });
  } else if (needsFinish(state)) {
    state.pendingCallbacks++;
    finish(stream, state);
  }
}

function prefinish(stream, state) {
  if (state.prefinished || state.finalCalled) return;
  if (typeof stream._final !== "function" || state.destroyed) {
    state.prefinished = true;
    stream.emit("prefinish");
    return;
  }
  state.finalCalled = true;
  state.pendingCallbacks++;
  state.sync = true;
  let called = false;
  const done = (error) => {
    if (called) {
      fail(stream, error ?? calledTwice());
      return;
    }
    called = true;
    state.pendingCallbacks--;
    if (error) {
      for (const callback of state.finishCallbacks.splice(0)) callback(error);
      fail(stream, error, state.sync);
    } else if (needsFinish(state)) {
      state.prefinished = true;
      stream.emit("prefinish");
      state.pendingCallbacks++;
      nextTick(finish, stream, state);
    }
  };
  try {
    stream._final(done);
  } catch (error) {
    done(error);
  }
  state.sync = false;
}

function finish(stream, state) {
  state.pendingCallbacks--;
  if (state.finished) return;
  state.finished = true;
  for (const callback of state.finishCallbacks.splice(0)) callback(null);
  stream.emit("finish");
  if (!state.autoDestroy) return;
  const readable = stream._readableState;
  if (!readable || (readable.autoDestroy && (readable.endEmitted || readable.readable === false)))
    stream.destroy();
}

const methods = {
  pipe() {
    fail(this, nodeError(Error, "ERR_STREAM_CANNOT_PIPE", "Cannot pipe, not readable"));
  },

  write(chunk, encoding = undefined, callback = undefined) {
    return write(this, chunk, encoding, callback) === true;
  },

  cork() {
    this._writableState.corked++;
  },

  uncork() {
    const state = this._writableState;
    if (!state.corked) return;
    state.corked--;
    if (!state.writing) clearBuffer(this, state);
  },

  setDefaultEncoding(encoding) {
    const name = encodingName(encoding);
    if (name === undefined) throw unknownEncoding(encoding);
    this._writableState.defaultEncoding = `${encoding}`.toLowerCase();
    return this;
  },

  _write(chunk, encoding, callback) {
    if (!this._writev)
      throw nodeError(
        Error,
        "ERR_METHOD_NOT_IMPLEMENTED",
        "The _write() method is not implemented",
      );
    this._writev([{ chunk, encoding }], callback);
  },

  _writev: null,

  end(chunk = undefined, encoding = undefined, callback = undefined) {
    const state = this._writableState;
    if (typeof chunk === "function") [callback, chunk, encoding] = [chunk, undefined, undefined];
    else if (typeof encoding === "function") [callback, encoding] = [encoding, undefined];
    let error;
    if (chunk !== null && chunk !== undefined) {
      const result = write(this, chunk, encoding);
      if (result instanceof Error) error = result;
    }
    if (state.corked) {
      state.corked = 1;
      this.uncork();
    }
    if (!error) {
      if (!state.errored && !state.ending) {
        state.ending = true;
        finishIfDone(this, state, true);
        state.ended = true;
      } else if (state.finished) {
        error = nodeError(
          Error,
          "ERR_STREAM_ALREADY_FINISHED",
          "Cannot call end after a stream was finished",
        );
      } else if (state.destroyed) {
        error = nodeError(
          Error,
          "ERR_STREAM_DESTROYED",
          "Cannot call end after a stream was destroyed",
        );
      }
    }
    if (typeof callback === "function") {
      if (error) nextTick(callback, error);
      else if (state.finished) nextTick(callback);
      else state.finishCallbacks.push(callback);
    }
    return this;
  },

  destroy(error = undefined, callback = undefined) {
    const state = this._writableState;
    if (!state.destroyed && (state.buffered.length > 0 || state.finishCallbacks.length > 0))
      nextTick(refuseBuffered, state);
    return destroy.call(this, error, callback);
  },

  _undestroy: undestroy,

  _destroy(error, callback) {
    callback(error);
  },

  [EventEmitter.captureRejectionSymbol](error) {
    this.destroy(error);
  },
};
define(Writable.prototype, methods);
defineViews(Writable.prototype, "_writableState", {
  writableFinished: (state) => state.finished,
  writableObjectMode: (state) => state.objectMode,
  writableBuffer: (state) => state.getBuffer(),
  writableEnded: (state) => state.ending,
  writableNeedDrain: (state) => !state.destroyed && !state.ending && state.needDrain,
  writableHighWaterMark: (state) => state.highWaterMark,
  writableCorked: (state) => state.corked,
  writableLength: (state) => state.length,
  writableAborted: (state) => (state.destroyed || state.errored !== null) && !state.finished,
  errored: (state) => state.errored,
  closed: (state) => state.closed,
});
Object.defineProperties(Writable.prototype, {
  writable: {
    get() {
      const state = this._writableState;
      return (
        state !== undefined &&
        state.writable !== false &&
        !state.destroyed &&
        !state.errored &&
        !state.ending &&
        !state.ended
      );
    },
    set(value) {
      if (this._writableState) this._writableState.writable = Boolean(value);
    },
    configurable: true,
  },
  destroyed: {
    get() {
      return this._writableState?.destroyed ?? false;
    },
    set(value) {
      if (this._writableState) this._writableState.destroyed = value;
    },
    configurable: true,
  },
});
