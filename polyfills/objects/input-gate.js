// The input gate of one object instance.
//
// While a critical section (blockConcurrencyWhile, an async transaction) is open, no
// turn reaches the object but turns of that section: no request, timer or answer that
// began outside of it. Sections nest: a section opened inside another one holds back
// its parent too. Sections asked for from the same place open one after the other; what
// a section has left behind asks from where that section was once it has closed. When a
// section closes, the code that asked for it goes on first, in a turn of its own: it may
// rely on what it had the section find out. Then come those that waited.
//
// Invariants: `admits` is true for exactly the innermost open section, or for
// everything when none is open; a section closes as the innermost one; turns held back
// are handed on in the order they came, and before any that came later; once broken, a
// gate stays broken and holds nothing any more.

import { MAX_CRITICAL_SECTION_DEPTH } from "holdfast:constants";
import { now } from "../performance/clock.js";

const NONE = Object.freeze([]); // of gates where nothing waits, which is most of them

export class InputGate {
  #queueTurnsFirst;
  #innermost = null;
  #held = NONE; // turns as the queue keeps them: context, function, argument, …
  #waiting = NONE; // sections that wait for a sibling to close: { parent, open }

  /** `queueTurnsFirst(turns)` is how released turns go on their way. */
  constructor(queueTurnsFirst) {
    this.#queueTurnsFirst = queueTurnsFirst;
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
    if (this.#held === NONE) this.#held = [];
    this.#held.push(context, run, argument);
    if (argument?.life !== undefined) argument.heldSince ??= now();
  }

  /** Since when the oldest of the calls waits that are held back; Infinity without any. */
  get oldest() {
    for (let i = 2; i < this.#held.length; i += 3) {
      const since = this.#held[i]?.heldSince;
      if (since !== undefined) return since;
    }
    return Infinity;
  }

  /** True while something waits behind the gate. */
  get isHolding() {
    return this.#held.length > 0;
  }

  /** True while the turn with this argument waits. */
  holds(argument) {
    return this.#held.includes(argument);
  }

  /** Forget the turn with this argument. */
  drop(argument) {
    const end = this.#held.indexOf(argument) + 1;
    if (end > 0) this.#held.splice(end - 3, 3);
  }

  /**
   * Open a critical section inside `parent` (a section or null) as soon as its
   * siblings have closed, and call `open(section)` then. Throws when nested too deep.
   */
  lock(parent, open) {
    const live = openAncestor(parent);
    if (live !== null && live.depth >= MAX_CRITICAL_SECTION_DEPTH) {
      throw new Error("blockConcurrencyWhile() calls are nested too deeply.");
    }
    if (this.#innermost === live) this.#open(live, open);
    else this.#waiting = [...this.#waiting, { parent, open }];
  }

  #open(parent, open) {
    const section = { parent, depth: parent === null ? 1 : parent.depth + 1, isOpen: true };
    this.#innermost = section;
    open(section);
  }

  /** Close the innermost section. What waits for it goes on waiting, until `letIn`. */
  unlock(section) {
    section.isOpen = false;
    if (this.#innermost === section) this.#innermost = section.parent; // else broken meanwhile
  }

  /** Let in what waited for a section that has closed, unless another has opened since. */
  letIn(section) {
    if (this.#innermost !== section.parent) return;
    const next = this.#waiting.findIndex((entry) => openAncestor(entry.parent) === this.#innermost);
    if (next >= 0) {
      const [{ open }] = this.#waiting.splice(next, 1);
      this.#open(this.#innermost, open);
      return;
    }
    this.#release();
  }

  #release() {
    const held = this.#held;
    this.#held = NONE;
    if (held.length > 0) this.#queueTurnsFirst(held);
  }

  /** The object is gone: hold nothing back any more. */
  open() {
    this.#innermost = null;
    this.#waiting = NONE;
    this.#release();
  }
}

/** The section itself, or the closest one around it that is open; null where none is. */
function openAncestor(section) {
  while (section !== null && !section.isOpen) section = section.parent;
  return section;
}
