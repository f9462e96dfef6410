// Readable.from: https://nodejs.org/docs/latest-v20.x/api/stream.html#streamreadablefromiterable-options

import { Buffer } from "./buffer.js";
import { invalidType, nodeError } from "./errors.js";
import { nextTick } from "./stream-base.js";
import { Readable } from "./stream-readable.js";

/** A Readable of what an iterable gives. */
Readable.from = function from(iterable, options = undefined) {
  if (typeof iterable === "string" || iterable instanceof Buffer) {
    return new Readable({
      objectMode: true,
      ...options,
      read() {
        this.push(iterable);
        this.push(null);
      },
    });
  }
  const makeAsync = iterable?.[Symbol.asyncIterator];
  const makeSync = iterable?.[Symbol.iterator];
  if (!makeAsync && !makeSync) throw invalidType("iterable", ["Iterable"], iterable);
  const iterator = makeAsync ? makeAsync.call(iterable) : makeSync.call(iterable);
  const readable = new Readable({ objectMode: true, highWaterMark: 1, ...options });
  let reading = false;
  readable._read = async () => {
    if (reading) return;
    reading = true;
    try {
      for (;;) {
        const step = await iterator.next();
        if (step.done) {
          readable.push(null);
          break;
        }
        const value = await step.value;
        if (value === null)
          throw nodeError(
            TypeError,
            "ERR_STREAM_NULL_VALUES",
            "May not write null values to stream",
          );
        if (!readable.push(value)) {
          reading = false;
          break;
        }
      }
    } catch (error) {
      readable.destroy(error);
    }
  };
  readable._destroy = (error, callback) => {
    const finish = async () => {
      if (error && typeof iterator.throw === "function") {
        const { value, done } = await iterator.throw(error);
        await value;
        if (done) return;
      }
      if (typeof iterator.return === "function") await (await iterator.return()).value;
    };
    finish().then(
      () => nextTick(callback, error),
      (failure) => nextTick(callback, failure || error),
    );
  };
  return readable;
};
