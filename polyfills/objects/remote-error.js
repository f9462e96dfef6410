// Errors that cross from an object to its caller: the error is a new one of the caller's,
// and `remote` says where it came from.
// https://developers.cloudflare.com/durable-objects/best-practices/error-handling/

import { describeError, errorNamed, identityOf } from "../kernel/errors.js";
import { deserialize, serialize } from "../serialize/index.js";

const ENHANCED = { enhancedErrors: true };
const FLAGS = ["retryable", "overloaded", "durableObjectReset"];

/**
 * What the caller sees of what an object threw: a clone, with the error's own properties and
 * its cause; where it cannot be cloned, an error of its name, its message and its flags.
 */
export function remoteError(error) {
  const copy = cloned(error) ?? withFlags(errorNamed(...identityOf(error)), flagsOf(error));
  copy.remote = true;
  return copy;
}

/** The same for a call by RPC, where what ended the object itself does not count as remote. */
export function remoteRpcError(error) {
  const copy = remoteError(error);
  if (copy.durableObjectReset === true) delete copy.remote;
  return copy;
}

function cloned(error) {
  if (error === null || typeof error !== "object") return null;
  const data = serialized(error);
  if (data === undefined) return null;
  try {
    return deserialize(data);
  } catch {
    return null; // there was no memory left for it
  }
}

function serialized(error) {
  try {
    return serialize(error, ENHANCED);
  } catch {
    return undefined;
  }
}

/**
 * The error as the host carries it: name, message, flags, description for the log, and the
 * clone's bytes where there is one.
 */
export function failureParts(error) {
  const isObject = error !== null && typeof error === "object";
  const data = isObject ? serialized(error) : undefined;
  return [...identityOf(error), flagsOf(error).join(","), describeError(error), data];
}

/** What the caller sees of an error that came by the host. */
export function errorFromHost(data, flags) {
  return withFlags(deserialize(data), flags ? flags.split(",") : []);
}

function flagsOf(error) {
  return error !== null && typeof error === "object" ? FLAGS.filter((flag) => error[flag] === true) : [];
}

function withFlags(error, flags) {
  for (const flag of flags) error[flag] = true;
  return error;
}
