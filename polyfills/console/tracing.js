// What a script logs and publishes, for those who listen to its events: the values themselves.
// https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/#taillog

import { trace_log, trace_publish } from "holdfast:ops";
import { currentContext } from "../kernel/current.js";
import { describeError, identityOf } from "../kernel/errors.js";
import { serialize } from "../serialize/index.js";

const { getPrototypeOf } = Object;
const NOT_SERIALIZABLE = "[[ Diagnostic event was not serializable ]]";

/** Tell what was given to a method of the console. */
export function traceLog(level, values) {
  const message = `[${values.map(jsonOf).join()}]`;
  trace_log(level, message, errorsAmong(values), numberOfEvent());
}

/** Tell what a channel of node:diagnostics_channel is given. */
export function tracePublished(name, message) {
  let data;
  try {
    data = serialize(message);
  } catch {
    data = serialize(NOT_SERIALIZABLE);
  }
  trace_publish(String(name), data, numberOfEvent());
}

const numberOfEvent = () => currentContext()?.number ?? 0;

// As workerd has it: what is plain as JSON, of all else the text that it is made.
function jsonOf(value) {
  try {
    return JSON.stringify(isPlain(value) ? value : `${value}`) ?? "null";
  } catch {
    return "{}";
  }
}

function isPlain(value) {
  if (typeof value !== "object" && typeof value !== "function") {
    return typeof value !== "bigint" && typeof value !== "symbol";
  }
  if (value === null || Array.isArray(value)) return true;
  const prototype = getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return typeof value.toJSON === "function";
}

function errorsAmong(values) {
  if (!values.some((value) => Error.isError(value))) return undefined;
  return JSON.stringify(values.map((value) => (Error.isError(value) ? told(value) : null)));
}

function told(error) {
  try {
    return typeof error.stack === "string" ? [...identityOf(error), describeError(error)] : null;
  } catch {
    return null;
  }
}
