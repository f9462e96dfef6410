// Dir, a directory that is read entry by entry:
// https://nodejs.org/docs/latest-v20.x/api/fs.html#class-fsdir

import { nodeError, requireFunction } from "./errors.js";
import { nextTick } from "./stream-base.js";

export class Dir {
  #path;
  #entries;
  #closed = false;

  constructor(path, entries) {
    this.#path = path;
    this.#entries = entries;
  }

  get path() {
    return this.#path;
  }

  readSync() {
    this.#requireOpen();
    return this.#entries.shift() ?? null;
  }

  read(callback = undefined) {
    return this.#answer(() => this.readSync(), callback);
  }

  closeSync() {
    this.#requireOpen();
    this.#closed = true;
  }

  close(callback = undefined) {
    return this.#answer(() => this.closeSync(), callback);
  }

  /** A promise of what `run` gives, or a call of the callback. */
  #answer(run, callback) {
    if (callback === undefined) return Promise.try(run);
    requireFunction(callback, "callback");
    const result = run();
    return void nextTick(callback, null, ...(result === undefined ? [] : [result]));
  }

  async *entries() {
    try {
      for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
    } finally {
      this.closeSync();
    }
  }

  [Symbol.asyncIterator]() {
    return this.entries();
  }

  async [Symbol.asyncDispose]() {
    if (!this.#closed) await this.close();
  }

  #requireOpen() {
    if (this.#closed) throw nodeError(Error, "ERR_DIR_CLOSED", "Directory handle was closed");
  }
}
