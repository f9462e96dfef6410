// DurableObjectTransaction, the argument of a `storage.transaction` closure.

import { storage_begin, storage_commit, storage_rollback } from "holdfast:ops";
import { lazily } from "../kernel/lazy.js";
import * as operations from "./operations.js";
import { beforeChange } from "./read-ahead.js";

const alarms = lazily("objects/alarms.js");

const NESTED_IS_OPEN =
  "Cannot roll back an outer transaction while a nested transaction is still running.";

let commit;
let abandon;

/** Storage as one transaction sees it; usable until the transaction ends. */
export class DurableObjectTransaction {
  #instance;
  #depth;
  #ended = null; // "committed" or "rolled back"

  /** Begins the transaction; inside of one that is open, a nested one. */
  constructor(instance) {
    storage_begin(instance.slot);
    this.#instance = instance;
    this.#depth = ++instance.transactions;
  }

  get(keys, options) {
    return this.#attempt("get", operations.get, keys, options);
  }

  put(key, value, options) {
    return this.#attempt("put", operations.put, key, value, options);
  }

  delete(keys, options) {
    return this.#attempt("delete", operations.remove, keys, options);
  }

  list(options) {
    return this.#attempt("list", operations.list, options);
  }

  getAlarm(_options) {
    return this.#attempt("getAlarm", alarms().getAlarm);
  }

  setAlarm(time, options) {
    return this.#attempt("setAlarm", alarms().setAlarm, "DurableObjectTransaction", time, options);
  }

  deleteAlarm(options) {
    return this.#attempt("deleteAlarm", alarms().deleteAlarm, options);
  }

  deleteAll() {
    throw new Error("Cannot call deleteAll() within a transaction");
  }

  /** Undo all that the transaction did; every later call on it throws. */
  rollback() {
    if (this.#ended === "rolled back") return;
    this.#requireOpen("rollback");
    if (this.#instance.transactions !== this.#depth) {
      throw new Error(NESTED_IS_OPEN);
    }
    this.#end("rolled back");
    undo(this.#instance);
  }

  static {
    commit = (transaction) => {
      if (transaction.#ended !== null) return;
      const instance = transaction.#instance;
      transaction.#end("committed");
      const round = storage_commit(instance.slot);
      // One that is nested becomes durable with the outermost.
      if (instance.transactions === 0) instance.outputGate.wrote(round);
    };
    abandon = (transaction) => {
      if (transaction.#ended !== null) return;
      transaction.#end("rolled back");
      undo(transaction.#instance);
    };
  }

  #end(how) {
    this.#ended = how;
    this.#instance.transactions--;
    this.#instance.alarm.ended(this.#depth, how === "committed");
  }

  #attempt(name, operation, a, b, c) {
    try {
      this.#requireOpen(name);
      return Promise.resolve(operation(this.#instance, a, b, c));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #requireOpen(name) {
    if (this.#ended === "rolled back") {
      throw new Error(`Cannot ${name}() on rolled back transaction`);
    }
    if (this.#ended === "committed") {
      throw new Error(
        `Cannot call ${name}() on transaction that has already committed: did you move \`txn\` outside of the closure?`,
      );
    }
  }

  get [Symbol.toStringTag]() {
    return "DurableObjectTransaction";
  }
}

function undo(instance) {
  beforeChange(instance);
  storage_rollback(instance.slot);
}

/** Commit a transaction that was not rolled back. Throws where another write got in between. */
export function commitTransaction(transaction) {
  commit(transaction);
}

/** Undo a transaction that has not ended. */
export function abandonTransaction(transaction) {
  abandon(transaction);
}
