// The output gate of one object instance: what it says leaves only when the writes
// made before are durable.
//
// A write belongs to a round, a number that grows; the host tells when a round is
// durable. Nothing outstanding means that a message passes at once. Once broken, the
// gate never lets anything pass: whoever waits gets the first error.

export class OutputGate {
  #written = 0;
  #durable = 0;
  #waiters = []; // { round, resolve, reject }, by round ascending
  #error = null;

  /** Note a write of this round. */
  wrote(round) {
    this.#written = round;
  }

  /** True while a message would have to wait. */
  get isLocked() {
    return this.#written > this.#durable || this.#error !== null;
  }

  /** A promise that all writes made until now are durable; undefined when they are. */
  wait() {
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#written <= this.#durable) return undefined;
    const round = this.#written;
    return new Promise((resolve, reject) => this.#waiters.push({ round, resolve, reject }));
  }

  /** The host says that this round, and all before it, are durable. */
  durable(round) {
    this.#durable = round;
    const waiters = this.#waiters;
    let released = 0;
    while (released < waiters.length && waiters[released].round <= round) {
      waiters[released++].resolve();
    }
    if (released) this.#waiters = waiters.slice(released);
  }

  /** Writes were lost: fail everything that waits, now and from now on. */
  break(error) {
    if (this.#error !== null) return;
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
  }
}
