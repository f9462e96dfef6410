// https://streams.spec.whatwg.org/#readable-stream-from-iterable

import { isObject } from "../kernel/webidl.js";
import { DefaultControllerState } from "./default-controller.js";
import { fulfilledWith, performThen, rejectedWith, resolvedWith } from "./promises.js";
import { ReadableState } from "./readable-state.js";

const { apply } = Reflect;
const nothing = () => undefined;

/** The state of a stream of what an async or sync iterable yields. */
export function streamFrom(iterable) {
  const iterator = iteratorOf(iterable);
  const state = new ReadableState();
  new DefaultControllerState(state, {
    __proto__: null,
    pull: (controller) => pull(iterator, controller),
    cancel: (reason) => cancel(iterator, reason),
    highWaterMark: 0,
  });
  state.controller.start(nothing);
  return state;
}

function pull({ object, next }, controller) {
  return performThen(resolvedWith(apply(next, object, [])), (result) => {
    if (!isObject(result)) throw new TypeError("The iterator's next() did not give an object.");
    if (result.done) controller.close();
    else controller.enqueue(result.value);
  });
}

function cancel({ object }, reason) {
  const method = object.return;
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new TypeError("The iterator's return is not a function.");
  return performThen(resolvedWith(apply(method, object, [reason])), (result) => {
    if (!isObject(result)) throw new TypeError("The iterator's return() did not give an object.");
  });
}

/** https://tc39.es/ecma262/#sec-getiterator, with kind async */
function iteratorOf(iterable) {
  const method = methodOf(iterable, Symbol.asyncIterator);
  if (method !== undefined) return openIterator(iterable, method);
  const syncMethod = methodOf(iterable, Symbol.iterator);
  if (syncMethod === undefined) throw new TypeError("The argument is not iterable.");
  const { object, next } = openIterator(iterable, syncMethod);
  const wrapped = new AsyncFromSync(object, next);
  return { object: wrapped, next: wrapped.next };
}

function methodOf(object, key) {
  const method = object[key];
  if (method === undefined || method === null) return undefined;
  if (typeof method === "function") return method;
  throw new TypeError("The argument's iterator method is not a function.");
}

function openIterator(iterable, method) {
  const object = apply(method, iterable, []);
  if (!isObject(object)) throw new TypeError("The argument's iterator is not an object.");
  return { object, next: object.next };
}

/** https://tc39.es/ecma262/#sec-async-from-sync-iterator-objects */
class AsyncFromSync {
  #iterator;
  #next;

  constructor(iterator, next) {
    this.#iterator = iterator;
    this.#next = next;
  }

  next() {
    try {
      return this.#continue(apply(this.#next, this.#iterator, []), true);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  // Only asked for when the stream is canceled; a lack of it ends the iteration.
  return(value) {
    try {
      const method = this.#iterator.return;
      if (method === undefined || method === null) return fulfilledWith({ value, done: true });
      return this.#continue(apply(method, this.#iterator, [value]), false);
    } catch (error) {
      return rejectedWith(error);
    }
  }

  #continue(result, closeOnRejection) {
    if (!isObject(result)) throw new TypeError("The iterator did not give an object.");
    const done = Boolean(result.done);
    const { value } = result;
    const close = (error) => {
      if (!done && closeOnRejection) this.#close();
      throw error;
    };
    let awaited;
    try {
      awaited = fulfilledWith(value);
    } catch (error) {
      close(error);
    }
    return performThen(awaited, (settled) => ({ value: settled, done }), close);
  }

  #close() {
    try {
      const method = this.#iterator.return;
      if (typeof method === "function") apply(method, this.#iterator, []);
    } catch {
      // The error that ends the iteration is the one that counts.
    }
  }
}
