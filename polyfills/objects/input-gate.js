// The input gate of one object instance.
//
// While a critical section (blockConcurrencyWhile, an async transaction) is open, no
// turn reaches the object but turns of that section: no request, timer or answer that
// began outside of it. Sections nest: a section opened inside another one holds back
// its parent too. Sections asked for from the same place open one after the other.
//
// Invariants: `admits` is true for exactly the innermost open section, or for
// everything when none is open; turns held back are handed on in the order they came;
// once broken, a gate stays broken with its first error and holds nothing any more.

import { MAX_CRITICAL_SECTION_DEPTH } from "holdfast:constants";

export class InputGate {
  #queueTurn;
  #innermost = null;
  #held = [];
  #waiting = []; // sections that wait for a sibling to close: { parent, open }

  /** `queueTurn(context, run, argument)` is how released turns go on their way. */
  constructor(queueTurn) {
    this.#queueTurn = queueTurn;
  }

  /** True if a turn of this context may run now. */
  admits(context) {
    return this.#innermost === null || context.section === this.#innermost;
  }

  /** True while a critical section is open or about to be. */
  get isLocked() {
    return this.#innermost !== null;
  }

  /** Keep a turn that is not admitted until it is. */
  hold(context, run, argument) {
    this.#held.push([context, run, argument]);
  }

  /**
   * Open a critical section inside `parent` (a section or null) as soon as its
   * siblings have closed, and call `open(section)` then. Throws when nested too deep.
   */
  lock(parent, open) {
    const depth = parent === null ? 1 : parent.depth + 1;
    if (depth > MAX_CRITICAL_SECTION_DEPTH) {
      throw new Error("blockConcurrencyWhile() calls are nested too deeply.");
    }
    if (this.#innermost === parent) this.#open(parent, depth, open);
    else this.#waiting.push({ parent, depth, open });
  }

  #open(parent, depth, open) {
    const section = { parent, depth };
    this.#innermost = section;
    open(section);
  }

  /** Close a section that was opened; lets in what waited for it. */
  unlock(section) {
    if (this.#innermost !== section) return; // broken meanwhile
    this.#innermost = section.parent;
    const next = this.#waiting.findIndex((entry) => entry.parent === section.parent);
    if (next >= 0) {
      const [{ parent, depth, open }] = this.#waiting.splice(next, 1);
      this.#open(parent, depth, open);
      return;
    }
    this.#release();
  }

  #release() {
    const held = this.#held;
    this.#held = [];
    for (const [context, run, argument] of held) this.#queueTurn(context, run, argument);
  }

  /** The object is gone: hold nothing back any more. */
  open() {
    this.#innermost = null;
    this.#waiting = [];
    this.#release();
  }
}
