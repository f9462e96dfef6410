// One event of a Worker: its context, its `waitUntil` promises and its answer.

import { event_failed, event_finished, event_respond } from "holdfast:ops";
import { checkedResponse } from "./crossing.js";
import { bodyForHost, rawHeaders } from "../fetch/transfer.js";
import { describeError } from "../kernel/errors.js";
import { Context } from "../kernel/turns.js";
import { cancelTimersOf } from "../timers/timers.js";
import { whenSettled } from "./wait-until.js";

/**
 * The context of one event. The event lives until it is answered and everything that
 * was given to `waitUntil` has settled; then its timers are cancelled.
 */
export class WorkerEvent extends Context {
  timers = null;
  #number;
  #answered = false;
  #waiting = 0;

  /** `number` is the host's name for the event. */
  constructor(number) {
    super();
    this.#number = number;
  }

  /** True once the host has its answer. */
  get isAnswered() {
    return this.#answered;
  }

  /** Keep the event alive until the promise settles. */
  waitUntil(promise) {
    this.#waiting++;
    whenSettled(promise, () => {
      this.#waiting--;
      this.#finishIfDone();
    });
  }

  /** Answer with what the handler returned: a Response or a promise of one. */
  answerWith(result) {
    if (typeof result?.then === "function") {
      Promise.resolve(result).then(
        (response) => this.respond(response),
        (error) => this.fail(error),
      );
    } else {
      this.respond(result);
    }
  }

  /** Give the host the response; fails the event where it is none. */
  respond(response) {
    if (this.#answered) return;
    try {
      checkedResponse(response);
      event_respond(
        this.#number,
        response.status,
        response.statusText,
        rawHeaders(response.headers),
        bodyForHost(response),
      );
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#answered = true;
    this.#finishIfDone();
  }

  /** Answer with an error: the client sees a plain 500, the log the whole of it. */
  fail(error) {
    if (this.#answered) return;
    this.#answered = true;
    event_failed(this.#number, describeError(error));
    this.#finishIfDone();
  }

  #finishIfDone() {
    if (!this.#answered || this.#waiting > 0) return;
    if (this.timers !== null) cancelTimersOf(this);
    event_finished(this.#number);
  }
}
