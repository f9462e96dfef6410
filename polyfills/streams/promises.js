// Promises as the Streams standard uses them: reactions that scripts cannot observe,
// and promises that exist only once somebody asks for them.

const NativePromise = Promise;
const microtask = queueMicrotask;

/** `then` of an internal promise, whatever a script did to Promise.prototype. */
export const performThen = Function.prototype.call.bind(Promise.prototype.then);

/** Run the function in a microtask; costs less than a promise and its reaction. */
export const later = microtask;

/** { promise, resolve, reject } */
export const deferred = Promise.withResolvers.bind(Promise);

/** A promise fulfilled with what is no thenable. */
export const fulfilledWith = Promise.resolve.bind(Promise);

/** https://webidl.spec.whatwg.org/#a-promise-rejected-with */
export const rejectedWith = Promise.reject.bind(Promise);

/**
 * A promise of its own, even where `value` is a promise already.
 * https://webidl.spec.whatwg.org/#a-promise-resolved-with
 */
export function resolvedWith(value) {
  return new NativePromise((resolve) => resolve(value));
}

function ignore() {}

/** Never report this promise's rejection as unhandled. */
export function markHandled(promise) {
  performThen(promise, undefined, ignore);
}

/**
 * Call an algorithm of a stream and one of the two functions in a later microtask.
 * An algorithm returns undefined, an internal promise, or throws; undefined is the
 * promise that is fulfilled already, without the cost of one.
 */
export function runAlgorithm(algorithm, a, b, fulfilled, rejected) {
  let promise;
  try {
    promise = algorithm(a, b);
  } catch (error) {
    microtask(() => rejected(error));
    return;
  }
  react(promise, fulfilled, rejected);
}

/** Call one of the two in the microtask in which an algorithm's result is settled. */
export function react(promise, fulfilled, rejected) {
  if (promise === undefined) microtask(fulfilled);
  else performThen(promise, fulfilled, rejected);
}

/** Call an algorithm; its promise, a rejected one if it throws. */
export function promiseOf(algorithm, a) {
  try {
    return algorithm(a) ?? fulfilledWith();
  } catch (error) {
    return rejectedWith(error);
  }
}

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

/**
 * The promise in a slot such as [[closedPromise]]. It is made when a script asks for
 * it; its rejection is never reported as unhandled.
 */
export class PromiseSlot {
  status = PENDING;
  reason = undefined;
  made = undefined;
  watchers = undefined;

  /** The promise, the same until the slot is renewed. */
  get promise() {
    if (this.made === undefined) {
      this.made = deferred();
      if (this.status === FULFILLED) this.made.resolve();
      else if (this.status === REJECTED) this.#rejectMade();
    }
    return this.made.promise;
  }

  get pending() {
    return this.status === PENDING;
  }

  /** Put a new pending promise into the slot. */
  renew() {
    this.status = PENDING;
    this.made = undefined;
  }

  /** Fulfil the promise with undefined if it is pending. */
  resolve() {
    if (this.status !== PENDING) return;
    this.status = FULFILLED;
    if (this.made !== undefined) this.made.resolve();
    if (this.watchers !== undefined) this.#wake();
  }

  /** Reject the promise, or put a rejected one in the place of a settled one. */
  reject(reason) {
    if (this.status !== PENDING) this.made = undefined;
    this.status = REJECTED;
    this.reason = reason;
    if (this.made !== undefined) this.#rejectMade();
    if (this.watchers !== undefined) this.#wake();
  }

  /** Call one of the two in the microtask in which a reaction of the promise runs. */
  watch(fulfilled, rejected) {
    if (this.watchers === undefined) this.watchers = [];
    this.watchers.push(fulfilled, rejected);
    if (this.status !== PENDING) this.#wake();
  }

  #rejectMade() {
    markHandled(this.made.promise);
    this.made.reject(this.reason);
  }

  #wake() {
    const { watchers, reason } = this;
    this.watchers = undefined;
    const offset = this.status === FULFILLED ? 0 : 1;
    for (let i = offset; i < watchers.length; i += 2) {
      const watcher = watchers[i];
      if (watcher !== undefined) microtask(() => watcher(reason));
    }
  }
}
