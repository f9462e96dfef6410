// SyncKvStorage: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#synchronous-kv-api

import { wrongArgument } from "../kernel/arguments.js";
import { defineInterface } from "../kernel/webidl.js";
import * as operations from "./operations.js";
import { isStranger, refuse, STORAGE } from "./strangers.js";

const NOT_ENABLED =
  "The storage.kv (synchronous KV) API is only available for SQLite-backed Durable Objects, but " +
  "this object's namespace is not declared to use SQLite. You can use the older, asyncronous " +
  "interface via methods of `storage` itself (e.g. `storage.get()`). Alternatively, to enable " +
  "SQLite, change `new_classes` to `new_sqlite_classes` within the 'migrations' field in your " +
  "wrangler.jsonc or wrangler.toml file. If using workerd directly, set `enableSql = true` in " +
  "your workerd config for the class. Note that this change cannot be made after the class is " +
  "already deployed to production.";
const INVALIDATED =
  "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one " +
  "kv.list() iterator can exist at a time.";

const PAIRS_PER_PORTION = 128;

/** The key-value storage of one object, without promises. */
export class SyncKvStorage {
  #instance;
  #listing; // the one iterator that is valid

  constructor(instance) {
    this.#instance = instance;
  }

  /** The value of a key; undefined if it has none. */
  get(key) {
    return operations.getOne(this.#ready("get", arguments), key);
  }

  /** Store a value under a key. */
  put(key, value) {
    const instance = this.#ready("put", arguments);
    if (arguments.length < 2) throw wrongArgument("put", "SyncKvStorage", 2, "Value");
    operations.putOne(instance, key, value);
  }

  /** Delete a key; was it there. */
  delete(key) {
    return operations.removeOne(this.#ready("delete", arguments), key);
  }

  /** An iterator over the pairs in the options' range; valid until the next `list`. */
  list(options) {
    const range = operations.listOptions(options, "SyncKvStorage");
    const instance = this.#ready();
    const iterator = new ListIterator(instance, range, (it) => it === this.#listing);
    this.#listing = iterator;
    return iterator;
  }

  #ready(method, given) {
    if (given?.length === 0) throw wrongArgument(method, "SyncKvStorage", 1, "string");
    if (isStranger(this.#instance)) refuse(STORAGE);
    if (!this.#instance.usesSqlite) throw new Error(NOT_ENABLED);
    return this.#instance;
  }

  static {
    defineInterface(this);
  }
}

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

class ListIterator {
  #instance; // null at the end
  #range; // that is yet to be read
  #isValid;
  #portion = 1; // pairs to read next
  #keys = [];
  #values;
  #next = 0; // in #keys

  constructor(instance, range, isValid) {
    this.#instance = instance;
    this.#range = range;
    this.#isValid = isValid;
  }

  next() {
    if (this.#instance === null) return { done: true, value: undefined };
    if (!this.#isValid(this)) throw new Error(INVALIDATED);
    if (this.#next === this.#keys.length && !this.#read()) {
      this.#instance = null;
      return { done: true, value: undefined };
    }
    const i = this.#next++;
    return { done: false, value: [this.#keys[i], this.#values[i]] };
  }

  // Portions grow: what is written meanwhile shows from the next one on.
  #read() {
    const { limit = Infinity } = this.#range;
    const wanted = Math.min(this.#portion, limit);
    if (wanted === 0) return false;
    const [keys, values] = operations.listRange(this.#instance, { ...this.#range, limit: wanted });
    const isLast = keys.length < wanted;
    this.#range = {
      ...this.#range,
      ...after(this.#range, keys.at(-1)),
      limit: isLast ? 0 : limit - keys.length,
    };
    this.#portion = Math.min(this.#portion * 4, PAIRS_PER_PORTION);
    [this.#keys, this.#values, this.#next] = [keys, values, 0];
    return keys.length > 0;
  }

  get [Symbol.toStringTag]() {
    return "ListIterator";
  }
}

Object.setPrototypeOf(ListIterator.prototype, IteratorPrototype);

// Where the listing goes on; backwards, the bound that is left out is the last key itself.
function after(range, last) {
  return range.reverse ? { end: last } : { start: undefined, startAfter: last };
}
