// node:test: https://nodejs.org/docs/latest-v20.x/api/test.html#mocking
//
// What a Worker can use of it, as in workerd: functions that note how they are called. Nothing
// here runs tests.

import {
  absentFrom,
  invalidType,
  invalidValue,
  requireBoolean,
  requireFunction,
  requireInteger,
  requireObject,
} from "./errors.js";

const { apply, construct, get: getOf } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** Run a mock once and note it: `run(implementation)`. */
let noted;

/** The calls of one mock, and what it does when it is called. */
export class MockFunctionContext {
  #calls = [];
  #next = new Map(); // by the number of the call
  #implementation;
  #undo;
  #times;

  /** `undo(context)` takes the mock back, which it is after `times` calls. */
  constructor(implementation, undo, times) {
    this.#implementation = implementation;
    this.#undo = undo;
    this.#times = times;
  }

  /** How it was called: `arguments`, `error`, `result`, `stack`, `target` and `this` of each call. */
  get calls() {
    return this.#calls.slice();
  }

  callCount() {
    return this.#calls.length;
  }

  mockImplementation(implementation) {
    requireFunction(implementation, "implementation");
    this.#implementation = implementation;
  }

  /** Have another implementation for one call alone: the next one, or that with this number. */
  mockImplementationOnce(implementation, onCall = undefined) {
    requireFunction(implementation, "implementation");
    const next = this.#calls.length;
    requireInteger(onCall ?? next, "onCall", next);
    this.#next.set(onCall ?? next, implementation);
  }

  resetCalls() {
    this.#calls = [];
  }

  /** Behave as what it stands for again. */
  restore() {
    this.#undo(this);
  }

  #nextImplementation() {
    const number = this.#calls.length;
    const implementation = this.#next.get(number) ?? this.#implementation;
    this.#next.delete(number);
    if (number + 1 === this.#times) this.restore();
    return implementation;
  }

  static {
    noted = (context, call, run) => {
      const implementation = context.#nextImplementation();
      try {
        call.result = run(implementation);
      } catch (error) {
        call.error = error;
        throw error;
      } finally {
        if (call.target !== undefined) call.this = call.result;
        context.#calls.push(call);
      }
      return call.result;
    };
  }
}

/** Makes mocks, and takes all of them back together. */
export class MockTracker {
  #mocks = [];

  /** A function that notes its calls; without an original, one that does nothing. */
  fn(original = function () {}, implementation = original, options = {}) {
    if (isObject(original)) [original, implementation, options] = [function () {}, undefined, original];
    else if (isObject(implementation)) [implementation, options] = [original, implementation];
    implementation ??= original;
    requireFunction(original, "original");
    requireFunction(implementation, "implementation");
    requireObject(options, "options");
    const { times = Infinity } = options;
    requireTimes(times);
    const undo = (context) => context.mockImplementation(original);
    return this.#mock(new MockFunctionContext(implementation, undo, times), original);
  }

  /** Put a mock in the place of a method, or of a getter or setter where the options say so. */
  method(object, methodName, implementation = undefined, options = {}) {
    if (typeof methodName !== "string" && typeof methodName !== "symbol") {
      throw invalidType("methodName", ["string", "symbol"], methodName);
    }
    if (typeof object !== "function") requireObject(object, "object");
    if (isObject(implementation)) [implementation, options] = [undefined, implementation];
    if (implementation !== undefined) requireFunction(implementation, "implementation");
    requireObject(options, "options");
    const { getter = false, setter = false, times = Infinity } = options;
    requireBoolean(getter, "options.getter");
    requireBoolean(setter, "options.setter");
    requireTimes(times);
    if (getter && setter) {
      throw invalidValue("options.setter", setter, "cannot be used with 'options.getter'");
    }
    const descriptor = descriptorOf(object, methodName);
    const part = getter ? "get" : setter ? "set" : "value";
    const original = descriptor?.[part];
    if (typeof original !== "function") {
      throw invalidValue("methodName", original, "must be a method");
    }
    const undo = () => defineProperty(object, methodName, descriptor);
    const context = new MockFunctionContext(implementation ?? original, undo, times);
    const mocked = this.#mock(context, original);
    defineProperty(object, methodName, { ...descriptor, [part]: mocked });
    return mocked;
  }

  getter(object, methodName, implementation = undefined, options = {}) {
    return this.#accessor("getter", object, methodName, implementation, options);
  }

  setter(object, methodName, implementation = undefined, options = {}) {
    return this.#accessor("setter", object, methodName, implementation, options);
  }

  /** Take all mocks back, and know of them no more. */
  reset() {
    this.restoreAll();
    this.#mocks = [];
  }

  /** Take all mocks back. */
  restoreAll() {
    for (const context of this.#mocks) context.restore();
  }

  #accessor(kind, object, methodName, implementation, options) {
    if (isObject(implementation)) [implementation, options] = [undefined, implementation];
    else requireObject(options, "options");
    if (options[kind] === false) {
      throw invalidValue(`options.${kind}`, false, "cannot be false");
    }
    return this.method(object, methodName, implementation, { ...options, [kind]: true });
  }

  #mock(context, original) {
    this.#mocks.push(context);
    return new Proxy(original, {
      get: (target, name, receiver) =>
        name === "mock" ? context : getOf(target, name, receiver),
      apply: (_, receiver, args) =>
        noted(context, newCall(args, undefined, receiver), (run) => apply(run, receiver, args)),
      construct: (target, args, newTarget) =>
        noted(context, newCall(args, target, undefined), (run) => construct(run, args, newTarget)),
    });
  }
}

const newCall = (args, target, receiver) => ({
  arguments: args,
  error: undefined,
  result: undefined,
  stack: new Error(),
  target,
  this: receiver,
});

const isObject = (value) => typeof value === "object" && value !== null;

function requireTimes(times) {
  if (times !== Infinity) requireInteger(times, "options.times", 1);
}

function descriptorOf(object, name) {
  for (let owner = object; owner !== null; owner = getPrototypeOf(owner)) {
    const descriptor = getOwnPropertyDescriptor(owner, name);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}

export const mock = new MockTracker();

export const {
  after,
  afterEach,
  before,
  beforeEach,
  describe,
  it,
  only,
  run,
  skip,
  suite,
  test,
  todo,
} = absentFrom("test");
export default { mock, MockFunctionContext, MockTracker };
