// node:assert: https://nodejs.org/docs/latest-v20.x/api/assert.html

import { AssertionError } from "./assertion-error.js";
import { isDeepEqual } from "./equal.js";
import { invalidType, invalidValue, nodeError, received } from "./errors.js";
import { inspect } from "./inspect.js";
import { isPromise, isRegExp } from "./types.js";

export { AssertionError };

function innerFail(options) {
  if (options.message instanceof Error) throw options.message;
  throw new AssertionError(options);
}

function requireTwo(args) {
  if (args.length < 2)
    throw nodeError(
      TypeError,
      "ERR_MISSING_ARGS",
      'The "actual" and "expected" arguments must be specified',
    );
}

function check(passed, actual, expected, message, operator, stackStartFn) {
  if (!passed) innerFail({ actual, expected, message, operator, stackStartFn });
}

function innerOk(fn, count, value, message) {
  if (value) return;
  let generated = false;
  if (count === 0) {
    generated = true;
    message = "No value argument passed to `assert.ok()`";
  } else if (message === undefined || message === null) {
    generated = true;
    message =
      "The expression evaluated to a falsy value:\n\n  " +
      `${fn === assert ? "assert" : "assert.ok"}(${inspect(value)})\n`;
  } else if (message instanceof Error) {
    throw message;
  }
  const error = new AssertionError({
    actual: value,
    expected: true,
    message,
    operator: "==",
    stackStartFn: fn,
  });
  error.generatedMessage = generated;
  throw error;
}

export function ok(...args) {
  innerOk(ok, args.length, ...args);
}

function assert(...args) {
  innerOk(assert, args.length, ...args);
}

export function fail(message = undefined) {
  if (message instanceof Error) throw message;
  const error = new AssertionError({
    message: message ?? "Failed",
    operator: "fail",
    stackStartFn: fail,
  });
  error.generatedMessage = message === undefined;
  throw error;
}

export function equal(actual, expected, message = undefined) {
  requireTwo(arguments);
  // eslint-disable-next-line eqeqeq
  check(
    actual == expected || (actual !== actual && expected !== expected),
    actual,
    expected,
    message,
    "==",
    equal,
  );
}

export function notEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  // eslint-disable-next-line eqeqeq
  check(
    !(actual == expected || (actual !== actual && expected !== expected)),
    actual,
    expected,
    message,
    "!=",
    notEqual,
  );
}

export function strictEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(Object.is(actual, expected), actual, expected, message, "strictEqual", strictEqual);
}

export function notStrictEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(!Object.is(actual, expected), actual, expected, message, "notStrictEqual", notStrictEqual);
}

export function deepEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(
    isDeepEqual(actual, expected, { strict: false }),
    actual,
    expected,
    message,
    "deepEqual",
    deepEqual,
  );
}

export function notDeepEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(
    !isDeepEqual(actual, expected, { strict: false }),
    actual,
    expected,
    message,
    "notDeepEqual",
    notDeepEqual,
  );
}

export function deepStrictEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(
    isDeepEqual(actual, expected, { strict: true }),
    actual,
    expected,
    message,
    "deepStrictEqual",
    deepStrictEqual,
  );
}

/** Whether all of `expected` is in `actual`, which may have more. `met`: pairs under way, by `expected`. */
function contains(actual, expected, met = new Map()) {
  if (expected === null || typeof expected !== "object" || typeof actual !== "object")
    return isDeepEqual(actual, expected, { strict: true });
  if (actual === null || Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected))
    return false;
  if (met.get(expected) === actual) return true;
  met.set(expected, actual);
  if (Array.isArray(expected) || expected instanceof Set) {
    const left = [...actual];
    for (const item of expected) {
      const at = left.findIndex((each) => contains(each, item, met));
      if (at < 0) return false;
      left.splice(0, Array.isArray(expected) ? at + 1 : 0);
    }
    return true;
  }
  if (expected instanceof Map) {
    for (const [key, value] of expected)
      if (!actual.has(key) || !contains(actual.get(key), value, met)) return false;
    return true;
  }
  if (isOpaque(expected)) return isDeepEqual(actual, expected, { strict: true });
  const keys = Reflect.ownKeys(expected).filter((key) => isEnumerable.call(expected, key));
  return keys.every(
    (key) => Object.hasOwn(actual, key) && contains(actual[key], expected[key], met),
  );
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

