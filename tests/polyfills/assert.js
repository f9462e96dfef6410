// Assertions for the tests of the polyfills; failures say what was and what should be.

function show(value) {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Error) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${Array.from(value)}]`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function fail(message, note) {
  throw new Error(note ? `${note}: ${message}` : message);
}

export function ok(value, note) {
  if (!value) fail(`${show(value)} is not truthy`, note);
}

/** Object.is */
export function same(actual, expected, note) {
  if (!Object.is(actual, expected)) fail(`${show(actual)} is not ${show(expected)}`, note);
}

function alike(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof ArrayBuffer) return alike(new Uint8Array(a), new Uint8Array(b));
  if (a instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof Map || a instanceof Set) return alike([...a], [...b]);
  if (a instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => k in b && alike(a[k], b[k]));
}

/** Same structure, prototypes and values. */
export function equal(actual, expected, note) {
  if (!alike(actual, expected)) fail(`${show(actual)} is not like ${show(expected)}`, note);
}

function check(error, expected, note) {
  const name = typeof expected === "string" ? expected : expected.name;
  if (error?.name !== name) fail(`threw ${show(error)}, not a ${name}`, note);
  return error;
}

/** `run` throws an error of this name (or class); returns the error. */
export function throws(run, expected, note) {
  let result;
  try {
    result = run();
  } catch (error) {
    return check(error, expected, note);
  }
  fail(`returned ${show(result)} instead of throwing`, note);
}

/** The promise (or async function) rejects with an error of this name (or class). */
export async function rejects(promise, expected, note) {
  let result;
  try {
    result = await (typeof promise === "function" ? promise() : promise);
  } catch (error) {
    return check(error, expected, note);
  }
  fail(`resolved to ${show(result)} instead of rejecting`, note);
}
