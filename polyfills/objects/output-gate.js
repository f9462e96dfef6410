// The output gate of one object instance: what it says leaves only when the writes
// made before are durable.
//
// A write belongs to a round, a number that grows; the host tells when a round is
// durable. Nothing outstanding means that a message passes at once. Once broken, the
// gate never lets anything pass: whoever waits gets the first error.
//
// Who waits goes on in the context in which it began to: in a turn of its own, which no
// input gate holds back, because a message that was sent is not an event that arrives.

import { resetBroken } from "./breaking.js";
import { numberOfTurn, setCurrentContext, setOwn } from "../kernel/current.js";
import { reportException } from "../kernel/report.js";
import { Context, currentContext, queueTurn, runInContext } from "../kernel/turns.js";

const exit = new Context();

let release; // the turn in which a gate lets go of what waits

export class OutputGate {
  #written = 0;
  #turn = 0; // in which that was written last
  #durable = 0;
  #first = null; // of those who wait, each with its `round`, ascending, `context` and `next`
  #last = null;
  #locks = 0; // promises that something else is durable
  #error = null;

  /** Note a write of this round. */
  wrote(round) {
    this.#written = round;
    this.#turn = numberOfTurn();
  }

  /** Go on behind the last round of an instance before: with a minus where it is durable. */
  follow(round) {
    if (round > 0) this.#written = round;
    else this.#durable = -round;
  }

  /** True if nothing that is waited for was written in the running turn. */
  get wroteEarlier() {
    return this.#turn !== numberOfTurn();
  }

  /** True while a message would have to wait. */
  get isLocked() {
    // A waiter that has not gone on yet is not overtaken by a message sent later.
    const isOutstanding =
      this.#written > this.#durable || this.#locks > 0 || this.#first !== null;
    return isOutstanding || this.#error !== null;
  }

  /** The same for a message that is about to leave, where storage may just have failed. */
  get isShut() {
    resetBroken();
    return this.isLocked;
  }

  /** Let nothing pass before the promise is fulfilled; if it is rejected, `fail(error)`. */
  lockWhile(promise, fail) {
    this.#locks++;
    promise.then(() => {
      this.#locks--;
      this.#releaseSoon();
    }, fail);
  }

  /** A promise that all writes made until now are durable; undefined when they are. */
  wait() {
    if (!this.isShut) return undefined;
    return new Promise((pass, fail) => this.hold({ pass, fail }));
  }

  /**
   * The same without a promise, for a gate that is shut: `waiter.pass()` or `waiter.fail(error)` is
   * called, in a turn of the running context. `waiter.isDone` where nothing comes after that.
   */
  hold(waiter) {
    if (this.#error !== null) {
      waiter.fail(this.#error);
      return;
    }
    waiter.round = this.#written;
    waiter.context = currentContext();
    this.#append(waiter);
  }

  #append(waiter) {
    waiter.next = null;
    if (this.#first === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
  }

  /** The same for the object's code: it goes on in a turn that the input gate admits. */
  synced() {
    const waiting = this.wait();
    if (waiting === undefined) return Promise.resolve();
    const context = currentContext();
    return new Promise((resolve, reject) => {
      waiting.then(
        () => queueTurn(context, resolve),
        (error) => queueTurn(context, reject, error),
      );
    });
  }

  /** The host says that this round, and all before it, are durable: what waits goes on soon. */
  durable(round) {
    this.#durable = round;
    this.#releaseSoon();
  }

  #releaseSoon() {
    if (this.#first?.round <= this.#durable) queueTurn(exit, release, this);
  }

  static {
    release = (gate) => gate.#release();
  }

  // Those of the first one's context, as far as none overtakes what code that waits is about to
  // send; the others in turns that follow.
  #release() {
    let waiter = this.#first;
    if (this.#locks > 0 || !(waiter?.round <= this.#durable)) return;
    const { context, isDone } = waiter;
    setCurrentContext(context);
    setOwn(false); // each goes on with what it had begun
    do {
      this.#first = waiter.next;
      try {
        waiter.pass();
      } catch (error) {
        reportException(error);
      }
      waiter = this.#first;
    } while (
      waiter?.context === context &&
      waiter.isDone === isDone &&
      waiter.round <= this.#durable
    );
    if (waiter === null) this.#last = null;
    else this.#releaseSoon();
  }

  /** Writes were lost: fail everything that waits, now and from now on. */
  break(error) {
    this.#end(error, -1);
  }

  /**
   * The instance has ended, and its storage has not: the same, but for answers that wait for no more
   * than this round, which will be durable. The calls that they are of.
   */
  close(error, round) {
    this.#end(error, round);
    const calls = new Set();
    for (let waiter = this.#first; waiter !== null; waiter = waiter.next) calls.add(waiter.call);
    return calls;
  }

  /** True while somebody waits for a round that the host has not told of. */
  get isWaiting() {
    return this.#last !== null && this.#last.round > this.#durable;
  }

  #end(error, round) {
    this.#error ??= error;
    let waiter = this.#first;
    this.#first = this.#last = null;
    for (let next; waiter !== null; waiter = next) {
      next = waiter.next;
      if (waiter.mayOutlive && waiter.round <= round) this.#append(waiter);
      else queueTurn(exit, fail, [waiter, error]);
    }
  }
}

function fail([waiter, error]) {
  runInContext(waiter.context, () => waiter.fail(error));
}
