// Errors that cross from an object to its caller: the error is a new one of the caller's,
// and `remote` says where it came from.
// https://developers.cloudflare.com/durable-objects/best-practices/error-handling/

import { describeError, errorNamed, identityOf, isStandardError } from "../kernel/errors.js";
import { deserialize, serialize } from "../serialize/index.js";
import { packed, unpacked } from "./thrown-values.js";

const FLAGS = ["retryable", "overloaded", "durableObjectReset"];

/**
 * What the caller sees of what an object threw: a clone, with the error's own properties and
 * its cause; where it cannot be cloned, one of its class, if that is the language's, with its
 * message and its flags.
 */
export function remoteError(error) {
  const copy = cloned(error) ?? errorNamed(...errorInWords(error));
  if (!refusals.has(error)) copy.remote = true;
  return withFlags(copy, flagsOf(error));
}

const ends = new WeakSet();

/** Note that an error is not one that called code threw, but what ended its event. */
export function markAsEnd(error) {
  if (typeof error === "object" && error !== null) ends.add(error);
  return error;
}

const refusals = new WeakSet();

/** Note that an error is not one that called code threw: the call did not get that far. */
export function markAsRefusal(error) {
  refusals.add(error);
  return markAsEnd(error);
}

/** What a caller sees of an error that ended, from outside, what it had called. */
export function asEnd(error) {
  const copy = remoteError(error);
  delete copy.remote;
  return markAsRefusal(copy);
}

// For calls by RPC, what ended the object or the event does not count as remote.
function isRemote(error) {
  return !ends.has(error);
}

/** The same for a call by RPC. */
export function remoteRpcError(error) {
  const copy = remoteError(error);
  if (!isRemote(error)) delete copy.remote;
  return copy;
}

function cloned(error) {
  if (error === null || typeof error !== "object") return null;
  const data = serialized(error);
  if (data === undefined) return null;
  try {
    return unpacked(deserialize(data));
  } catch {
    return null; // there was no memory left for it
  }
}

function serialized(error) {
  try {
    return serialize(packed(error));
  } catch {
    return undefined;
  }
}

/** [name, message] where nothing else crosses: a name that is no class of the language's is a part of the message. */
export function errorInWords(error) {
  const [name, message] = identityOf(error);
  if (isStandardError(error, name)) return [name, message];
  return ["Error", message === "" ? name : `${name}: ${message}`];
}

/**
 * The error as the host carries it: name, message, flags, description for the log, and the
 * clone's bytes where there is one.
 */
export function failureParts(error) {
  return partsOf(error, refusals.has(error) ? flagsOf(error) : ["remote", ...flagsOf(error)]);
}

/** The same for a call by RPC. */
export function rpcFailureParts(error) {
  return isRemote(error) ? failureParts(error) : partsOf(error, flagsOf(error));
}

function partsOf(error, flags) {
  const isObject = error !== null && typeof error === "object";
  const data = isObject ? serialized(error) : undefined;
  const identity = data === undefined ? errorInWords(error) : identityOf(error);
  return [...identity, flags.join(","), describeError(error), data];
}

/** What the caller sees of an error that came by the host. */
export function errorFromHost(data, flags) {
  return withFlags(unpacked(deserialize(data)), flags ? flags.split(",") : []);
}

/** Whether an error tells of an object that was reset. */
export function isReset(error) {
  return flagsOf(error).includes("durableObjectReset");
}

function flagsOf(error) {
  try {
    return error !== null && typeof error === "object" ? FLAGS.filter((flag) => error[flag]) : [];
  } catch {
    return []; // by a getter of the script's
  }
}

function withFlags(error, flags) {
  for (const flag of flags) error[flag] = true;
  return error;
}
