// SqlStorage: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/
//
// A cursor that is not at its end has a number with the host, which keeps one row more
// than it has told; what nobody can reach any more is closed there.

import {
  sql_close,
  sql_exec,
  sql_fetch,
  sql_rows_read,
  sql_size,
  storage_taken_values,
} from "holdfast:ops";
import { illegalConstructor } from "../kernel/webidl.js";
import { wrote } from "./operations.js";
import { isStranger, refuse, STORAGE } from "./strangers.js";

const NOT_A_STRING =
  "Failed to execute 'exec' on 'SqlStorage': parameter 1 is not of type 'String'.";
const NOT_ENABLED =
  "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to " +
  "`new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml " +
  "file. If using workerd directly,set `enableSql = true` in your workerd config for the " +
  "class. Note that this change cannot be made after the class is already deployed to production.";
const NO_RESULT = "Expected exactly one result from SQL query, but got no results.";
const MANY_RESULTS = "Expected exactly one result from SQL query, but got multiple results.";
const TOO_BIG_AN_INTEGER = "Cannot convert a BigInt value to a number";

const ROWS_PER_PORTION = 500;

const unreached = new FinalizationRegistry(({ instance, cursor }) => {
  if (cursor.number !== 0) sql_close(instance.slot, cursor.number);
});

let allowed = false; // a constructor here may run
let takeRow; // (cursor) → the next row as an array; undefined at the end
let drain; // (cursor, shape) → the rows that are left, each as `shape(row, cursor)` makes it
let columnsOf;

class Cursor {
  #instance;
  #host; // { number, of the host's cursor; 0: there are no more rows than those here }
  #columns;
  #rows;
  #next = 0; // in #rows
  #query; // and its bindings, for those who ask what it has read
  #rowsRead = 0; // all of it, once that is known
  #taken = 0; // rows that were read before those in #rows
  #rowsWritten;

