// The rows of a cursor, as the host gives them.
//
// A script sees what SQLite does: of a row that is changed, or deleted, or added before its cursor
// has come that far, what has become of it. A cursor has come one row further than the script has
// taken, so that the end is known with the last row; as in workerd. Asking the host for each row takes
// several times as long as the row. So it reads more of them where that makes no difference:
//
// - Only a statement is read further that gives the same rows again, as long as nothing changes, and
//   only while nothing has changed since it began. Others, such as those that ask for the time, are
//   read one row at a time.
// - Before anything changes (`beforeChange`, or a statement that is not known to be a query), the host
//   puts cursors that were read further where they would be if they had not: it runs the statement
//   anew, behind as many rows as the script has taken. From then on it gives one row at a time.
//   So a loop that changes something in its first round costs nothing more.
// - A mistake that is found in a row further on is the host's to keep until it would have been met.
//
// A cursor that is not at its end has a number with the host; what nobody can reach any more is
// closed there.

import {
  sql_close,
  sql_exec,
  sql_fetch,
  sql_stand_at,
  storage_taken_values,
} from "holdfast:ops";
import { beforeChange, noteAhead, noteFresh } from "./read-ahead.js";

// What the host knows of a statement: it changes nothing; it gives the same rows again.
const READS = 1;
const REPEATS = 2;

const AHEAD = 8; // rows at first, then more
const GROWTH = 4;
const MAX_AHEAD = 500;

const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 2_000;

const KIND = 4; // in what the host tells
const NOBODY = Object.freeze({ number: 0 });

const SURELY_QUERY = /^\s*(?:select|values)\b[^;]*;?\s*$/i; // one statement, which can be nothing else

const known = new Map(); // by the texts of statements, whether they change nothing

/** Run statements with the bindings that follow, some of which may be buffers; the last one's rows. */
export function run(instance, query, hasBuffers) {
  const text = query[0];
  const wasQuery = known.get(text);
  const isQuery = wasQuery ?? SURELY_QUERY.test(text);
  if (!isQuery) beforeChange(instance);
  const told = JSON.parse(sql_exec(instance.slot, ...query));
  if (wasQuery === undefined) {
    const reads = (told[KIND] & READS) !== 0;
    if (reads && !isQuery) instance.changes--; // it was none
    note(text, isQuery || reads);
  }
  return new Rows(instance, hasBuffers ? query.map(copied) : query, told);
}

function note(text, isQuery) {
  if (known.size === MAX_KNOWN) known.clear();
  if (text.length <= MAX_KNOWN_LENGTH) known.set(text, isQuery);
}

// The script may write to a buffer meanwhile.
const copied = (value) => (typeof value === "object" && value !== null ? value.slice() : value);

const unreached = new FinalizationRegistry(({ instance, host }) => {
  if (host.number !== 0) sql_close(instance.slot, host.number);
});

/** What a statement gave: rows that a script has not taken yet. No script has one. */
export class Rows {
  constructor(instance, query, told) {
    const [number, round, rowsWritten, columns, kind, rows, hasOthers] = told;
    this.round = round; // of what it has written, else 0
    this.rowsWritten = rowsWritten;
    this.columns = columns; // their names
    if (hasOthers) decode(rows);
    this.rows = rows;
    if (rows.length + number === 0) return;
    this.instance = instance;
    this.query = query;
    const repeats = (kind & REPEATS) !== 0;
    if (repeats) noteFresh(instance, this);
    if (number === 0) return;
    this.#adopt(number);
    if (repeats) {
      this.limit = AHEAD;
      this.changes = instance.changes;
    } else {
      this.isBehind = true;
    }
  }

  #adopt(number) {
    this.host = { number };
    unreached.register(this, { instance: this.instance, host: this.host });
  }

  /** How many were taken. */
  get taken() {
    return this.before + this.next;
  }

  /** True if there are no more. */
  get isAtEnd() {
    return this.next === this.rows.length && this.host.number === 0 && this.error === null;
  }

  /** The next row as an array; undefined at the end. */
  take() {
    if (this.next === this.rows.length) {
      if (this.isAtEnd) return undefined;
      this.#fetch();
    }
    if (this.instance.fresh === this) this.instance.fresh = null;
    const row = this.rows[this.next++];
    if (this.isBehind) this.#ask(0);
    return row;
  }

  /** All rows that are left, each as `shape(row, argument)` makes it. */
  drain(shape, argument) {
    const found = [];
    if (this.instance?.fresh === this) this.instance.fresh = null;
    for (;;) {
      const rows = this.rows;
      while (this.next < rows.length) found.push(shape(rows[this.next++], argument));
      if (this.isAtEnd) return found;
      this.#ask(MAX_AHEAD);
    }
  }

  #fetch() {
    if (this.limit > 1) {
      const { changes } = this.instance;
      if (changes === this.changes) {
        if (this.limit === AHEAD) noteAhead(this.instance, this);
        this.#ask(this.limit);
        this.limit = Math.min(this.limit * GROWTH, MAX_AHEAD);
        return;
      }
      this.limit = 1;
    }
    this.#ask(1);
  }

  #ask(limit) {
    if (this.error !== null) {
      const error = this.error;
      this.error = null;
      throw error;
    }
    const { number } = this.host;
    this.isBehind = false;
    this.host.number = 0; // where it fails, the cursor is closed
    const [more, rows, hasOthers] = JSON.parse(sql_fetch(this.instance.slot, number, limit));
    this.host.number = number;
    if (hasOthers) decode(rows);
    this.#take(rows, more);
  }

  #take(rows, more) {
    this.before += this.next;
    this.rows = rows;
    this.next = 0;
    if (!more && this.host !== NOBODY) this.host.number = 0;
  }

  /** Forget the rows that are ahead, and have the host's cursor stand where it would without them. */
  stand() {
    this.limit = 1;
    if (this.next === this.rows.length && this.taken > 0) return; // else there are some, or a mistake
    const { number } = this.host;
    if (number === 0) this.#adopt(0);
    this.host.number = 0;
    try {
      this.host.number = sql_stand_at(this.instance.slot, number, this.taken, ...this.query);
    } catch (error) {
      this.error = error;
    }
    this.#take([], true);
  }

  /** Have no more rows. */
  end() {
    const { number } = this.host;
    if (number !== 0) sql_close(this.instance.slot, number);
    this.#take([], false);
    this.error = null;
  }
}

Object.assign(Rows.prototype, {
  next: 0, // in `rows`
  before: 0, // rows that were taken before those
  /** Its `number` is what the host calls the cursor; 0: there are no more rows than those here. */
  host: NOBODY,
  changes: 0, // of the instance, when it began
  limit: 1, // rows to ask for next
  isBehind: false, // the host has read no further than to the first row
  error: null, // met when the rows were brought back, for who asks next
});

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