/** Whether it holds more than its properties tell. */
const isOpaque = (value) =>
  value instanceof Date ||
  value instanceof RegExp ||
  value instanceof Promise ||
  value instanceof ArrayBuffer ||
  ArrayBuffer.isView(value);

export function partialDeepStrictEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(
    contains(actual, expected),
    actual,
    expected,
    message,
    "partialDeepStrictEqual",
    partialDeepStrictEqual,
  );
}

export function notDeepStrictEqual(actual, expected, message = undefined) {
  requireTwo(arguments);
  check(
    !isDeepEqual(actual, expected, { strict: true }),
    actual,
    expected,
    message,
    "notDeepStrictEqual",
    notDeepStrictEqual,
  );
}

function matchWith(text, regexp, message, fn, wanted) {
  if (!isRegExp(regexp)) throw invalidType("regexp", "RegExp", regexp);
  const isText = typeof text === "string";
  if (isText && (regexp.exec(text) !== null) === wanted) return;
  if (message instanceof Error) throw message;
  const generated = message === undefined;
  const told = isText
    ? `${wanted ? "The input did not match the regular expression " : "The input was expected to not match the regular expression "}${inspect(regexp)}. Input:\n\n${inspect(text)}\n`
    : `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`;
  const error = new AssertionError({
    actual: text,
    expected: regexp,
    message: message ?? told,
    operator: fn.name,
    stackStartFn: fn,
  });
  error.generatedMessage = generated;
  throw error;
}

export function match(string, regexp, message = undefined) {
  matchWith(string, regexp, message, match, true);
}

export function doesNotMatch(string, regexp, message = undefined) {
  matchWith(string, regexp, message, doesNotMatch, false);
}

export function ifError(value) {
  if (value === null || value === undefined) return;
  let message = "ifError got unwanted exception: ";
  if (typeof value === "object" && typeof value.message === "string") {
    message +=
      value.message.length === 0 && value.constructor ? value.constructor.name : value.message;
  } else message += inspect(value);
  throw new AssertionError({
    actual: value,
    expected: null,
    operator: "ifError",
    message,
    stackStartFn: ifError,
  });
}

// ---- What is thrown ---------------------------------------------------------------------

const NOTHING = Symbol("nothing was thrown");

