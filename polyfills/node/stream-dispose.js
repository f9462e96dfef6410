// `await using` of streams: https://nodejs.org/docs/latest-v20.x/api/stream.html#readablesymbolasyncdispose

import { abortError } from "./errors.js";
import { finished } from "./stream-pipeline.js";
import { Readable } from "./stream-readable.js";
import { Writable } from "./stream-writable.js";

/** Destroys the stream, as aborted where it has not come to its end, and waits until it has closed. */
function dispose(stream, hasEnded) {
  const reason = stream.destroyed || hasEnded ? null : abortError();
  if (!stream.destroyed) stream.destroy(reason);
  return new Promise((resolve, reject) => {
    finished(stream, (error) => (error && error !== reason ? reject(error) : resolve(null)));
  });
}

function define(prototype, endedName) {
  Object.defineProperty(prototype, Symbol.asyncDispose, {
    value() {
      return dispose(this, this[endedName]);
    },
    writable: true,
    configurable: true,
  });
}
define(Readable.prototype, "readableEnded");
define(Writable.prototype, "writableFinished");
