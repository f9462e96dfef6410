// What an instance knows of its alarm besides what is stored.
//
// The alarm that runs stays stored until it has succeeded, and is deleted then. Its handler
// is not to see it, unless it sets another one, which then is not deleted.

export class AlarmState {
  deferred = false; // the alarm that runs is stored, and to be deleted when it succeeds
  #written = []; // by depth of the open transactions: it, or one around it, has set the alarm

  /** True if the stored alarm is the one that runs, as seen from this depth of transactions. */
  hides(depth) {
    return this.deferred && !this.#written.slice(0, depth + 1).includes(true);
  }

  /** The alarm was set or deleted, in a transaction of this depth or (0) outside of any. */
  wrote(depth) {
    if (depth === 0) this.deferred = false;
    else this.#written[depth] = true;
  }

  /** The transaction of this depth has ended. */
  ended(depth, committed) {
    const written = this.#written[depth];
    this.#written.length = Math.min(this.#written.length, depth);
    if (committed && written) this.wrote(depth - 1);
  }
}
