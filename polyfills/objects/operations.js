// The storage operations that `state.storage` and a transaction share. Each is
// synchronous and throws; the callers make promises of them.
//
// Several pairs cross as one JSON text, of a list of the keys and one of the values' lengths,
// and one buffer with the values end to end.

import {
  MAX_BATCH_KEYS,
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  MAX_VALUE_BYTES_SQLITE,
} from "holdfast:constants";
import {
  storage_delete,
  storage_delete_all,
  storage_delete_many,
  storage_deletes_alarm,
  storage_get,
  storage_get_many,
  storage_list,
  storage_put,
  storage_put_many,
  storage_round,
  storage_taken_values,
} from "holdfast:ops";
import { encodeUtf8 } from "../encoding/utf8.js";
import { toInt32, wrongArgument } from "../kernel/arguments.js";
import { deserialize, deserializeAll, serialize, serializeAtHand } from "../serialize/index.js";
import { eraseFacets } from "./erasing.js";
import { beforeChange } from "./read-ahead.js";

// A value of just the limit, such as 128 KiB in a buffer, fits: what serializing adds to it
// is not counted, up to this, as in workerd.
const MAX_ENVELOPE_BYTES = 34;
const NOT_ENTRIES =
  "put() may only be called with a single key-value pair and optional options as " +
  "put(key, value, options) or with multiple key-value pairs and optional options as " +
  "put(entries, options)";
const SURELY_SHORT = Math.floor(MAX_KEY_BYTES / 3);

/** `get(key)` → value or undefined; `get([keys])` → Map, in key order. */
export function get(instance, keys) {
  return Array.isArray(keys) ? getMany(instance, keys) : getOne(instance, keys);
}

/** The value of one key. */
export function getOne(instance, key) {
  const stored = storage_get(instance.slot, checkedKey(key));
  return stored === undefined ? undefined : deserialize(stored);
}

function getMany(instance, keys) {
  return mapOf(taken(storage_get_many(instance.slot, JSON.stringify(checkedKeys(keys)))));
}

/** `list(options)` → Map, in key order or its reverse. */
export function list(instance, options) {
  return mapOf(listRange(instance, listOptions(options)));
}

/** The keys in a range, as `listOptions` gives it, and their values: two arrays. */
export function listRange(instance, range) {
  return taken(storage_list(instance.slot, JSON.stringify(range)));
}

/** The options of a listing, checked and converted; `owner` has the method `list`. */
export function listOptions(options, owner = "DurableObjectStorage") {
  if (options === undefined || options === null) return {};
  if (typeof options !== "object") {
    throw wrongArgument("list", owner, 1, "ListOptions");
  }
  const { start, startAfter, end, prefix, reverse, limit } = options;
  if (start !== undefined && startAfter !== undefined) {
    throw new TypeError("list() cannot be called with both start and startAfter values.");
  }
  const range = { start, startAfter, end, prefix };
  for (const name in range) if (range[name] !== undefined) range[name] = `${range[name]}`;
  if (limit !== undefined) range.limit = checkedLimit(limit);
  range.reverse = Boolean(reverse);
  return range;
}

function checkedLimit(limit) {
  const number = toInt32(limit);
  if (number <= 0) throw new TypeError("List limit must be positive.");
  return number;
}

/** `put(key, value, options)` or `put({ key: value, … }, options)`. */
export function put(instance, key, value, options) {
  if (typeof key === "object" && key !== null && !Array.isArray(key)) {
    if (isPrimitive(value)) throw new TypeError(NOT_ENTRIES);
    return putMany(instance, key, value);
  }
  if (value === undefined) throw new TypeError("put() called with undefined value.");
  putOne(instance, key, value, options);
  return undefined;
}

/** Store one value, which may be undefined. */
export function putOne(instance, key, value, options) {
  key = checkedKey(key);
  const bytes = checkedValue(instance, key, serializeAtHand(value));
  wrote(instance, storage_put(instance.slot, key, bytes), options);
}

