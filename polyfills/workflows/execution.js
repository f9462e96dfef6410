// One execution of a Workflow's `run`, from its beginning or after steps that have ended before.
//
// It *rests* when no step's code runs and some step waits for a time or an event: then nothing
// but that can make it go on, and its object may be evicted.

import { queueTurn } from "../kernel/turns.js";
import { currentContext } from "../kernel/current.js";
import { startTimer, stopTimer } from "../timers/timers.js";

export class Execution {
  isOver = false;
  isPausing = false;
  #failure = null; // { error } once it has failed
  #active = 0; // steps whose code runs
  #waits = new Set(); // { wake, type, resolve } of steps that wait
  #passages = []; // of what waits for the end of a pause
  #rest = null;
  #looking = false;

  /**
   * `onActive()` is called when it goes on, `onQuiet()` when no step's code runs any more;
   * `takeEvent(type)` gives an event that has come.
   */
  constructor({ onActive, onQuiet, takeEvent }) {
    this.onActive = onActive;
    this.onQuiet = onQuiet;
    this.takeEvent = takeEvent;
  }

  get isActive() {
    return this.#active > 0;
  }

  get isResting() {
    return this.#active === 0 && this.#waits.size > 0;
  }

  /** When it goes on by itself, in milliseconds since the epoch. */
  get wake() {
    return Math.min(...Array.from(this.#waits, ({ wake }) => wake));
  }

  /** Run the code of a step. */
  async perform(callback) {
    this.#active++;
    this.onActive();
    try {
      return await callback();
    } finally {
      this.#active--;
      if (this.#active === 0) this.onQuiet();
      this.#look();
    }
  }

  /** Resolves at a time, or with an event of this type, if one is given and comes before. */
  until(wake, type = undefined) {
    return new Promise((resolve) => {
      this.#waits.add({ wake, type, resolve });
      this.wakeUp();
      this.#look();
    });
  }

  /** Let go on what has waited long enough, or for an event that has come. */
  wakeUp() {
    const now = Date.now();
    for (const wait of this.#waits) {
      const event = wait.type === undefined ? undefined : this.takeEvent(wait.type);
      if (event === undefined && wait.wake > now) continue;
      this.#waits.delete(wait);
      wait.resolve(event);
    }
  }

  /** Whether nothing may begin or go on. */
  get isHeld() {
    return this.isOver || this.isPausing;
  }

  /** Settles once what is held may go on: never, where the execution is over. */
  passage() {
    return new Promise((resolve) => {
      if (!this.isOver) this.#passages.push(resolve);
    });
  }

  /** Go on after all. */
  unpause() {
    this.isPausing = false;
    for (const resolve of this.#passages.splice(0)) resolve();
  }

  /** Nothing of it goes on any more, nor counts. */
  end() {
    this.isOver = true;
    this.#waits.clear();
    this.#rest?.();
  }

  /** It is over, and `rest` fails with this error: what it came to could not be stored. */
  fail(error) {
    this.#failure = { error };
    this.end();
  }

  /** Resolves when it rests, is over, or has not done either for so long. */
  rest(ms) {
    return new Promise((resolve, reject) => {
      const timer = startTimer(ms, () => this.#rest?.());
      this.#rest = () => {
        this.#rest = null;
        stopTimer(timer);
        if (this.#failure === null) resolve();
        else reject(this.#failure.error);
      };
      this.#look();
    });
  }

  // What a step came to goes on in the same turn, perhaps to the next one: look behind that.
  #look() {
    if (this.#looking) return;
    this.#looking = true;
    queueTurn(currentContext(), () => {
      this.#looking = false;
      if (this.isResting || this.isOver) this.#rest?.();
    });
  }
}
