// duplexPair: https://nodejs.org/docs/latest-v20.x/api/stream.html#streamduplexpairoptions

import { nextTick } from "./stream-base.js";
import { Duplex } from "./stream-duplex.js";

/** One of two streams, of which each reads what is written to the other. */
class Side extends Duplex {
  other = null;
  #onRead = null; // the callback of the other's write, which waits for the reader

  _read() {
    const callback = this.#onRead;
    this.#onRead = null;
    callback?.();
  }

  _write(chunk, _encoding, callback) {
    if (chunk.length === 0) return void nextTick(callback);
    this.other.push(chunk);
    this.other.#onRead = callback;
  }

  _final(callback) {
    this.other.on("end", callback);
    this.other.push(null);
  }
}

export function duplexPair(options = undefined) {
  const [one, two] = [new Side(options), new Side(options)];
  one.other = two;
  two.other = one;
  return [one, two];
}
