// What the controllers of readable streams have in common: when a source is asked for more.
// https://streams.spec.whatwg.org/#rs-default-controller-class and #rbs-controller-class

import { react, runAlgorithm } from "./promises.js";
import { ERRORED, READABLE } from "./readable-state.js";

const nothing = () => undefined;

/**
 * The state of a controller. `pull(controller)` and `cancel(reason)` are algorithms as
 * `runAlgorithm` takes them; `source` is the host's, if it has one. Whoever extends it has
 * `error(reason)`.
 */
export class ControllerState {
  stream;
  pull;
  cancel;
  highWaterMark;
  source;
  queue;
  started = false;
  closeRequested = false;
  pulling = false;
  pullAgain = false;
  #onPulled = undefined;
  #onFailed = undefined;

  constructor(stream, queue, { pull, cancel = nothing, highWaterMark, source }) {
    this.stream = stream;
    this.queue = queue;
    this.pull = pull;
    this.cancel = cancel;
    this.highWaterMark = highWaterMark;
    this.source = source;
    stream.controller = this;
  }

  /** The source begins by `algorithm`, and is asked for more once that has ended. */
  start(algorithm, controller) {
    react(
      algorithm(controller),
      () => this.begin(),
      (reason) => this.error(reason),
    );
  }

  /** The source has started. */
  begin() {
    this.started = true;
    this.pullIfNeeded();
  }

  get canCloseOrEnqueue() {
    return !this.closeRequested && this.stream.status === READABLE;
  }

  get desiredSize() {
    const { status } = this.stream;
    if (status === READABLE) return this.highWaterMark - this.queue.total;
    return status === ERRORED ? null : 0;
  }

  get shouldPull() {
    const { stream } = this;
    if (this.closeRequested || stream.status !== READABLE || !this.started) return false;
    if (this.highWaterMark > this.queue.total) return true;
    return stream.reader !== undefined && stream.reader.requests.length > 0;
  }

  pullIfNeeded() {
    // A source without `pull` need not be asked, and nobody can tell.
    if (this.pull === undefined || !this.shouldPull) return;
    if (this.pulling) {
      this.pullAgain = true;
      return;
    }
    this.pulling = true;
    if (this.#onPulled === undefined) this.#prepareToPull();
    runAlgorithm(this.pull, this, undefined, this.#onPulled, this.#onFailed);
  }

  #prepareToPull() {
    this.#onPulled = () => {
      this.pulling = false;
      if (!this.pullAgain) return;
      this.pullAgain = false;
      this.pullIfNeeded();
    };
    this.#onFailed = (reason) => this.error(reason);
  }

  // What the algorithms hold can be collected while the stream is still referenced.
  clearAlgorithms() {
    this.pull = undefined;
    this.cancel = nothing;
  }
}
