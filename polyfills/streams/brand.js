// How a stream's public object carries its state.
//
// A reader's constructor takes a stream and a stream makes readers, so neither class
// can keep the other's private field without their modules importing one another.
// The field is stamped on the stream from here instead: private as any `#field`.

import { illegalInvocation } from "../kernel/webidl.js";

class Returning {
  constructor(object) {
    return object;
  }
}

/** { stamp(object, state), stateOf(object), has(object) } for one class of streams. */
function createBrand(name) {
  class Stamped extends Returning {
    #state;

    constructor(object, state) {
      super(object);
      this.#state = state;
    }

    static has = (object) => typeof object === "object" && object !== null && #state in object;

    static stateOf(object) {
      if (!Stamped.has(object)) throw illegalInvocation();
      return object.#state;
    }

    static argument(object) {
      if (Stamped.has(object)) return object.#state;
      throw new TypeError(`The argument is not a ${name}.`);
    }
  }
  return {
    stamp: (object, state) => void new Stamped(object, state),
    stateOf: Stamped.stateOf,
    argument: Stamped.argument,
    has: Stamped.has,
  };
}

const readable = createBrand("ReadableStream");
const writable = createBrand("WritableStream");

export const stampReadable = readable.stamp;
export const isReadableStream = readable.has;
/** The state of the ReadableStream that a method was called on; throws for others. */
export const readableState = readable.stateOf;
/** The state of the ReadableStream that was given as an argument; throws for others. */
export const readableArgument = readable.argument;

export const stampWritable = writable.stamp;
export const isWritableStream = writable.has;
/** The state of the WritableStream that a method was called on; throws for others. */
export const writableState = writable.stateOf;
/** The state of the WritableStream that was given as an argument; throws for others. */
export const writableArgument = writable.argument;
