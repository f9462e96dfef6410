// Rollbacks: what steps have said undoes them, for an instance that fails, or is terminated so.
// https://developers.cloudflare.com/changelog/post/2026-06-05-saga-rollbacks/
//
// The functions live in memory. Where the process has ended in between, `run` is called again to
// find them: each step that has ended is what it was, and none begins.

import { attemptsIn, contextOf, shown } from "./attempts.js";
import { thrownFor, told } from "./errors.js";

const MISSING = told("RollbackMissing", "Rollback function not available in registry");

/** The functions that an execution of `run` has named. */
export class Rollbacks {
  /** True while steps are undone: then none begins. */
  isRunning = false;
  #named = new Map();

  /** `undo(context)` undoes the step that is the `count`th of this name; `config` is as for a step. */
  add(name, count, { undo, config }) {
    this.#named.set(keyOf(name, count), { undo, config });
  }

  of({ name, count }) {
    return this.#named.get(keyOf(name, count));
  }
}

const keyOf = (name, count) => `${count} ${name}`;

/**
 * Undo the steps that have said how, the last one that was begun first, until that fails of one.
 * Null, or that failure; what was undone before is not undone again.
 */
export async function rollBack(rollbacks, error, { execution, journal, onFailure, wasStopped }) {
  const attempts = attemptsIn({ execution, journal, onFailure, wasStopped });
  rollbacks.isRunning = true;
  for (const step of journal.undoable) {
    const found = rollbacks.of(step);
    if (found === undefined) return MISSING;
    const { name, count } = step;
    const begin = () => ({ type: "rollback", name, count, config: shown(found.config), attempts: [] });
    const undoing = journal.find("rollback", name, count) ?? journal.begin(begin());
    if (undoing.end === null) {
      await attempts(undoing, found.config, async () => {
        const output = journal.resultOf(step);
        const stepName = `${name}-${count}`;
        await found.undo({ ctx: contextOf(step), error: thrownFor(error), output, stepName });
      });
    }
    if (undoing.error) return undoing.error;
  }
  return null;
}
