// DurableObjectStorage: https://developers.cloudflare.com/durable-objects/api/legacy-kv-storage-api/
//
// Reads are answered at once, so `await storage.get()` costs a microtask; writes go
// into the object's open transaction at once and are durable when their round is.

import { storage_release, storage_save, storage_undo } from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { lazily } from "../kernel/lazy.js";
import { ownLazily } from "../kernel/own-properties.js";
import { defineInterface } from "../kernel/webidl.js";
import { runCriticalSection } from "./critical-section.js";
import {
  abandonTransaction,
  commitTransaction,
  DurableObjectTransaction,
} from "./transaction.js";
import * as operations from "./operations.js";
import { beforeChange } from "./read-ahead.js";
import { isStranger, refuse, refused, STORAGE } from "./strangers.js";

const NAME = "DurableObjectStorage";
const CONFLICT = "TransactionConflict";

const alarms = lazily("objects/alarms.js");
const sql = lazily("objects/sql.js");
const kv = lazily("objects/kv.js");
const past = lazily("objects/past.js");

/**
 * The durable key-value storage of one object. It has itself
 *
 * - `kv`: the same keys and values as here, without promises;
 * - `sql`: SQL on the object's database.
 */
export class DurableObjectStorage {
  #instance;

  constructor(instance) {
    this.#instance = instance;
    let ownKv;
    let ownSql;
    ownLazily(this, "kv", () => (ownKv ??= new (kv().SyncKvStorage)(instance)));
    ownLazily(this, "sql", () => (ownSql ??= sql().sqlStorageOf(instance)));
  }

  /** The value of a key (undefined if absent), or a Map of up to 128 keys. */
  get(keys, options) {
    return attempt(operations.get, this.#instance, keys, options);
  }

  /** Store a value under a key, or all entries of an object. */
  put(key, value, options) {
    return attempt(operations.put, this.#instance, key, value, options);
  }

  /** Delete a key (true if it was there) or up to 128 keys (how many were). */
  delete(keys, options) {
    return attempt(operations.remove, this.#instance, keys, options);
  }

  /** A Map of stored pairs in UTF-8 key order, within the options' range. */
  list(options) {
    return attempt(operations.list, this.#instance, options);
  }

  /** The time of the alarm in milliseconds; null where none is set, or it runs just now. */
  getAlarm(_options) {
    return attempt(alarms().getAlarm, this.#instance);
  }

  /** Have the class's `alarm()` called at a time, a Date or milliseconds; instead of before. */
  setAlarm(time, options) {
    return attempt(alarms().setAlarm, this.#instance, "DurableObjectStorage", time, options);
  }

  /** Have `alarm()` called no more. */
  deleteAlarm(options) {
    return attempt(alarms().deleteAlarm, this.#instance, options);
  }

  /** A bookmark of the point in time that is now. */
  async getCurrentBookmark() {
    return await past().currentBookmark(this.#instance);
  }

  /** A bookmark of about the point in time that is told, a Date or milliseconds. */
  async getBookmarkForTime(time) {
    return await past().bookmarkForTime(this.#instance, time);
  }

  /**
   * Have the object go back to a bookmark when it starts next, as after `ctx.abort()`; a
   * bookmark to undo that with.
   */
  async onNextSessionRestoreBookmark(bookmark) {
    if (arguments.length === 0) throw wrongArgument("onNextSessionRestoreBookmark", NAME, 1, "string");
    return await past().restoreBookmark(this.#instance, `${bookmark}`);
  }

  /** Delete everything that the object stored. */
  deleteAll(options) {
    return attempt(operations.removeAll, this.#instance, options);
  }

  /** A promise that all writes made until now are durable. */
  sync() {
    if (isStranger(this.#instance)) return refused(STORAGE);
    return this.#instance.outputGate.synced();
  }

  /**
   * Run `closure(txn)` alone and atomically; what it returns. It is run a second time
   * where another process's write got in between; an exception or `txn.rollback()`
   * leaves storage as it was.
   */
  transaction(closure) {
    if (typeof closure !== "function") {
      return Promise.reject(wrongArgument("transaction", NAME, 1, "function"));
    }
    const instance = this.#instance;
    if (isStranger(instance)) return refused(STORAGE);
    const run = (context) => runTransaction(instance, context, closure);
    return runCriticalSection(instance, run, { resetOnError: false });
  }

  /**
   * Run `closure()` at once; what it returns. An exception undoes what it wrote, and leaves
   * alone what was written before it in the same turn. They nest.
   */
  transactionSync(closure) {
    if (typeof closure !== "function") throw wrongArgument("transactionSync", NAME, 1, "function");
    const instance = this.#instance;
    if (isStranger(instance)) refuse(STORAGE);
    storage_save(instance.slot);
    let result;
    try {
      result = closure();
    } catch (error) {
      if (instance.error === null) {
        beforeChange(instance);
        storage_undo(instance.slot);
      }
      throw error;
    }
    storage_release(instance.slot);
    return result;
  }

  static {
    defineInterface(this);
  }
}

function attempt(operation, instance, a, b, c) {
  try {
    if (isStranger(instance)) refuse(STORAGE);
    return Promise.resolve(operation(instance, a, b, c));
  } catch (error) {
    return Promise.reject(error);
  }
}

async function runTransaction(instance, context, closure) {
  try {
    return await runOnce(instance, context, closure);
  } catch (error) {
    if (error?.name !== CONFLICT) throw error;
  }
  try {
    return await runOnce(instance, context, closure);
  } catch (error) {
    if (error?.name !== CONFLICT) throw error;
    throw new Error("The transaction conflicted with another write twice and was given up.");
  }
}

async function runOnce(instance, context, closure) {
  const transaction = new DurableObjectTransaction(instance);
  instance.closures++;
  try {
    const result = await alone(context, () => closure(transaction));
    commitTransaction(transaction);
    return result;
  } catch (error) {
    abandonTransaction(transaction);
    throw error;
  } finally {
    instance.closures--;
  }
}

/** What `run` returns or throws, as soon as no other section is open inside of this one. */
async function alone(context, run) {
  try {
    return await run();
  } finally {
    const { gate } = context;
    if (!gate.admits(context)) await new Promise((resolve) => gate.hold(context, resolve));
  }
}
