// Streams of Node.js from and to those of the web.
// https://nodejs.org/docs/latest-v20.x/api/stream.html#streamreadablefromwebreadablestream-options

import { ReadableStream } from "../streams/readable.js";
import { CountQueuingStrategy } from "../streams/strategies.js";
import { WritableStream } from "../streams/writable.js";
import { Buffer } from "./buffer.js";
import { abortError, invalidType, nodeError } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { Duplex } from "./stream-duplex.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

/** The parts of a Readable that reads a web stream. */
function reading(reader, { objectMode, encoding }) {
  return {
    read() {
      reader.read().then(
        ({ done, value }) => {
          if (done) this.push(null);
          else
            this.push(
              !objectMode && !encoding && typeof value === "string" ? Buffer.from(value) : value,
            );
        },
        (error) => this.destroy(error),
      );
    },
    cancel: (error) => reader.cancel(error),
  };
}

/** The parts of a Writable that writes to a web stream. */
function writing(writer) {
  const settle = (promise, callback) =>
    promise.then(
      () => nextTick(callback),
      (error) => nextTick(callback, error),
    );
  return {
    write: (chunk, _encoding, callback) =>
      settle(
        writer.ready.then(() => writer.write(chunk)),
        callback,
      ),
    final: (callback) => settle(writer.close(), callback),
    abort: (error) => writer.abort(error),
  };
}

/** A Readable of a ReadableStream. */
export function fromWeb(readableStream, options = {}) {
  if (!(readableStream instanceof ReadableStream))
    throw invalidType("readableStream", "ReadableStream", readableStream);
  const { highWaterMark, encoding, objectMode = false, signal } = options;
  const reader = readableStream.getReader();
  const { read, cancel } = reading(reader, { objectMode, encoding });
  let closed = false;
  const readable = new Readable({
    objectMode,
    highWaterMark,
    encoding,
    signal,
    read,
    destroy(error, callback) {
      const done = () => nextTick(callback, error);
      if (closed) done();
      else cancel(error).then(done, done);
    },
  });
  reader.closed.then(
    () => (closed = true),
    (error) => {
      closed = true;
      readable.destroy(error);
    },
  );
  return readable;
}

/** A Writable into a WritableStream. */
export function writableFromWeb(writableStream, options = {}) {
  if (!(writableStream instanceof WritableStream))
    throw invalidType("writableStream", "WritableStream", writableStream);
  const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
  const writer = writableStream.getWriter();
  const { write, final, abort } = writing(writer);
  let closed = false;
  const writable = new Writable({
    highWaterMark,
    decodeStrings,
    objectMode,
    signal,
    write,
    final,
    destroy(error, callback) {
      const done = () => nextTick(callback, error);
      if (closed || error === null) done();
      else abort(error).then(done, done);
    },
  });
  writer.closed.then(
    () => (closed = true),
    (error) => {
      closed = true;
      writable.destroy(error);
    },
  );
  return writable;
}

/** A Duplex of a pair `{ readable, writable }`. */
export function pairFromWeb(pair, options = {}) {
  if (!(pair?.readable instanceof ReadableStream))
    throw invalidType("pair.readable", "ReadableStream", pair?.readable);
  if (!(pair?.writable instanceof WritableStream))
    throw invalidType("pair.writable", "WritableStream", pair?.writable);
  const { objectMode = false, encoding } = options;
  const reader = pair.readable.getReader();
  const writer = pair.writable.getWriter();
  const { read, cancel } = reading(reader, { objectMode, encoding });
  const { write, final, abort } = writing(writer);
  const duplex = new Duplex({
    ...options,
    read,
    write,
    final,
    destroy(error, callback) {
      const done = () => nextTick(callback, error);
      if (error === null) done();
      else Promise.allSettled([cancel(error), abort(error)]).then(done);
    },
  });
  const onFailure = (error) => duplex.destroy(error);
  reader.closed.catch(onFailure);
  writer.closed.catch(onFailure);
  return duplex;
}

function bytesOf(chunk) {
  return Buffer.isBuffer(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : chunk;
}

/** A ReadableStream of a Readable. */
export function toWeb(readable, options = {}) {
  if (typeof readable?._readableState !== "object")
    throw invalidType("streamReadable", "stream.Readable", readable);
  const { objectMode, highWaterMark } = readable._readableState;
  const strategy =
    options.strategy ??
    (objectMode
      ? new CountQueuingStrategy({ highWaterMark })
      : { highWaterMark, size: (chunk) => chunk.byteLength ?? chunk.length ?? 1 });
  let controller;
  let ended = false;
  const stop = (error) => {
    if (ended) return;
    ended = true;
    if (error) controller.error(error);
    else controller.close();
  };
  readable.pause();
  readable.on("data", (chunk) => {
    if (ended) return;
    controller.enqueue(bytesOf(chunk));
    if (controller.desiredSize <= 0) readable.pause();
  });
  readable.on("end", () => stop());
  readable.on("error", stop);
  readable.on("close", () =>
    stop(
      readable.readableEnded
        ? undefined
        : nodeError(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close"),
    ),
  );
  return new ReadableStream(
    {
      start(given) {
        controller = given;
        if (readable.errored) stop(readable.errored);
        else if (readable.readableEnded) stop();
        else if (readable.destroyed) stop(abortError());
      },
      pull() {
        readable.resume();
      },
      cancel(reason) {
        ended = true;
        readable.destroy(reason);
      },
    },
    strategy,
  );
}

/** A WritableStream into a Writable. */
function writableToWeb(writable) {
  if (typeof writable?._writableState !== "object")
    throw invalidType("streamWritable", "stream.Writable", writable);
  return new WritableStream({
    start(controller) {
      writable.on("error", (error) => controller.error(error));
      writable.on("close", () => {
        if (!writable.writableFinished)
          controller.error(nodeError(Error, "ERR_STREAM_PREMATURE_CLOSE", "Premature close"));
      });
    },
    write(chunk) {
      if (writable.write(chunk)) return undefined;
      return new Promise((resolve) => writable.once("drain", resolve));
    },
    close() {
      return new Promise((resolve, reject) =>
        writable.end((error) => (error ? reject(error) : resolve())),
      );
    },
    abort(reason) {
      writable.destroy(reason);
    },
  });
}

Readable.fromWeb = fromWeb;
Readable.toWeb = toWeb;
Writable.fromWeb = writableFromWeb;
Writable.toWeb = writableToWeb;
Duplex.fromWeb = pairFromWeb;
Duplex.toWeb = (duplex) => ({ readable: toWeb(duplex), writable: writableToWeb(duplex) });