function thrownBy(fn) {
  if (typeof fn !== "function") throw invalidType("fn", "function", fn);
  try {
    fn();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

async function rejectionOf(promiseOrFn) {
  let promise = promiseOrFn;
  // Promises of results of RPC are functions, too.
  if (typeof promiseOrFn === "function" && typeof promiseOrFn.then !== "function") {
    promise = promiseOrFn();
    if (typeof promise?.then !== "function") {
      throw nodeError(
        TypeError,
        "ERR_INVALID_RETURN_VALUE",
        `Expected instance of Promise to be returned from the "promiseFn" function but got ${received(promise).slice(" Received ".length)}.`,
      );
    }
  } else if (!isPromise(promise) && typeof promise?.then !== "function") {
    throw invalidType("promiseFn", ["function", "Promise"], promise);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function expectError(fn, actual, expected, message) {
  if (typeof expected === "string") {
    if (message !== undefined)
      throw invalidType("error", ["object", "Error", "function", "RegExp"], expected);
    if (
      typeof actual === "object" && actual !== null
        ? actual.message === expected
        : actual === expected
    ) {
      throw nodeError(
        TypeError,
        "ERR_AMBIGUOUS_ARGUMENT",
        `The "error/message" argument is ambiguous. The error ${typeof actual === "object" ? "message" : ""} "${typeof actual === "object" ? actual.message : actual}" is identical to the message.`.replace(
          "error  ",
          "error ",
        ),
      );
    }
    message = expected;
    expected = undefined;
  } else if (
    expected !== undefined &&
    expected !== null &&
    typeof expected !== "object" &&
    typeof expected !== "function"
  ) {
    throw invalidType("error", ["object", "Error", "function", "RegExp"], expected);
  }
  if (actual === NOTHING) {
    let details = "";
    if (expected?.name) details += ` (${expected.name})`;
    details += message ? `: ${message}` : ".";
    const kind = fn === rejects ? "rejection" : "exception";
    innerFail({
      actual: undefined,
      expected,
      operator: fn.name,
      message: `Missing expected ${kind}${details}`,
      stackStartFn: fn,
    });
  }
  if (expected !== undefined && expected !== null) checkExpected(actual, expected, message, fn);
}

function checkExpected(actual, expected, message, fn) {
  let told = message;
  if (isRegExp(expected)) {
    const text = String(actual);
    if (expected.exec(text) !== null) return;
    told ??= `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`;
  } else if (typeof expected === "object") {
    checkProperties(actual, expected, message, fn);
    return;
  } else if (expected.prototype !== undefined && actual instanceof expected) {
    return;
  } else if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    if (told === undefined) {
      told = "The error is expected to be an instance of " + `"${expected.name}". Received `;
      told +=
        actual instanceof Error
          ? `"${actual.constructor?.name ?? actual.name}"`
          : `"${inspect(actual, { depth: -1 })}"`;
      if (actual?.message) told += `\n\nError message:\n\n${actual.message}`;
    }
  } else {
    if (expected.call({}, actual) === true) return;
    if (told === undefined) {
      const name = expected.name ? `"${expected.name}" ` : "";
      told = `The ${name}validation function is expected to return "true". Received ${inspect(expected.call({}, actual))}`;
      if (actual instanceof Error) told += `\n\nCaught error:\n\n${actual}`;
    }
  }
  if (message instanceof Error) throw message;
  const error = new AssertionError({
    actual,
    expected,
    message: told,
    operator: fn.name,
    stackStartFn: fn,
  });
  error.generatedMessage = message === undefined;
  throw error;
}

function checkProperties(actual, expected, message, fn) {
  if (typeof actual !== "object" || actual === null) {
    const error = new AssertionError({
      actual,
      expected,
      message,
      operator: "deepStrictEqual",
      stackStartFn: fn,
    });
    error.operator = fn.name;
    throw error;
  }
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push("name", "message");
  else if (keys.length === 0) throw invalidValue("error", expected, "may not be an empty object");
  for (const key of keys) {
    if (
      typeof actual[key] === "string" &&
      isRegExp(expected[key]) &&
      expected[key].exec(actual[key]) !== null
    )
      continue;
    if (key in actual && isDeepEqual(actual[key], expected[key], { strict: true })) continue;
    if (message instanceof Error) throw message;
    const pick = (source) =>
      Object.fromEntries(keys.filter((k) => k in source).map((k) => [k, source[k]]));
    const a = pick(actual);
    const b = pick(expected);
    for (const k of keys) {
      if (
        isRegExp(expected[k]) &&
        typeof actual[k] === "string" &&
        expected[k].exec(actual[k]) !== null
      )
        b[k] = actual[k];
    }
    const error = new AssertionError({
      actual: named(a),
      expected: named(b),
      message,
      operator: "deepStrictEqual",
      stackStartFn: fn,
    });
    Object.assign(error, { actual, expected, operator: fn.name });
    throw error;
  }
}

class Comparison {}
const named = (properties) => Object.assign(new Comparison(), properties);

function expectNone(fn, actual, expected, message) {
  if (actual === NOTHING) return;
  if (typeof expected === "string") {
    message = expected;
    expected = undefined;
  }
  if (!expected || isExpected(actual, expected)) {
    const details = message ? `: ${message}` : ".";
    const kind = fn === doesNotReject ? "rejection" : "exception";
    innerFail({
      actual,
      expected,
      operator: fn.name,
      message: `Got unwanted ${kind}${details}\n` + `Actual message: "${actual && actual.message}"`,
      stackStartFn: fn,
    });
  }
  throw actual;
}

function isExpected(actual, expected) {
  if (isRegExp(expected)) return expected.exec(String(actual)) !== null;
  if (typeof expected !== "function")
    throw invalidType("expected", ["function", "RegExp"], expected);
  if (expected.prototype !== undefined && actual instanceof expected) return true;
  return (
    !Object.prototype.isPrototypeOf.call(Error, expected) && expected.call({}, actual) === true
  );
}

export function throws(fn, error = undefined, message = undefined) {
  expectError(throws, thrownBy(fn), error, message);
}

export function doesNotThrow(fn, error = undefined, message = undefined) {
  expectNone(doesNotThrow, thrownBy(fn), error, message);
}

export async function rejects(promiseFn, error = undefined, message = undefined) {
  expectError(rejects, await rejectionOf(promiseFn), error, message);
}

export async function doesNotReject(promiseFn, error = undefined, message = undefined) {
  expectNone(doesNotReject, await rejectionOf(promiseFn), error, message);
}

/** Counts calls. Deprecated in Node.js, too. */
export class CallTracker {
  #expected = [];

  calls(fn = () => {}, exact = 1) {
    if (typeof fn === "number") [fn, exact] = [() => {}, fn];
    const record = { name: fn.name || "calls", exact, actual: 0 };
    this.#expected.push(record);
    return (...args) => {
      record.actual++;
      return fn(...args);
    };
  }

  report() {
    return this.#expected
      .filter(({ exact, actual }) => exact !== actual)
      .map(({ name, exact, actual }) => ({
        message: `Expected the ${name} function to be executed ${exact} time(s) but was executed ${actual} time(s).`,
        actual,
        expected: exact,
        operator: name,
      }));
  }

  verify() {
    const [first] = this.report();
    if (first) throw new AssertionError({ message: first.message });
  }
}

const loose = {
  AssertionError,
  CallTracker,
  deepEqual,
  deepStrictEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  equal,
  fail,
  ifError,
  match,
  notDeepEqual,
  notDeepStrictEqual,
  notEqual,
  notStrictEqual,
  ok,
  partialDeepStrictEqual,
  rejects,
  strictEqual,
  throws,
};
Object.assign(assert, loose);

/** The same functions, of which the loose ones are strict. */
export function strict(...args) {
  innerOk(strict, args.length, ...args);
}
const STRICT = {
  deepEqual: deepStrictEqual,
  equal: strictEqual,
  notDeepEqual: notDeepStrictEqual,
  notEqual: notStrictEqual,
};
Object.assign(strict, loose, STRICT, { strict });
assert.strict = strict;

/** The same functions as methods of an object, strict ones unless it is told otherwise. */
export class Assert {
  constructor(options = {}) {
    if (options === null || typeof options !== "object")
      throw invalidType("options", "object", options);
    const { diff = "simple", strict: isStrict = true } = options;
    if (!["simple", "full"].includes(diff))
      throw invalidValue("options.diff", diff, "must be one of: 'simple', 'full'");
    this.AssertionError = AssertionError;
    if (isStrict) Object.assign(this, STRICT);
  }
}
for (const [name, value] of Object.entries(loose)) {
  if (name !== "AssertionError" && name !== "CallTracker")
    Object.defineProperty(Assert.prototype, name, { value, writable: true, configurable: true });
}
assert.Assert = strict.Assert = Assert;

export default assert;
