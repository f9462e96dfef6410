// Two streams from one: https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee

import { copyBuffer, describeView, isArrayBuffer, viewKind } from "../kernel/buffers.js";
import { ByteTee } from "./byte-tee.js";
import { DefaultControllerState } from "./default-controller.js";
import { deferred, later } from "./promises.js";
import { ReadableState } from "./readable-state.js";
import { DefaultReaderState } from "./reader-state.js";

const nothing = () => undefined;
const same = (chunk) => chunk;

/**
 * The states of two branches of a stream, which becomes locked; throws a TypeError if
 * it is. `copy` makes the second branch's chunk of the first's. As in workerd, a branch of bytes is as
 * long as the stream.
 */
export function tee(stream, copy = same) {
  if (!stream.controller.isByte) return new DefaultTee(stream, copy).branches;
  const { knownLength } = stream;
  const { branches } = new ByteTee(stream);
  for (const branch of branches) branch.expectedLength = knownLength;
  return branches;
}

/** A copy of a chunk of bytes; a chunk of any other kind is shared. */
export function copyChunk(chunk) {
  const kind = viewKind(chunk);
  if (kind !== undefined) {
    const { buffer, byteOffset, byteLength } = describeView(chunk);
    if (kind === "DataView") {
      return new DataView(copyBuffer(buffer, 0, buffer.byteLength), byteOffset, byteLength);
    }
    return new chunk.constructor(copyBuffer(buffer, byteOffset, byteLength));
  }
  return isArrayBuffer(chunk) ? copyBuffer(chunk, 0, chunk.byteLength) : chunk;
}

class DefaultTee {
  branches;
  #stream;
  #reader;
  #copy;
  #reading = false;
  #readAgain = false;
  #canceled = [false, false];
  #reasons = [undefined, undefined];
  #cancelation = deferred();

  constructor(stream, copy) {
    this.#stream = stream;
    this.#copy = copy;
    this.#reader = new DefaultReaderState(stream);
    this.branches = [this.#branch(0), this.#branch(1)];
    for (const { controller } of this.branches) controller.start(nothing);
    this.#reader.closed.watch(undefined, (reason) => {
      for (const { controller } of this.branches) controller.error(reason);
      this.#finish();
    });
  }

  #branch(index) {
    const state = new ReadableState();
    new DefaultControllerState(state, {
      __proto__: null,
      pull: () => this.#pull(),
      cancel: (reason) => this.#cancel(index, reason),
    });
    return state;
  }

  #pull() {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    this.#reader.read(this);
  }

  // As the read request of its own reads.
  chunk(chunk) {
    // A microtask later, so that an error of the source that comes with this chunk
    // reaches the branches no sooner than the chunk.
    later(() => {
      this.#readAgain = false;
      this.#deliver(chunk);
      this.#reading = false;
      if (this.#readAgain) this.#pull();
    });
  }

  #deliver(chunk) {
    const [first, second] = this.branches;
    let copied = chunk;
    if (!this.#canceled[1]) {
      try {
        copied = this.#copy(chunk);
      } catch (error) {
        first.controller.error(error);
        second.controller.error(error);
        this.#cancelation.resolve(this.#stream.cancel(error));
        return;
      }
    }
    if (!this.#canceled[0]) first.controller.enqueue(chunk);
    if (!this.#canceled[1]) second.controller.enqueue(copied);
  }

  close() {
    this.#reading = false;
    this.branches.forEach(({ controller }, index) => {
      if (!this.#canceled[index]) controller.close();
    });
    this.#finish();
  }

  error() {
    this.#reading = false;
  }

  #finish() {
    if (!this.#canceled[0] || !this.#canceled[1]) this.#cancelation.resolve();
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
