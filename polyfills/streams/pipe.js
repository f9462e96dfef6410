// https://streams.spec.whatwg.org/#readable-stream-pipe-to
//
// One chunk is under way at a time: wait until the destination wants one, read it,
// write it in a microtask of its own (the source must not see its chunk written while
// it still enqueues). Errors and ends are watched from the start; the first that comes
// shuts the pipe down, once what was read has been written.

import {
  abortReason,
  addAbortAlgorithm,
  isAborted,
  removeAbortAlgorithm,
} from "../events/abort.js";
import { deferred, fulfilledWith, later, performThen } from "./promises.js";
import { CLOSED, ERRORED, READABLE } from "./readable-state.js";
import { DefaultReaderState } from "./reader-state.js";
import { ENDED, FAILED, WRITABLE } from "./writable-state.js";
import { WriterState } from "./writer-state.js";

/** The promise of a pipe between two states, neither of them locked. */
export function pipe(source, destination, options) {
  return new Pipe(source, destination, options).run();
}

const NO_CHUNK = { __proto__: null };

class Pipe {
  #source;
  #destination;
  #options;
  #reader;
  #writer;
  #done = deferred();
  #shuttingDown = false;
  #chunk = NO_CHUNK;
  #unwritten = 0;
  #onAllWritten = undefined;
  #onAbort = undefined;

  constructor(source, destination, options) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
    this.#reader = DefaultReaderState.ofHost(source);
    this.#writer = new WriterState(destination);
    source.disturbed = true;
  }

  run() {
    const { signal } = this.#options;
    if (signal !== undefined) {
      if (isAborted(signal)) {
        this.#abort();
        return this.#done.promise;
      }
      this.#onAbort = () => this.#abort();
      addAbortAlgorithm(signal, this.#onAbort);
    }
    this.#watch();
    this.#step();
    return this.#done.promise;
  }

  // ---- Moving chunks -----------------------------------------------------------------

  #step = () => {
    if (this.#shuttingDown) return;
    const { ready } = this.#writer;
    const { awaitsEachWrite, status } = this.#destination;
    if (awaitsEachWrite && this.#unwritten > 0) return; // the write goes on when it is done
    if (ready.pending) ready.watch(this.#step, undefined);
    else if (status === WRITABLE) this.#reader.read(this);
  };

  // As the read request of its own reads.
  chunk(chunk) {
    this.#chunk = chunk;
    later(this.#forward);
  }

  close() {}

  error() {}

  #forward = () => {
    this.#write();
    this.#step();
  };

  #write() {
    const chunk = this.#chunk;
    if (chunk === NO_CHUNK) return;
    this.#chunk = NO_CHUNK;
    this.#unwritten++;
    this.#writer.write(chunk, this);
  }

  // As the write request of its own writes.
  resolve() {
    this.#settleWrite();
  }

  reject() {
    this.#settleWrite();
  }

  #settleWrite() {
    this.#unwritten--;
    if (this.#unwritten > 0) return;
    if (this.#onAllWritten !== undefined) later(this.#onAllWritten);
    else if (this.#destination.awaitsEachWrite) this.#step();
  }

  // ---- Ends and errors ------------------------------------------------------------------

  /** In the standard's order: of several conditions that hold at once the first acts. */
  #watch() {
    const source = this.#source;
    const destination = this.#destination;
    const sourceErrored = (reason) => this.#sourceErrored(reason);
    const destinationErrored = (reason) => this.#destinationErrored(reason);
    const sourceClosed = () => this.#sourceClosed();
    if (source.status === ERRORED) sourceErrored(source.storedError);
    if (destination.status === FAILED) destinationErrored(destination.storedError);
    if (source.status === CLOSED) sourceClosed();
    if (destination.closing || destination.status === ENDED) this.#destinationClosed();
    this.#reader.closed.watch(sourceClosed, sourceErrored);
    this.#writer.closed.watch(undefined, destinationErrored);
  }

  #sourceErrored(reason) {
    const destination = this.#destination;
    this.#shutDownWithError(
      reason,
      this.#options.preventAbort ? undefined : () => destination.abort(reason),
    );
  }

  #destinationErrored(reason) {
    const source = this.#source;
    this.#shutDownWithError(
      reason,
      this.#options.preventCancel ? undefined : () => source.cancel(reason),
    );
  }

  #sourceClosed() {
    const writer = this.#writer;
    const close = () => writer.closeWithErrorPropagation();
    this.#shutDown(this.#options.preventClose ? undefined : close, () => this.#finish());
  }

  #destinationClosed() {
    this.#destinationErrored(new TypeError("Cannot pipe to a WritableStream that is closed."));
  }

  /** What the signal asks for. */
  #abort() {
    const { signal, preventAbort, preventCancel } = this.#options;
    const error = abortReason(signal);
    const actions = [];
    if (!preventAbort) actions.push(() => this.#abortDestination(error));
    if (!preventCancel) actions.push(() => this.#cancelSource(error));
    this.#shutDownWithError(error, () => allOf(actions.map((action) => action())));
  }

  #abortDestination(error) {
    const destination = this.#destination;
    return destination.status === WRITABLE ? destination.abort(error) : fulfilledWith();
  }

  #cancelSource(error) {
    const source = this.#source;
    return source.status === READABLE ? source.cancel(error) : fulfilledWith();
  }

  // ---- Shutting down ------------------------------------------------------------------

  #shutDownWithError(error, action) {
    this.#shutDown(action, () => this.#fail(error));
  }

  /** https://streams.spec.whatwg.org/#rs-pipeTo-shutdown-with-action */
  #shutDown(action, finish) {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    const act = () => {
      if (action === undefined) finish();
      else performThen(action(), finish, (error) => this.#fail(error));
    };
    const { status, closing } = this.#destination;
    if (status !== WRITABLE || closing) {
      act();
      return;
    }
    this.#write();
    if (this.#unwritten === 0) later(act);
    else this.#onAllWritten = act;
  }

  #finish() {
    this.#release();
    this.#done.resolve();
  }

  #fail(error) {
    this.#release();
    this.#done.reject(error);
  }

  #release() {
    this.#chunk = NO_CHUNK;
    this.#writer.release();
    this.#reader.release();
    if (this.#onAbort !== undefined) removeAbortAlgorithm(this.#options.signal, this.#onAbort);
  }
}

/** Like Promise.all without its result, and without what scripts may have patched. */
function allOf(promises) {
  const { promise, resolve, reject } = deferred();
  let waiting = promises.length;
  if (waiting === 0) resolve();
  const settled = () => {
    if (--waiting === 0) resolve();
  };
  for (const one of promises) performThen(one, settled, reject);
  return promise;
}
