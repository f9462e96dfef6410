// Duplex, Transform, PassThrough:
// https://nodejs.org/docs/latest-v20.x/api/stream.html#duplex-and-transform-streams

import { nodeError } from "./errors.js";
import { addAbortSignal, construct, nextTick, Stream } from "./stream-base.js";
import { define } from "./properties.js";
import { initReadable, Readable } from "./stream-readable.js";
import { afterConstruct, initWritable, Writable } from "./stream-writable.js";

/** A source and a sink in one. */
export function Duplex(options = undefined) {
  if (!(this instanceof Duplex)) return new Duplex(options);
  this.allowHalfOpen = options?.allowHalfOpen !== false;
  initReadable(this, options, true);
  initWritable(this, options, true);
  Stream.call(this, options);
  if (options) {
    if (options.readable === false)
      Object.assign(this._readableState, { readable: false, ended: true, endEmitted: true });
    if (options.writable === false)
      Object.assign(this._writableState, {
        writable: false,
        ending: true,
        ended: true,
        finished: true,
      });
    if (options.signal) nextTick(() => addAbortSignal(options.signal, this));
  }
  construct(this, () => {
    if (this._readableState.needReadable) this.read(0);
    afterConstruct(this);
  });
}
Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
Object.setPrototypeOf(Duplex, Readable);
for (const key of Reflect.ownKeys(Writable.prototype)) {
  if (
    key === "constructor" ||
    Object.hasOwn(Duplex.prototype, key) ||
    ["pipe", "errored", "closed", "destroyed", "_destroy"].includes(key)
  )
    continue;
  Object.defineProperty(
    Duplex.prototype,
    key,
    Object.getOwnPropertyDescriptor(Writable.prototype, key),
  );
}
Object.defineProperty(Duplex.prototype, "destroyed", {
  get() {
    return Boolean(this._readableState?.destroyed && this._writableState?.destroyed);
  },
  set(value) {
    if (this._readableState && this._writableState)
      this._readableState.destroyed = this._writableState.destroyed = value;
  },
  configurable: true,
});

const held = Symbol("callback of the write that waits for room");

/** A Duplex whose output is made of its input. */
export function Transform(options = undefined) {
  if (!(this instanceof Transform)) return new Transform(options);
  Duplex.call(this, options);
  this._readableState.sync = false;
  this[held] = null;
  if (options) {
    if (typeof options.transform === "function") this._transform = options.transform;
    if (typeof options.flush === "function") this._flush = options.flush;
  }
  this.on("prefinish", () => {
    if (this._final !== finalOfTransform) finalOfTransform.call(this);
  });
}
Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
Object.setPrototypeOf(Transform, Duplex);

function finalOfTransform(callback = undefined) {
  const end = (error, data) => {
    if (error) {
      if (callback) callback(error);
      else this.destroy(error);
      return;
    }
    if (data !== null && data !== undefined) this.push(data);
    this.push(null);
    callback?.();
  };
  if (typeof this._flush === "function" && !this.destroyed) this._flush(end);
  else end();
}

define(Transform.prototype, {
  _final: finalOfTransform,

  _transform() {
    throw nodeError(
      Error,
      "ERR_METHOD_NOT_IMPLEMENTED",
      "The _transform() method is not implemented",
    );
  },

  _write(chunk, encoding, callback) {
    const state = this._readableState;
    const before = state.length;
    this._transform(chunk, encoding, (error, data) => {
      if (error) {
        callback(error);
        return;
      }
      if (data !== null && data !== undefined) this.push(data);
      if (state.ended) nextTick(callback); // so that its end is told before more comes
      else if (
        this._writableState.ended ||
        before === state.length ||
        state.length < state.highWaterMark
      )
        callback();
      else this[held] = callback;
    });
  },

  _read() {
    const callback = this[held];
    if (!callback) return;
    this[held] = null;
    callback();
  },
});

/** A Transform that changes nothing. */
export function PassThrough(options = undefined) {
  if (!(this instanceof PassThrough)) return new PassThrough(options);
  Transform.call(this, options);
}
Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
Object.setPrototypeOf(PassThrough, Transform);
define(PassThrough.prototype, {
  _transform(chunk, _encoding, callback) {
    callback(null, chunk);
  },
});
