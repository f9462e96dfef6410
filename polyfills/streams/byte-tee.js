// https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee
//
// A branch whose reader brings a buffer has the source fill it, and the other branch
// gets a copy. So the tee's own reader changes its kind with what a branch asks for.

import { copyBuffer, describeView } from "../kernel/buffers.js";
import { ByteControllerState } from "./byte-controller-state.js";
import { deferred, later } from "./promises.js";
import { ReadableState } from "./readable-state.js";
import { ByobReaderState, DefaultReaderState } from "./reader-state.js";

const nothing = () => undefined;

/** A byte stream and its two branches. */
export class ByteTee {
  branches;
  #stream;
  #reader;
  #reading = false;
  #readAgain = [false, false];
  #canceled = [false, false];
  #reasons = [undefined, undefined];
  #cancelation = deferred();

  constructor(stream) {
    this.#stream = stream;
    this.#reader = new DefaultReaderState(stream);
    this.branches = [this.#branch(0), this.#branch(1)];
    for (const { controller } of this.branches) controller.start(nothing);
    this.#forwardError();
  }

  #branch(index) {
    const state = new ReadableState();
    new ByteControllerState(state, {
      __proto__: null,
      pull: () => this.#pull(index),
      cancel: (reason) => this.#cancel(index, reason),
    });
    return state;
  }

  #forwardError() {
    const reader = this.#reader;
    reader.closed.watch(undefined, (reason) => {
      if (reader !== this.#reader) return;
      this.#errorBranches(reason);
      this.#finish();
    });
  }

  #errorBranches(reason) {
    for (const { controller } of this.branches) controller.error(reason);
  }

  #finish() {
    if (!this.#canceled[0] || !this.#canceled[1]) this.#cancelation.resolve();
  }

  #pull(index) {
    if (this.#reading) {
      this.#readAgain[index] = true;
      return;
    }
    this.#reading = true;
    const request = this.branches[index].controller.byobRequest;
    if (request === null) this.#pullChunk();
    else this.#pullInto(request.view, index);
  }

  #afterChunk() {
    this.#reading = false;
    if (this.#readAgain[0]) this.#pull(0);
    else if (this.#readAgain[1]) this.#pull(1);
  }

  #switchReader(Reader) {
    if (this.#reader instanceof Reader) return;
    this.#reader.release();
    this.#reader = new Reader(this.#stream);
    this.#forwardError();
  }

  /** Give up on a chunk that could not be copied. */
  #fail(error) {
    this.#errorBranches(error);
    this.#cancelation.resolve(this.#stream.cancel(error));
  }

  // ---- Reading whatever comes ------------------------------------------------------

  #pullChunk() {
    this.#switchReader(DefaultReaderState);
    this.#reader.read({
      chunk: (chunk) => later(() => this.#deliver(chunk)),
      close: () => this.#close(),
      error: () => this.#stopReading(),
    });
  }

  #deliver(chunk) {
    this.#readAgain = [false, false];
    let copy = chunk;
    if (!this.#canceled[0] && !this.#canceled[1]) {
      try {
        copy = cloneBytes(chunk);
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
    if (!this.#canceled[0]) this.branches[0].controller.enqueue(chunk);
    if (!this.#canceled[1]) this.branches[1].controller.enqueue(copy);
    this.#afterChunk();
  }

  #close() {
    this.#reading = false;
    this.branches.forEach(({ controller }, index) => {
      if (!this.#canceled[index]) controller.close();
    });
    for (const { controller } of this.branches) {
      if (controller.pending.length > 0) controller.respond(0);
    }
    this.#finish();
  }

  #stopReading() {
    this.#reading = false;
  }

  // ---- Reading into a branch's buffer ------------------------------------------------

  #pullInto(view, index) {
    this.#switchReader(ByobReaderState);
    this.#reader.read(view, 1, {
      chunk: (filled) => later(() => this.#deliverFilled(filled, index)),
      close: (empty) => this.#closeFilled(empty, index),
      error: () => this.#stopReading(),
    });
  }

  #deliverFilled(filled, index) {
    this.#readAgain = [false, false];
    const filler = this.branches[index].controller;
    const isCanceled = this.#canceled[index];
    if (!this.#canceled[1 - index]) {
      let copy;
      try {
        copy = cloneBytes(filled);
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (!isCanceled) filler.respondWithNewView(filled);
      this.branches[1 - index].controller.enqueue(copy);
    } else if (!isCanceled) {
      filler.respondWithNewView(filled);
    }
    this.#afterChunk();
  }

  #closeFilled(empty, index) {
    this.#reading = false;
    const filler = this.branches[index].controller;
    const other = this.branches[1 - index].controller;
    const isCanceled = this.#canceled[index];
    const isOtherCanceled = this.#canceled[1 - index];
    if (!isCanceled) filler.close();
    if (!isOtherCanceled) other.close();
    if (empty !== undefined) {
      if (!isCanceled) filler.respondWithNewView(empty);
      if (!isOtherCanceled && other.pending.length > 0) other.respond(0);
    }
    this.#finish();
  }

  #cancel(index, reason) {
    this.#canceled[index] = true;
    this.#reasons[index] = reason;
    if (this.#canceled[1 - index]) {
      this.#cancelation.resolve(this.#stream.cancel(this.#reasons));
    }
    return this.#cancelation.promise;
  }
}

/** https://streams.spec.whatwg.org/#abstract-opdef-cloneasuint8array */
function cloneBytes(view) {
  const { buffer, byteOffset, byteLength } = describeView(view);
  return new Uint8Array(copyBuffer(buffer, byteOffset, byteLength));
}
