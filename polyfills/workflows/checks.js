// What ids, names and configurations of Workflows may be.
// https://developers.cloudflare.com/workflows/reference/limits/

import { milliseconds } from "./duration.js";
import { fatal, workflowError } from "./errors.js";

const MAX_ID_LENGTH = 100;
const MAX_STEP_NAME_LENGTH = 256;
/** What a step, or an event, may have, serialized. */
export const MAX_STATE_BYTES = 1_048_576;

const ID = /^[a-zA-Z0-9_][a-zA-Z0-9-_]*$/;
const RESERVED_ID = /^(?:batch|terminate|terminateAll|cf_[0-9a-f]{64})$/;
const INVALID_EVENT_TYPE =
  "(workflow.invalid_event_type) The type of an event has up to 100 letters, digits, _ and -, and begins with no -";
const CONTROL = /[\0-\x1f]/; // eslint-disable-line no-control-regex
const BACKOFFS = [undefined, "constant", "linear", "exponential"];
const CONFIG = ["retries", "timeout", "sensitive"];
const ROLLBACK_CONFIG = ["retries", "timeout"];
const RETRIES = ["limit", "delay", "backoff"];
const GUIDE = "https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/";

/** How many instances may be created, or deleted, at once. */
export const MAX_BATCH = 100;

/** What a step does that says nothing else. */
const DEFAULTS = {
  retries: { limit: 5, delay: 1_000, backoff: "exponential" },
  timeout: "10 minutes",
};

/** Throws where `what`, which has so many bytes, is larger than what an instance keeps. `wrong` makes the error. */
export function checkSize(what, { length }, wrong) {
  if (length > MAX_STATE_BYTES) throw wrong(tooLarge(what));
}

/** What is said of that. */
export const tooLarge = (what) => `${what} is too large. Maximum allowed size is 1MiB.`;

/** Whether an instance may be called so. */
export function isInstanceId(id) {
  return typeof id === "string" && id.length <= MAX_ID_LENGTH && ID.test(id);
}

/** The options of each instance of a batch that is given as a list. */
export function listedBatch(batch) {
  if (batch.length === 0) throw workflowError("batchCreate should have at least 1 instance");
  if (batch.length > MAX_BATCH) throw workflowError(`batchCreate only supports ${MAX_BATCH} instances at a time`);
  return batch;
}

/** The same of one that is given as `{ count, …options }` or `{ instances }`. */
export function describedBatch({ count, params, retention, instances }) {
  if (count !== undefined) {
    if (!Number.isInteger(count) || count <= 0) throw workflowError("(body) count must be a positive integer");
    if (count > MAX_BATCH) throw workflowError(`(body) batchCreate only supports ${MAX_BATCH} instances at a time`);
    return Array.from({ length: count }, () => ({ params, retention }));
  }
  if (!Array.isArray(instances)) throw workflowError("(body) Provided argument is invalid");
  if (instances.length === 0 || instances.length > MAX_BATCH) {
    throw workflowError("(body) Batch size exceeds maximum allowed");
  }
  const isWrong = ({ id }) => id !== undefined && (!isInstanceId(id) || RESERVED_ID.test(id));
  if (instances.some(isWrong)) throw workflowError("(instance.invalid_id) Instance ID is invalid");
  return instances;
}

/**
 * Throws unless events may be of this type; `wrong` makes the error.
 * https://developers.cloudflare.com/workflows/build/events-and-parameters/
 */
export function checkEventType(type, wrong) {
  if (!isInstanceId(type)) throw wrong(INVALID_EVENT_TYPE);
}

/** Throws unless a step may be called so. */
export function checkName(name) {
  if (typeof name === "string" && name.length <= MAX_STEP_NAME_LENGTH && !CONTROL.test(name)) return;
  throw fatal(
    `Step name "${name}" exceeds max length (${MAX_STEP_NAME_LENGTH} chars) or invalid characters found`,
  );
}

/** A step's configuration, whole. Throws for one that is none. */
export function configOf(name, given) {
  if (!isConfig(given)) throw fatal(`Step config for "${name}" is in a invalid format. See ${GUIDE}`);
  return withDefaults(given);
}

function withDefaults(given) {
  return { ...DEFAULTS, ...given, retries: { ...DEFAULTS.retries, ...given.retries } };
}

/**
 * How a step is undone: { undo, config }, or undefined where nothing is said. Throws for options that
 * say it wrongly.
 */
export function rollbackOf(name, options) {
  if (options === undefined) return undefined;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw fatal(`Rollback options for "${name}" must be an object`);
  }
  const { rollback, rollbackConfig = {} } = options;
  if (typeof rollback !== "function") throw fatal(`Rollback for "${name}" must be a function`);
  if (!isConfig(rollbackConfig, ROLLBACK_CONFIG)) {
    throw fatal(`Rollback config for "${name}" is in a invalid format. See ${GUIDE}`);
  }
  // One that came by RPC goes with the call that has brought it.
  const undo = typeof rollback.dup === "function" ? rollback.dup() : rollback;
  return { undo, config: withDefaults(rollbackConfig) };
}

function isConfig(config, names = CONFIG) {
  if (!hasOnly(config, names)) return false;
  const { retries, timeout, sensitive } = config;
  if (retries !== undefined && !isRetries(retries)) return false;
  if (timeout !== undefined && !(milliseconds(timeout) > 0)) return false;
  return sensitive === undefined || sensitive === "output";
}

function isRetries(retries) {
  if (!hasOnly(retries, RETRIES)) return false;
  const { limit, delay, backoff } = retries;
  const isDelay = typeof delay === "function" || milliseconds(delay) >= 0;
  return isDelay && typeof limit === "number" && limit >= 0 && BACKOFFS.includes(backoff);
}

function hasOnly(object, names) {
  if (typeof object !== "object" || object === null) return false;
  return Object.keys(object).every((name) => names.includes(name));
}
