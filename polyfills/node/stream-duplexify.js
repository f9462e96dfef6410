// Duplex.from: https://nodejs.org/docs/latest-v20.x/api/stream.html#streamduplexfromsrc

import { Blob } from "../files/blob.js";
import { ReadableStream } from "../streams/readable.js";
import { WritableStream } from "../streams/writable.js";
import { invalidType, nodeError, received } from "./errors.js";
import { fromWeb, pairFromWeb, writableFromWeb } from "./stream-adapters.js";
import { nextTick } from "./stream-base.js";
import { Duplex } from "./stream-duplex.js";
import "./stream-from.js";
import { finished } from "./stream-pipeline.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

const BODIES = [
  "Blob",
  "ReadableStream",
  "WritableStream",
  "Stream",
  "Iterable",
  "AsyncIterable",
  "Function",
  "{ readable, writable } pair",
  "Promise",
];
const isReadable = (value) => value?._readableState !== undefined;
const isWritable = (value) => value?._writableState !== undefined;
const isIterable = (value) => (value?.[Symbol.asyncIterator] ?? value?.[Symbol.iterator]) != null;
const isPromise = (value) => typeof value?.then === "function";

/** A Duplex of whatever makes sense as one. */
Duplex.from = function from(body) {
  if (isReadable(body) && isWritable(body)) return body;
  if (isReadable(body)) return joined({ readable: body });
  if (isWritable(body)) return joined({ writable: body });
  if (body instanceof ReadableStream) return joined({ readable: fromWeb(body) });
  if (body instanceof WritableStream) return joined({ writable: writableFromWeb(body) });
  if (typeof body === "function") return ofFunction(body);
  if (body instanceof Blob) return ofPromise(body.arrayBuffer());
  if (isIterable(body)) return joined({ readable: Readable.from(body) });
  if (body?.readable instanceof ReadableStream && body.writable instanceof WritableStream)
    return pairFromWeb(body);
  if (typeof body?.readable === "object" || typeof body?.writable === "object") {
    const { readable, writable } = body;
    return joined({
      readable: readable && (isReadable(readable) ? readable : from(readable)),
      writable: writable && (isWritable(writable) ? writable : from(writable)),
    });
  }
  if (isPromise(body)) return ofPromise(body);
  throw invalidType("body", BODIES, body);
};

/** What a promise gives, as the only chunk. */
function ofPromise(promise) {
  const chunks = (async function* () {
    const value = await promise;
    if (value !== null && value !== undefined) yield value;
  })();
  return joined({ readable: Readable.from(chunks) });
}

/** A function that is given what is written, and returns what is to be read, or a promise. */
function ofFunction(make) {
  const controller = new AbortController();
  const { signal } = controller;
  let next = Promise.withResolvers();
  const input = (async function* () {
    for (;;) {
      const { chunk, isLast, callback } = await next.promise;
      nextTick(callback);
      if (isLast) return;
      signal.throwIfAborted();
      next = Promise.withResolvers();
      yield chunk;
    }
  })();
  const value = make(input, { signal });
  const write = (chunk, _, callback) => next.resolve({ chunk, isLast: false, callback });
  const end = (callback) => next.resolve({ isLast: true, callback });
  const destroy = (error, callback) => {
    controller.abort();
    callback(error);
  };
  const options = { objectMode: true, write, destroy };
  if (isIterable(value))
    return joined({
      readable: Readable.from(value),
      writable: new Writable({ ...options, final: end }),
    });
  if (isPromise(value)) {
    const final = (callback) => end(() => value.then(() => callback(), callback));
    const writable = new Writable({ ...options, final });
    value.then(undefined, (error) => writable.destroy(error));
    return joined({ writable });
  }
  throw nodeError(
    TypeError,
    "ERR_INVALID_RETURN_VALUE",
    "Expected Iterable, AsyncIterable or AsyncFunction to be returned from the" +
      ` "body" function but got${received(value).slice(" Received".length)}.`,
  );
}

/** One stream of two, either of which may be missing. */
export function joined({ readable, writable }) {
  let onDrain = null;
  let onFinish = null;
  const duplex = new Duplex({
    readable: readable !== undefined,
    writable: writable !== undefined,
    readableObjectMode: Boolean(readable?.readableObjectMode),
    writableObjectMode: Boolean(writable?.writableObjectMode),
    read() {
      for (let chunk = readable.read(); chunk !== null; chunk = readable.read())
        if (!this.push(chunk)) return;
    },
    write(chunk, encoding, callback) {
      if (writable.write(chunk, encoding)) callback();
      else onDrain = callback;
    },
    final(callback) {
      onFinish = callback;
      writable.end();
    },
    destroy(error, callback) {
      onDrain = onFinish = null;
      readable?.destroy(error ?? undefined);
      writable?.destroy(error ?? undefined);
      callback(error);
    },
  });
  const fail = (error) => {
    if (error) duplex.destroy(error);
  };
  if (writable !== undefined) {
    writable.on("drain", () => {
      const callback = onDrain;
      onDrain = null;
      callback?.();
    });
    writable.on("finish", () => onFinish?.());
    finished(writable, { readable: false }, fail);
  }
  if (readable !== undefined) {
    readable.on("readable", () => duplex._read());
    readable.on("end", () => duplex.push(null));
    finished(readable, { writable: false }, fail);
  }
  return duplex;
}
