// D1 databases: https://developers.cloudflare.com/d1/worker-api/
//
// A request is a list of queries, which the host runs as one transaction. What is said of mistakes
// is what D1 says, whose errors carry the bare text once more as their cause.

import { d1_query } from "holdfast:ops";
import { isArrayBuffer } from "../kernel/buffers.js";
import { passOutputGate } from "../kernel/pending.js";
import { refuseToClone } from "../serialize/index.js";

const FIRST_UNCONSTRAINED = "first-unconstrained";
const CONSTRAINTS = ["first-primary", FIRST_UNCONSTRAINED];
const NEEDS_FLAG =
  "D1Database.query() requires the d1_binding_jsrpc compatibility flag. Enable d1_binding_jsrpc before calling query().";

/** A D1 database; what a binding puts into `env`. */
class D1Database {
  #number;
  #session;

  constructor(number) {
    this.#number = number;
    this.#session = new D1DatabaseSession(number, null);
  }

  /** A statement, to which values can be bound, and that can be run. */
  prepare(query) {
    return new D1PreparedStatement(this.#session, query);
  }

  /** Run statements as one transaction; the result of each. */
  async batch(statements) {
    return this.#session.batch(statements);
  }

  /** Run statements without values, one a line, as one transaction. */
  async exec(query) {
    const lines = query.trim().split("\n");
    const { error, results } = await ask(this.#number, lines.map((sql) => ({ sql })));
    // The first line is named whichever fails, as in D1.
    if (error !== undefined) throw failure("EXEC_ERROR", `Error in line 1: ${lines[0]}: ${error}`);
    const duration = results.reduce((sum, { meta }) => sum + meta.duration, 0);
    return { count: results.length, duration };
  }

  /** A session: its bookmark tells how much of what was written its queries have seen. */
  withSession(constraintOrBookmark) {
    return new D1DatabaseSession(this.#number, constraintOrBookmark?.trim() || FIRST_UNCONSTRAINED);
  }

  /** Asks for an experimental flag in workerd. */
  async query() {
    throw new Error(`D1_ERROR: ${NEEDS_FLAG}`);
  }

  /** Gone long ago. */
  async dump() {
    throw failure("DUMP_ERROR", "Status 404", "Status + 404");
  }

  get [Symbol.toStringTag]() {
    return "WrappedBinding";
  }
}

refuseToClone(D1Database);

// Runs queries of a session as one transaction: their results, with rows as lists.
let run;

/** What queries go through. A database is one file, so whatever a session asks for holds anyway. */
class D1DatabaseSession {
  #number;
  #bookmark; // or a constraint; null where nobody asks for one

  constructor(number, bookmark) {
    this.#number = number;
    this.#bookmark = bookmark;
  }

  /** See D1Database. */
  prepare(query) {
    return new D1PreparedStatement(this, query);
  }

  /** See D1Database. */
  async batch(statements) {
    const queries = statements.map(({ statement, params }) => ({ sql: statement, params }));
    return (await run(this, queries)).map(withObjects);
  }

  /** The latest bookmark that queries of this session have seen, or null. */
  getBookmark() {
    return CONSTRAINTS.includes(this.#bookmark) ? null : this.#bookmark;
  }

  static {
    run = async (session, queries) => {
      const { error, results, bookmark } = await ask(session.#number, queries);
      if (error !== undefined) throw failure("ERROR", error);
      if (session.#bookmark !== null) session.#see(bookmark);
      return results;
    };
  }

  #see(bookmark) {
    const seen = this.getBookmark();
    if (seen === null || seen < bookmark) this.#bookmark = bookmark;
  }
}

/** SQL, and the values that are bound to it. */
class D1PreparedStatement {
  #session;
  statement;
  params;

  constructor(session, statement, params = []) {
    this.#session = session;
    this.statement = statement;
    this.params = params;
  }

  /** The same statement with these values. */
  bind(...values) {
    return new D1PreparedStatement(this.#session, this.statement, values.map(bindable));
  }

  /** The first row, or what it has in a column; null where there is none. */
  async first(column) {
    const [row] = withObjects(await this.#run()).results;
    if (row === undefined) return null;
    if (column === undefined) return row;
    if (row[column] !== undefined) return row[column];
    throw failure("COLUMN_NOTFOUND", "Column not found", `Column not found (${column})`);
  }

  /** The same as `all`. */
  async run() {
    return withObjects(await this.#run());
  }

  /** All rows, as objects, and what is known of the query. */
  async all() {
    return withObjects(await this.#run());
  }

  /** All rows, as lists. `options`: `columnNames` puts the names in front. */
  async raw(options) {
    const { columns, rows } = (await this.#run()).results;
    return options?.columnNames ? [columns, ...rows] : rows;
  }

  async #run() {
    const [result] = await run(this.#session, [{ sql: this.statement, params: this.params }]);
    return result;
  }
}

async function ask(number, queries) {
  const request = JSON.stringify(queries);
  await passOutputGate();
  return JSON.parse(await d1_query(number, request));
}

function withObjects({ success, meta, results: { columns, rows } }) {
  const results = rows.map((row) => Object.fromEntries(row.map((cell, i) => [columns[i], cell])));
  return { success, meta, results };
}

/** What goes to the host for a value: a blob as a list of its bytes, as in D1. */
function bindable(value) {
  const type = typeof value;
  if (value === null || type === "number" || type === "string") return value;
  if (type === "boolean") return value ? 1 : 0;
  if (Array.isArray(value) && value.every((byte) => typeof byte === "number" && byte >= 0 && byte < 256)) {
    return value;
  }
  if (isArrayBuffer(value)) return Array.from(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return Array.from(value);
  throw failure("TYPE_ERROR", `Type '${type}' not supported for value '${value}'`);
}

function failure(kind, text, shown = text) {
  return new Error(`D1_${kind}: ${shown}`, { cause: new Error(text) });
}

/** The database behind a binding. */
export function d1FromHost(binding) {
  return new D1Database(binding.number);
}
