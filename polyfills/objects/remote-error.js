// Errors that cross from an object to its caller: name and message are kept, the
// error is a new one of the caller's, and `remote` says where it came from.
// https://developers.cloudflare.com/durable-objects/best-practices/error-handling/

import { describeError, errorNamed, identityOf } from "../kernel/errors.js";

const FLAGS = ["retryable", "overloaded", "durableObjectReset"];

/** What the caller sees of an error that an object threw. */
export function remoteError(error) {
  return withFlags(errorNamed(...identityOf(error)), flagsOf(error));
}

/** The error as the host carries it: name, message, flags, description for the log. */
export function failureParts(error) {
  return [...identityOf(error), flagsOf(error).join(","), describeError(error)];
}

function flagsOf(error) {
  return error !== null && typeof error === "object" ? FLAGS.filter((flag) => error[flag] === true) : [];
}

function withFlags(error, flags) {
  error.remote = true;
  for (const flag of flags) error[flag] = true;
  return error;
}
