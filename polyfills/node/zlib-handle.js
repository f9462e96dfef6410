// What is below a stream of node:zlib: the host's coder, which gives out pieces as they are asked
// for. Libraries that are streams of their own, such as minizlib, on which tar stands, hold it as
// `stream._handle`, and keep `_processChunk()` from closing it by a `close` of theirs.

import {
  zlib_change,
  zlib_close,
  zlib_more,
  zlib_open,
  zlib_unread,
  zlib_write,
  zlib_write_later,
} from "holdfast:ops";

const abandoned = new FinalizationRegistry(zlib_close);
let last = 0;

export class ZlibHandle {
  #number = ++last;
  #settings;
  #isOpen = false;

  constructor(settings) {
    this.#settings = settings;
    abandoned.register(this, this.#number);
  }

  get isOpen() {
    return this.#isOpen;
  }

  #open() {
    if (this.#isOpen) return;
    const { kind, numbers, dictionary } = this.#settings;
    zlib_open(this.#number, kind, numbers, dictionary);
    this.#isOpen = true;
  }

  /** Take data in; a first piece of what comes of it, which may be empty. */
  take(data, flush) {
    this.#open();
    return zlib_write(this.#number, data, flush);
  }

  /** `take` in a thread. */
  takeLater(data, flush) {
    this.#open();
    return zlib_write_later(this.#number, data, flush);
  }

  /** The next piece, empty where there is none before more is taken in. */
  more() {
    return zlib_more(this.#number);
  }

  /** How much of what was taken in last stands behind the end of the compressed data. */
  unread() {
    return this.#isOpen ? zlib_unread(this.#number) : 0;
  }

  /** Go on with other parameters; what was compressed with the old ones. */
  change(level, strategy) {
    this.#open();
    return zlib_change(this.#number, level, strategy);
  }

  /** Forget all that was taken in; what is taken after that begins anew. */
  close() {
    this.#isOpen = false;
    zlib_close(this.#number);
  }
}
