// Frames: the values of AsyncLocalStorage that follow what is awaited.
//
// A frame is an immutable map from storage to value, or undefined for none. The current one is
// taken along by whatever is put off — a timer, a microtask, a reaction to a promise — and is
// current again while that runs. Nothing of this costs anything until the first frame is
// entered; from then on `watchPromises` is in force.
//
// QuickJS tells nobody when it runs a reaction. But it reads `constructor` of a promise right
// before it adds a reaction of `await` or `then`, so an accessor there can add one of its own
// in front, which makes the frame current: nothing can run between the two. That leaves the
// promises that `await` makes of what is none: nobody reads their `constructor`. The engine's
// hook tells when a promise is made, and when it is fulfilled, just before its reactions are
// put into the queue: the frame in which it was made is what they get.

import { WORD_IN_FRAME } from "holdfast:constants";
import { frames_watch, shared } from "holdfast:ops";

const { apply } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, isExtensible } = Object;
const NativePromise = Promise;
const { then } = NativePromise.prototype;
const MADE = 0;
const CALLS_THENABLE = 1;

/** The current frame. */
export let current;
let isWatching = false;
let isMarking = false;
const framesOfPromises = new WeakMap(); // for those that were made in a frame

/** The current frame. */
export function currentFrame() {
  return current;
}

/** Make a frame the current one; used at the start of what was put off. */
export function enterFrame(frame) {
  if (frame === current) return;
  current = frame;
  shared[WORD_IN_FRAME] = frame === undefined ? 0 : 1;
}

/** Call a function in a frame; the frame before is current again afterwards. */
export function runInFrame(frame, run, args = [], receiver = undefined) {
  if (frame !== undefined && !isWatching) watchPromises();
  const before = current;
  enterFrame(frame);
  try {
    return apply(run, receiver, args);
  } finally {
    enterFrame(before);
  }
}

function watchPromises() {
  isWatching = true;
  defineProperty(NativePromise.prototype, "constructor", {
    get: constructorOfPromise,
    set(value) {
      defineProperty(this, "constructor", {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
    configurable: true,
  });
  frames_watch();
}

function constructorOfPromise() {
  if (isMarking) return bare;
  if (this !== NativePromise.prototype) {
    try {
      mark(this, current);
    } catch {
      // What merely inherits from a promise has no reactions.
    }
  }
  return NativePromise;
}

let marks = { frame: current, reactions: undefined }; // the last ones: the next are often the same

/** What makes a frame the current one, however a promise is settled. */
function reactionsThatEnter(frame) {
  if (marks.frame !== frame || marks.reactions === undefined) {
    const enter = () => enterFrame(frame);
    marks = { frame, reactions: [enter, enter] };
  }
  return marks.reactions;
}

/** The next reaction that a promise gets runs in this frame. */
function mark(promise, frame) {
  const reactions = reactionsThatEnter(frame);
  if (getPrototypeOf(promise) !== NativePromise.prototype || hasOwn(promise, "constructor")) {
    markOther(promise, reactions);
    return;
  }
  isMarking = true;
  try {
    apply(then, promise, reactions);
  } finally {
    isMarking = false;
  }
}

/** The same for a promise that has its `constructor` from a class of the script's own. */
function markOther(promise, reactions) {
  const own = getOwnPropertyDescriptor(promise, "constructor");
  if (own?.configurable === false || !isExtensible(promise)) return;
  defineProperty(promise, "constructor", { value: bare, configurable: true });
  try {
    apply(then, promise, reactions);
  } finally {
    delete promise.constructor;
    if (own !== undefined) defineProperty(promise, "constructor", own);
  }
}

// Stands in for the promise that `then` returns, so that marking makes none.
class Bare {
  constructor(executor) {
    executor(ignore, ignore);
  }
}
const bare = { [Symbol.species]: Bare };
function ignore() {}

/** Entry point for the engine's hook, which calls only where there may be something to do. */
export function promiseEvent(kind, promise) {
  if (kind === MADE) {
    framesOfPromises.set(promise, current);
    return;
  }
  const frame = framesOfPromises.get(promise);
  if (kind === CALLS_THENABLE) enterFrame(frame);
  else mark(promise, frame);
}
