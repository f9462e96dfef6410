// SqlStorage: https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/

import { sql_rows_read, sql_size } from "holdfast:ops";
import { wrongArgument } from "../kernel/arguments.js";
import { ownValue } from "../kernel/own-properties.js";
import { defineInterface, illegalConstructor, illegalInvocation } from "../kernel/webidl.js";
import { wrote } from "./operations.js";
import { run } from "./sql-rows.js";
import { isStranger, refuse, STORAGE } from "./strangers.js";

const NOT_ENABLED =
  "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to " +
  "`new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or wrangler.toml " +
  "file. If using workerd directly,set `enableSql = true` in your workerd config for the " +
  "class. Note that this change cannot be made after the class is already deployed to production.";
const NO_RESULT = "Expected exactly one result from SQL query, but got no results.";
const MANY_RESULTS = "Expected exactly one result from SQL query, but got multiple results.";
const TOO_BIG_AN_INTEGER = "Cannot convert a BigInt value to a number";

let allowed = false; // a constructor here may run
let takeRow; // (cursor) → the next row as an array; undefined at the end
let drain; // (cursor, shape) → the rows that are left, each as `shape(row, columns)` makes it
let columnsOf;

class Cursor {
  #instance;
  #rows;
  #query; // and its bindings, for those who ask what it has read
  #rowsRead = 0; // all of it, once that is known

  constructor(instance, query, rows) {
    if (!allowed) throw illegalConstructor();
    this.#query = query;
    this.#instance = instance;
    this.#rows = rows;
    if (rows.round !== 0) wrote(instance, rows.round);
  }

  static {
    takeRow = (cursor) => {
      if (!(#rows in Object(cursor))) throw illegalInvocation();
      cursor.#refuseStrangers();
      return cursor.#rows.take();
    };
    drain = (cursor, shape) => {
      if (!(#rows in Object(cursor))) throw illegalInvocation();
      cursor.#refuseStrangers();
      return cursor.#rows.drain(shape, cursor.#rows.columns);
    };
    columnsOf = (cursor) => cursor.#rows.columns;
  }

  // One that is at its end needs nothing of the object any more.
  #refuseStrangers() {
    if (isStranger(this.#instance) && !this.#rows.isAtEnd) refuse("State");
  }

  /** `{ done, value }`, as of an iterator; the value is an object with the columns' names. */
  next() {
    return step(asObject(takeRow(this), this.#rows.columns));
  }

  /** All rows that are left, as objects. */
  toArray() {
    return drain(this, asObject);
  }

  /** The only row, as an object. Throws where there is none, or another. */
  one() {
    const row = takeRow(this);
    if (row === undefined) throw new Error(NO_RESULT);
    if (!this.#rows.isAtEnd) {
      this.#rows.end();
      throw new Error(MANY_RESULTS);
    }
    return asObject(row, this.#rows.columns);
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
    return this.#rows.columns;
  }

  /**
   * How many rows the query has looked at: before its end those that it has given, and the
   * next; then about all, which it takes another run to find out.
   */
  get rowsRead() {
    this.#refuseStrangers();
    const { taken } = this.#rows;
    if (!this.#rows.isAtEnd) return taken + 1;
    this.#rowsRead ||= Math.max(taken, sql_rows_read(this.#instance.slot, ...this.#query));
    return this.#rowsRead;
  }

  /** How many rows were written, those of indexes included. */
  get rowsWritten() {
    this.#refuseStrangers();
    return this.#rows.rowsWritten;
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
    return step(asObject(takeRow(this.#cursor), columnsOf(this.#cursor)));
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

function asObject(row, columns) {
  if (row === undefined) return undefined;
  const object = {};
  for (let i = 0; i < row.length; i++) object[columns[i]] = row[i];
  return object;
}

/** SQL on the object's own database. */
class SqlStorage {
  #instance;

  constructor(instance) {
    if (!allowed) throw illegalConstructor();
    this.#instance = instance;
  }

  /** Run statements; a cursor over the rows of the last one, which gets the bindings. */
  exec(query, ...bindings) {
    if (arguments.length === 0) throw wrongArgument("exec", "SqlStorage", 1, "String");
    const instance = this.#instance;
    requireSql(instance);
    const sql = typeof query === "string" ? query : `${query}`;
    const given = [sql];
    let hasBuffers = false;
    for (let i = 0; i < bindings.length; i++) {
      const value = bindingValue(bindings[i]);
      hasBuffers ||= typeof value === "object" && value !== null;
      given.push(value);
    }
    const rows = run(instance, given, hasBuffers);
    allowed = true;
    try {
      return new Cursor(instance, given, rows);
    } finally {
      allowed = false;
    }
  }

  /** The size of the database in bytes. */
  get databaseSize() {
    requireSql(this.#instance);
    return sql_size(this.#instance.slot);
  }

  static {
    defineInterface(this);
  }
}

/** The prepared statements of early days: a name is all that is left of them. */
class Statement {
  constructor() {
    throw illegalConstructor();
  }
}

for (const [name, value] of Object.entries({ Cursor, Statement })) {
  ownValue(SqlStorage.prototype, name, value);
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
