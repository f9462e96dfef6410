// DurableObjectTransaction, the argument of a `storage.transaction` closure.

import { storage_rollback } from "holdfast:ops";
import * as operations from "./operations.js";

/** Storage as one transaction sees it; usable until the transaction ends. */
export class DurableObjectTransaction {
  #instance;
  #ended = null; // "committed" or "rolled back"

  constructor(instance) {
    this.#instance = instance;
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

  deleteAll() {
    throw new Error("Cannot call deleteAll() within a transaction");
  }

  /** Undo all that the transaction did; every later call on it throws. */
  rollback() {
    if (this.#ended === "rolled back") return;
    this.#requireOpen("rollback");
    this.#ended = "rolled back";
    storage_rollback(this.#instance.slot);
  }

  /** Mark the end; true if it was still open. */
  end(how) {
    if (this.#ended !== null) return false;
    this.#ended = how;
    return true;
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
