// What an instance of a Workflow has on the disk, in the storage of its object.
//
//   instance             its id, when and by whom it was created
//   params               { value } that it was created with
//   state                its status, when it began and ended, its error
//   output               { value } that it has returned
//   step <type> <count> <name>      what is known of a step; see `Step`
//   result <type> <count> <name>    { value } that the step came to
//   piece <number> <type> <count> <name>    some bytes of the stream that it came to
//   event <type> <number>           an event that nobody has waited for yet
//
// What is written in one turn is written together.

import { streamOfPieces } from "./streams.js";

const STATUS_ENDED = ["complete", "errored", "terminated"];
const DIGITS = 12; // of an event's number, so that keys come in order

/** Whether an instance in this state goes on no more. */
export function hasEnded(state) {
  return STATUS_ENDED.includes(state.status);
}

/**
 * The name of a step's keys. The same name may be used by several steps: `count` tells them apart,
 * in the order in which they are begun.
 */
const keyOf = ({ type, name, count }) => `${type} ${count} ${name}`;
const pieceOf = (step, number) => `piece ${number} ${keyOf(step)}`;

export class Journal {
  #kv;
  #storage;
  #isTested;
  #steps = null; // by their keys, once an execution has asked

  constructor(storage) {
    this.#storage = storage;
    this.#kv = storage.kv;
  }

  /** What `create` was told but for the parameters; undefined where there is no such instance. */
  get instance() {
    return this.#kv.get("instance");
  }

  /** The parameters: a copy of its own for whoever asks. */
  get params() {
    const kept = this.#kv.get("params");
    return kept === undefined ? this.instance.payload : kept.value; // where earlier versions had it
  }

  /**
   * { status, started, ended, error, pausedAt } as it is now; undefined as `instance`. While steps are
   * undone `undoing` has why, `error`, and what the instance `comesTo`; after that, `rollback` how it was.
   */
  get state() {
    return this.#kv.get("state");
  }

  create(instance, params) {
    this.#kv.put("instance", instance);
    this.#kv.put("params", { value: params });
    this.change({ status: "queued" });
  }

  /** Change some of the state. */
  change(fields) {
    this.#kv.put("state", { ...this.state, ...fields });
  }

  /** What `run` has returned; null before. */
  get output() {
    return this.#kv.get("output")?.value ?? null;
  }

  /** Keep what `run` has returned. Throws for what is too large. */
  keep(output) {
    try {
      this.#kv.put("output", { value: output });
    } catch (error) {
      if (error?.name !== "DataCloneError") throw error;
      this.#kv.put("output", { value: JSON.parse(JSON.stringify(output)) });
    }
  }

  // ---- steps ---------------------------------------------------------------------------

  /**
   * All steps in the order in which they began. A step has `type` ("do", "sleep",
   * "waitForEvent", or "rollback" for what undoes the "do" of its name), `name`, `count`, `order`, `start`, and once it has ended `end` and, if it
   * failed, `error`. `wake` is when it goes on that waits; a "do" has its `config` and
   * its last `attempts`; of those before them, how many were `forgotten`; and what is kept of the
   * `stream` that it came to, { length }.
   */
  get steps() {
    return [...this.#known().values()].sort((a, b) => a.order - b.order);
  }

  #known() {
    if (this.#steps === null) {
      const found = this.#kv.list({ prefix: "step " });
      this.#steps = new Map(Array.from(found, ([, step]) => [keyOf(step), step]));
    }
    return this.#steps;
  }

  /** The steps that have said how they are undone, the last one first. */
  get undoable() {
    return this.steps.filter((step) => step.hasRollback).reverse();
  }

  /** The step of this type and name that is the `count`th of its kind, if it has begun. */
  find(type, name, count) {
    return this.#known().get(keyOf({ type, name, count }));
  }

  /** Note that a step begins. */
  begin(step) {
    const known = this.#known();
    const begun = { ...step, order: known.size + 1, start: Date.now(), end: null };
    known.set(keyOf(begun), begun);
    this.save(begun);
    return begun;
  }

  /** Store a step that has changed. */
  save(step) {
    this.#kv.put(`step ${keyOf(step)}`, step);
  }

  /** A step has come to `value`. Throws DataCloneError for what cannot be stored. */
  succeed(step, value) {
    this.#kv.put(`result ${keyOf(step)}`, { value });
    this.finish(step);
  }

  /** A step has come to a stream of so many bytes, whose pieces are kept already. */
  succeedWithStream(step, { length }) {
    step.stream = { length };
    this.finish(step);
  }

  /** Keep a piece of the stream that a step may come to. */
  addPiece(step, number, bytes) {
    this.#kv.put(pieceOf(step, number), bytes);
  }

  /** Forget all pieces of a step's stream. */
  dropPieces(step) {
    for (let number = 0; this.#kv.delete(pieceOf(step, number)); ) number++;
  }

  /** The bytes of a piece; undefined where there is none. */
  pieceOf(step, number) {
    return this.#kv.get(pieceOf(step, number));
  }

  /** Resolves when all that was kept is on the disk. */
  sync() {
    return this.#storage.sync();
  }

  /** A step has failed for good. */
  fail(step, error) {
    step.error = error;
    this.finish(step);
  }

  /** A step has ended. */
  finish(step) {
    delete step.wake;
    step.end = Date.now();
    this.save(step);
  }

  /** What a step came to: a copy of its own for whoever asks, a stream of its own if it was one. */
  resultOf(step) {
    if (step.stream) return streamOfPieces(step.stream.length, (number) => this.pieceOf(step, number));
    return this.#kv.get(`result ${keyOf(step)}`)?.value;
  }

  /** Have all steps that wait go on so much later. */
  postpone(ms) {
    for (const step of this.#known().values()) {
      if (step.wake === undefined) continue;
      step.wake += ms;
      this.save(step);
    }
  }

  /** Forget the steps from this one on, and how the instance ended; without one, all of them. */
  rewind(from) {
    const order = from?.order ?? 0;
    for (const step of this.steps) {
      if (step.order < order) continue;
      this.#kv.delete(`step ${keyOf(step)}`);
      this.#kv.delete(`result ${keyOf(step)}`);
      this.dropPieces(step);
      this.#known().delete(keyOf(step));
    }
    this.#kv.delete("output");
    this.#kv.put("state", { status: "queued" });
  }

  /** Say what a step is to come to without its code, { value } or { error }, or its first `times` attempts: for tests. */
  replace(step, outcome) {
    this.#kv.put("tested", true);
    this.#kv.put(`replaced ${keyOf(step)}`, outcome);
  }

  /** What was said of a step so; undefined if nothing was. */
  replacementOf(step) {
    this.#isTested ??= this.#kv.get("tested") ?? false;
    return this.#isTested ? this.#kv.get(`replaced ${keyOf(step)}`) : undefined;
  }

  // ---- events --------------------------------------------------------------------------

  /** Keep an event until a step takes it. */
  addEvent(event) {
    const prefix = eventsOf(event.type);
    const last = [...this.#kv.list({ prefix, reverse: true, limit: 1 })][0]?.[0].slice(prefix.length);
    const number = `${Number(last ?? 0) + 1}`.padStart(DIGITS, "0");
    this.#kv.put(prefix + number, event);
  }

  /** The oldest event of a type, which is gone with that; undefined where there is none. */
  takeEvent(type) {
    const [found] = this.#kv.list({ prefix: eventsOf(type), limit: 1 });
    if (found === undefined) return undefined;
    this.#kv.delete(found[0]);
    return found[1];
  }
}

const eventsOf = (type) => `event ${type.length} ${type} `;