function putMany(instance, entries, options) {
  const pairs = Object.entries(entries).filter(([, value]) => value !== undefined);
  if (pairs.length > MAX_BATCH_KEYS) {
    throw new RangeError(
      `Maximum number of key value pairs is ${MAX_BATCH_KEYS}. ${pairs.length} pairs were provided.`,
    );
  }
  if (pairs.length === 0) return undefined;
  const keys = [];
  const lengths = [];
  const chunks = [];
  let total = 0;
  for (const [key, value] of pairs) {
    checkedKey(key);
    const bytes = checkedValue(instance, key, serialize(value));
    keys.push(key);
    lengths.push(bytes.length);
    chunks.push(bytes);
    total += bytes.length;
  }
  const index = JSON.stringify([keys, lengths]);
  const round = storage_put_many(instance.slot, index, joined(chunks, total));
  wrote(instance, round, options);
  return undefined;
}

function isPrimitive(value) {
  return value !== undefined && value !== null && typeof value !== "object" && typeof value !== "function";
}

function joined(chunks, total) {
  const buffer = new Uint8Array(total);
  let position = 0;
  for (const chunk of chunks) {
    buffer.set(chunk, position);
    position += chunk.length;
  }
  return buffer;
}

/** `delete(key)` → was it there; `delete([keys])` → how many were. */
export function remove(instance, keys, options) {
  if (!Array.isArray(keys)) return removeOne(instance, keys, options);
  const { slot } = instance;
  const count = storage_delete_many(slot, JSON.stringify(checkedKeys(keys)));
  if (count > 0) wrote(instance, storage_round(slot), options);
  return count;
}

/** Delete one key; was it there. */
export function removeOne(instance, key, options) {
  const { slot } = instance;
  const found = storage_delete(slot, checkedKey(key));
  if (found) wrote(instance, storage_round(slot), options);
  return found;
}

/** `deleteAll()`. */
export function removeAll(instance, options) {
  if (instance.closures > 0) throw new Error("Cannot call deleteAll() within a transaction");
  beforeChange(instance);
  wrote(instance, storage_delete_all(instance.slot), options);
  if (storage_deletes_alarm()) instance.alarm.wrote(0);
  eraseFacets(instance);
}

/** Note a write. One in a transaction counts when that commits; an unconfirmed one holds nothing back. */
export function wrote(instance, round, options) {
  if (instance.transactions === 0 && !options?.allowUnconfirmed) instance.outputGate.wrote(round);
}

function checkedKey(key) {
  if (typeof key !== "string") key = `${key}`;
  if (key.length > SURELY_SHORT) {
    const size = encodeUtf8(key).length;
    if (size > MAX_KEY_BYTES) {
      throw new RangeError(
        `Keys cannot be larger than ${MAX_KEY_BYTES} bytes. A key of size ${size} was provided.`,
      );
    }
  }
  return key;
}

function checkedKeys(keys) {
  if (keys.length > MAX_BATCH_KEYS) {
    throw new RangeError(
      `Maximum number of keys is ${MAX_BATCH_KEYS}. ${keys.length} keys were provided.`,
    );
  }
  return keys.map(checkedKey);
}

function checkedValue(instance, key, bytes) {
  const limit = instance.usesSqlite ? MAX_VALUE_BYTES_SQLITE : MAX_VALUE_BYTES;
  if (bytes.length > limit + MAX_ENVELOPE_BYTES) {
    throw new RangeError(
      `Values cannot be larger than ${limit} bytes. A value of size ${bytes.length} was provided.`,
    );
  }
  return bytes;
}

function taken(index) {
  if (index === undefined) return [[], []];
  const [keys, lengths] = JSON.parse(index);
  return [keys, deserializeAll(storage_taken_values(), lengths)];
}

function mapOf([keys, values]) {
  const found = new Map();
  for (let i = 0; i < keys.length; i++) found.set(keys[i], values[i]);
  return found;
}