  constructor(instance, query, text) {
    if (!allowed) throw illegalConstructor();
    this.#query = query;
    const [number, round, rowsWritten, columns, rows] = JSON.parse(text);
    this.#instance = instance;
    this.#host = { number };
    this.#columns = columns;
    this.#rowsWritten = rowsWritten;
    this.#take(rows, number !== 0);
    if (round !== 0) wrote(instance, round);
    if (number !== 0) unreached.register(this, { instance, cursor: this.#host });
  }

  static {
    takeRow = (cursor) => {
      if (!(#host in Object(cursor))) throw new TypeError("Illegal invocation");
      return cursor.#row();
    };
    drain = (cursor, shape) => {
      const found = [];
      for (;;) {
        const row = takeRow(cursor);
        if (row === undefined) return found;
        found.push(shape(row, cursor));
        if (cursor.#next === cursor.#rows.length && cursor.#host.number !== 0) {
          cursor.#fetch(ROWS_PER_PORTION);
        }
      }
    };
    columnsOf = (cursor) => cursor.#columns;
  }

  #take(rows, more) {
    decode(rows);
    this.#taken += this.#next;
    this.#rows = rows;
    this.#next = 0;
    if (!more) this.#host.number = 0;
  }

  // One that is at its end needs nothing of the object any more.
  #refuseStrangers() {
    if (isStranger(this.#instance) && !this.#isAtEnd) refuse("State");
  }

  get #isAtEnd() {
    return this.#next === this.#rows.length && this.#host.number === 0;
  }

  #row() {
    this.#refuseStrangers();
    if (this.#next === this.#rows.length) {
      if (this.#host.number === 0) return undefined;
      this.#fetch(1);
    }
    return this.#rows[this.#next++];
  }

  #fetch(limit) {
    const { number } = this.#host;
    this.#host.number = 0; // where it fails, the cursor is closed
    const [more, rows] = JSON.parse(sql_fetch(this.#instance.slot, number, limit));
    this.#host.number = number;
    this.#take(rows, more);
  }

  /** `{ done, value }`, as of an iterator; the value is an object with the columns' names. */
  next() {
    return step(asObject(takeRow(this), this));
  }

  /** All rows that are left, as objects. */
  toArray() {
    return drain(this, asObject);
  }

  /** The only row, as an object. Throws where there is none, or another. */
  one() {
    const row = takeRow(this);
    if (row === undefined) throw new Error(NO_RESULT);
    if (!this.#isAtEnd) {
      this.#end();
      throw new Error(MANY_RESULTS);
    }
    return asObject(row, this);
  }

  #end() {
    this.#take([], true);
    if (this.#host.number !== 0) sql_close(this.#instance.slot, this.#host.number);
    this.#host.number = 0;
  }

  /** An iterator over the rows as arrays, which tells columns of the same name apart. */
  raw() {
    return iterator(RawIterator, this);
  }

  [Symbol.iterator]() {
    return iterator(RowIterator, this);
  }

  /** The columns' names, which may be the same ones. */
  get columnNames() {
    return this.#columns;
  }

  /**
   * How many rows the query has looked at: before its end those that it has given, and the
   * next; then about all, which it takes another run to find out.
   */
  get rowsRead() {
    this.#refuseStrangers();
    const given = this.#taken + this.#next;
    if (!this.#isAtEnd) return given + 1;
    this.#rowsRead ||= Math.max(given, sql_rows_read(this.#instance.slot, ...this.#query));
    return this.#rowsRead;
  }

  /** How many rows were written, those of indexes included. */
  get rowsWritten() {
    this.#refuseStrangers();
    return this.#rowsWritten;
  }

  get [Symbol.toStringTag]() {
    return "Cursor";
  }
}

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

function iterator(Class, cursor) {
  allowed = true;
  try {
    return new Class(cursor);
  } finally {
    allowed = false;
  }
}

class RowIterator {
  #cursor;

  constructor(cursor) {
    if (!allowed) throw illegalConstructor();
    this.#cursor = cursor;
  }

  next() {
    return step(asObject(takeRow(this.#cursor), this.#cursor));
  }

  get [Symbol.toStringTag]() {
    return "RowIterator";
  }
}

class RawIterator {
  #cursor;

  constructor(cursor) {
    if (!allowed) throw illegalConstructor();
    this.#cursor = cursor;
  }

  next() {
    return step(takeRow(this.#cursor));
  }

  toArray() {
    return drain(this.#cursor, (row) => row);
  }

  get [Symbol.toStringTag]() {
    return "RawIterator";
  }
}

Object.setPrototypeOf(RowIterator.prototype, IteratorPrototype);
Object.setPrototypeOf(RawIterator.prototype, IteratorPrototype);

function step(value) {
  return { done: value === undefined, value };
}

function asObject(row, cursor) {
  if (row === undefined) return undefined;
  const columns = columnsOf(cursor);
  const object = {};
  for (let i = 0; i < row.length; i++) object[columns[i]] = row[i];
  return object;
}

// Put in place what JSON has no form for; see host/sql.py.
function decode(rows) {
  let blobs;
  let position = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value !== "object" || value === null) continue;
      if (value.n !== undefined) {
        row[i] = Number(value.n);
        continue;
      }
      blobs ??= storage_taken_values().buffer;
      row[i] = blobs.slice(position, position + value.b);
      position += value.b;
    }
  }
}

/** SQL on the object's own database. */
export class SqlStorage {
  #instance;

  constructor(instance) {
    if (!allowed) throw illegalConstructor();
    this.#instance = instance;
  }

  /** Run statements; a cursor over the rows of the last one, which gets the bindings. */
  exec(query, ...bindings) {
    if (arguments.length === 0) throw new TypeError(NOT_A_STRING);
    const instance = this.#instance;
    requireSql(instance);
    const sql = typeof query === "string" ? query : `${query}`;
    const given = [sql];
    for (let i = 0; i < bindings.length; i++) given.push(bindingValue(bindings[i]));
    const text = sql_exec(instance.slot, ...given);
    allowed = true;
    try {
      return new Cursor(instance, given, text);
    } finally {
      allowed = false;
    }
  }

  /** The size of the database in bytes. */
  get databaseSize() {
    requireSql(this.#instance);
    return sql_size(this.#instance.slot);
  }

  get [Symbol.toStringTag]() {
    return "SqlStorage";
  }
}

/** The prepared statements of early days: a name is all that is left of them. */
class Statement {
  constructor() {
    throw illegalConstructor();
  }
}

for (const [name, value] of Object.entries({ Cursor, Statement })) {
  Object.defineProperty(SqlStorage.prototype, name, { value, writable: true, configurable: true });
}

function requireSql(instance) {
  if (isStranger(instance)) refuse(STORAGE);
  if (!instance.usesSqlite) throw new Error(NOT_ENABLED);
}

function bindingValue(value) {
  switch (typeof value) {
    case "string":
    case "number":
      return value;
    case "undefined":
      return null;
    case "bigint":
      throw new TypeError(TOO_BIG_AN_INTEGER);
    case "object":
      if (value === null || value instanceof ArrayBuffer) return value;
      if (ArrayBuffer.isView(value)) {
        return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      }
  }
  return `${value}`;
}

/** The SQL of an instance's storage. */
export function sqlStorageOf(instance) {
  allowed = true;
  try {
    return new SqlStorage(instance);
  } finally {
    allowed = false;
  }
}
