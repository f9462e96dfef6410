// node:stream: https://nodejs.org/docs/latest-v20.x/api/stream.html

import { Buffer } from "./buffer.js";
import { abortError } from "./errors.js";
import {
  addAbortSignal,
  getDefaultHighWaterMark,
  nextTick,
  setDefaultHighWaterMark,
  Stream,
} from "./stream-base.js";
import { compose } from "./stream-compose.js";
import "./stream-dispose.js";
import { Duplex, PassThrough, Transform } from "./stream-duplex.js";
import "./stream-duplexify.js";
import { duplexPair } from "./stream-pair.js";
import { finished, isNodeStream, pipeline } from "./stream-pipeline.js";
import promises from "./stream-promises.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";
import "./stream-operators.js";

export const isErrored = (stream) =>
  Boolean(stream && (stream._readableState?.errored || stream._writableState?.errored));
export const isReadable = (stream) =>
  stream?._readableState ? stream.readable && !stream.readableEnded : null;
export const isWritable = (stream) => (stream?._writableState ? stream.writable : null);
export const isDisturbed = (stream) =>
  Boolean(stream && (stream.readableDidRead || stream.readableAborted));
export const isDestroyed = (stream) => (isNodeStream(stream) ? Boolean(stream.destroyed) : null);
export { compose };
export const _isUint8Array = (value) => value instanceof Uint8Array;
export const _isArrayBufferView = ArrayBuffer.isView;
export const _uint8ArrayToBuffer = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Destroys a stream of any kind; one that has not ended is aborted. */
function destroyStream(stream, error = undefined) {
  if (!stream || isDestroyed(stream)) return;
  const isOver = !isReadable(stream) && !isWritable(stream);
  const why = error || (isOver ? undefined : abortError());
  if (typeof stream.destroy === "function") stream.destroy(why);
  else if (typeof stream.close === "function") stream.close();
  else
    nextTick(() => {
      if (why) stream.emit("error", why);
      stream.emit("close");
    });
}

Object.assign(Stream, {
  addAbortSignal,
  compose,
  destroy: destroyStream,
  duplexPair,
  Duplex,
  finished,
  getDefaultHighWaterMark,
  isDestroyed,
  isDisturbed,
  isErrored,
  isReadable,
  isWritable,
  PassThrough,
  pipeline,
  promises,
  Readable,
  setDefaultHighWaterMark,
  Stream,
  Transform,
  Writable,
  _isArrayBufferView,
  _isUint8Array,
  _uint8ArrayToBuffer,
});

for (const [name, fn] of [
  ["pipeline", promises.pipeline],
  ["finished", promises.finished],
]) {
  Object.defineProperty(Stream[name], Symbol.for("nodejs.util.promisify.custom"), {
    value: fn,
    configurable: true,
  });
}

export {
  addAbortSignal,
  destroyStream as destroy,
  Duplex,
  duplexPair,
  finished,
  getDefaultHighWaterMark,
  PassThrough,
  pipeline,
  promises,
  Readable,
  setDefaultHighWaterMark,
  Stream,
  Transform,
  Writable,
};
export default Stream;
