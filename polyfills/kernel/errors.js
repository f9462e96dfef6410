// Errors by name, as the host tells them.

import { DOMException } from "../language/dom-exception.js";

const classes = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const { InternalError } = globalThis;

/** The error of this name: an ECMAScript class, or else a DOMException. */
export function errorFrom(name, message) {
  const Class = classes[name];
  return Class ? new Class(message) : new DOMException(message, name);
}

/** The error of this name where ECMAScript has the class; else an Error so named. */
export function errorNamed(name, message) {
  const Class = classes[name];
  if (Class) return new Class(message);
  if (name === "AggregateError") return new AggregateError([], message);
  return Object.defineProperty(new Error(message), "name", { value: name, configurable: true, writable: true });
}

const MAX_SHOWN = 10; // of the errors in one

/**
 * A thrown value in one string for logs: "Name: message\n    at …", with frames of
 * the runtime itself left out.
 */
export function describeError(error) {
  try {
    if (error === null || typeof error !== "object" || typeof error.stack !== "string") {
      return String(error);
    }
    const head = error.name ? `${error.name}: ${error.message}` : String(error.message);
    const frames = error.stack
      .split("\n")
      .filter(isFrameOfScript);
    let text = [head, ...frames].join("\n");
    if (error.cause !== undefined) text += `\n  [cause]: ${describeError(error.cause)}`;
    if (error instanceof AggregateError) {
      for (const one of error.errors.slice(0, MAX_SHOWN)) text += `\n  [errors]: ${describeError(one)}`;
    }
    return text;
  } catch {
    return "[an error that cannot be shown]";
  }
}

// A DOMException's stack has the frames of the runtime, too.
function isFrameOfScript(line) {
  return line.startsWith("    at ") && !line.includes("(holdfast:") && !line.includes("(native)");
}

/** Whether this is a DOMException, or an error of one of ECMAScript's classes by its name. */
export function isStandardError(error, name) {
  return Object.hasOwn(classes, name) || name === "AggregateError" || error instanceof DOMException;
}

/** Whether the engine threw this because the isolate's memory limit was reached. */
export function isOutOfMemory(error) {
  try {
    return error instanceof InternalError && error.message === "out of memory";
  } catch {
    return false; // a Proxy of the script's
  }
}

/** Set a property of whatever was thrown; false where it cannot have it. */
export function setOnError(error, name, value) {
  try {
    if (error === null || typeof error !== "object" || !Object.isExtensible(error)) return false;
    error[name] = value;
    return true;
  } catch {
    return false;
  }
}

/** Name and message of whatever was thrown; what has no message is told by its class. */
export function identityOf(error) {
  const isError = error !== null && typeof error === "object";
  try {
    return isError
      ? [String(error.name ?? "Error"), String(error.message ?? `#<${error.constructor.name}>`)]
      : ["Error", String(error)];
  } catch {
    return ["Error", "an error that cannot be shown"];
  }
}
