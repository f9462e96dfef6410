// Errors as Node.js words them: a class of the language with a `code`.
// https://nodejs.org/docs/latest-v20.x/api/errors.html#nodejs-error-codes

import { inspect } from "./inspect.js";

const PRIMITIVES = [
  "string",
  "function",
  "number",
  "object",
  "Function",
  "Object",
  "boolean",
  "bigint",
  "symbol",
];
const MAX_PORT = 65_535;
const CLASS = /^([A-Z][a-z0-9]*)+$/;

/** An error of this class with a code; `properties` become its own. */
export function nodeError(Class, code, message, properties = undefined) {
  const error = new Class(message);
  // Not enumerable, so that it is told beside the name; Node.js shows it as a property, too.
  Object.defineProperty(error, "toString", {
    value() {
      return `${this.name} [${code}]: ${this.message}`;
    },
    enumerable: false,
    writable: true,
    configurable: true,
  });
  error.code = code;
  if (properties !== undefined) Object.assign(error, properties);
  return error;
}

/** "Received an instance of Foo", "Received type number (5)". */
export function received(value) {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === "function") return ` Received function ${value.name}`;
  if (typeof value === "object") {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`;
    return ` Received ${inspect(value, { depth: -1 })}`;
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return ` Received type ${typeof value} (${text})`;
}

function list(items, word) {
  if (items.length > 2) return `${items.slice(0, -1).join(", ")}, ${word} ${items.at(-1)}`;
  return items.join(` ${word} `);
}

/** The TypeError of an argument that is not of the types or classes in `expected`. */
export function invalidType(name, expected, value) {
  const all = Array.isArray(expected) ? expected : [expected];
  const types = all.filter((item) => PRIMITIVES.includes(item)).map((item) => item.toLowerCase());
  const classes = all.filter((item) => !PRIMITIVES.includes(item) && CLASS.test(item));
  const others = all.filter((item) => !PRIMITIVES.includes(item) && !CLASS.test(item));
  if (types.includes("object") && classes.length > 0) {
    types.splice(types.indexOf("object"), 1);
    classes.push("Object");
  }
  const parts = [];
  if (types.length > 0)
    parts.push(`${types.length > 1 ? "one of type" : "of type"} ${list(types, "or")}`);
  if (classes.length > 0) parts.push(`an instance of ${list(classes, "or")}`);
  if (others.length > 0) {
    const article = others[0].toLowerCase() === others[0] ? "" : "an ";
    parts.push(others.length > 1 ? `one of ${list(others, "or")}` : `${article}${others[0]}`);
  }
  const what = name.endsWith(" argument")
    ? `The ${name}`
    : `The "${name}" ${name.includes(".") ? "property" : "argument"}`;
  return nodeError(
    TypeError,
    "ERR_INVALID_ARG_TYPE",
    `${what} must be ${parts.join(" or ")}.${received(value)}`,
  );
}

/** The TypeError (or an error of `Class`) of an argument of the right type with a wrong value. */
export function invalidValue(name, value, reason = "is invalid", Class = TypeError) {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes(".") ? "property" : "argument";
  return nodeError(
    Class,
    "ERR_INVALID_ARG_VALUE",
    `The ${kind} '${name}' ${reason}. Received ${text}`,
  );
}

function grouped(value) {
  let text = `${value}`;
  const sign = text.startsWith("-") ? "-" : "";
  text = text.slice(sign.length);
  const rest = [];
  while (text.length > 3) {
    rest.unshift(text.slice(-3));
    text = text.slice(0, -3);
  }
  return sign + [text, ...rest].join("_");
}

/** The RangeError of a number that is not in `range` (">= 0 && <= 5"). */
export function outOfRange(name, range, value, what = undefined) {
  let text;
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) text = grouped(value);
  else if (typeof value === "bigint")
    text = `${value > 2n ** 32n || value < -(2n ** 32n) ? grouped(value) : value}n`;
  else text = inspect(value);
  const subject = what ?? `The value of "${name}" is out of range.`;
  return nodeError(
    RangeError,
    "ERR_OUT_OF_RANGE",
    `${subject} It must be ${range}. Received ${text}`,
  );
}

export function requireString(value, name) {
  if (typeof value !== "string") throw invalidType(name, "string", value);
}

export function requireFunction(value, name) {
  if (typeof value !== "function") throw invalidType(name, "function", value);
}

export function requireObject(value, name) {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw invalidType(name, "object", value);
}

export function requireBoolean(value, name) {
  if (typeof value !== "boolean") throw invalidType(name, "boolean", value);
}

/** Throws unless the value is one of these; texts are told in quotes. */
export function requireOneOf(value, name, allowed) {
  if (allowed.includes(value)) return;
  const list = allowed.map((each) => (typeof each === "string" ? `'${each}'` : each)).join(", ");
  throw invalidValue(name, value, `must be one of: ${list}`);
}

/** The milliseconds of a timer. */
export function requireDelay(value, name) {
  if (typeof value !== "number") throw invalidType(name, "number", value);
  if (!(value >= 0 && value < Infinity))
    throw outOfRange(name, "a non-negative finite number", value);
}

/** A port given as a number or as its digits, as a number. */
export function portOf(value, name = "Port") {
  const isPort =
    (typeof value === "number" || (typeof value === "string" && value.trim() !== "")) &&
    Number(value) === Number(value) >>> 0 &&
    Number(value) <= MAX_PORT;
  if (isPort) return Number(value);
  throw nodeError(
    RangeError,
    "ERR_SOCKET_BAD_PORT",
    `${name} should be >= 0 and < ${MAX_PORT + 1}.${received(value)}.`,
  );
}

export function requireInteger(
  value,
  name,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
) {
  if (typeof value !== "number") throw invalidType(name, "number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

/** The error of an operation that was aborted by a signal. */
export function abortError(reason = undefined) {
  const error = new Error(
    "The operation was aborted",
    reason === undefined ? undefined : { cause: reason },
  );
  error.name = "AbortError";
  error.code = "ABORT_ERR";
  return error;
}

/**
 * Functions and classes of a module that are not there, by name: each throws an error that names it.
 * To be destructured into whatever the module lacks, and spread, then, into its default export.
 */
export const absentFrom = (module) =>
  new Proxy({}, { get: (asked, name) => (asked[name] ??= absentFunction(module, name)) });

function absentFunction(module, name) {
  const stands = function () {
    const message = `${module}.${name} is a part of Node.js that Holdfast does not have`;
    throw nodeError(Error, "ERR_METHOD_NOT_IMPLEMENTED", message);
  };
  return Object.defineProperty(stands, "name", { value: name });
}
