// Objects that get more calls than they answer: past a bound, further calls are refused at once.
// https://developers.cloudflare.com/durable-objects/observability/troubleshooting/#durable-object-is-overloaded

import { MAX_OBJECT_CALLS, MAX_QUEUED_BYTES, MAX_QUEUED_MS } from "holdfast:constants";
import { now } from "../performance/clock.js";
import { markAsRefusal } from "./remote-error.js";

const OVERLOADED = "Durable Object is overloaded.";

let maxCalls = MAX_OBJECT_CALLS;

/** Entry point: how many calls to one object may wait for their answers. */
export function boundCalls(count) {
  maxCalls = count;
}

/** What a body, or a message's data, counts for while a call waits. */
export function bytesOf(content) {
  if (typeof content === "string") return content.length;
  return content?.byteLength ?? 0;
}

/**
 * Why an object that has calls takes no further one, of so many bytes, as an error; undefined
 * where it does.
 */
export function whyRefused(instance, bytes) {
  const { calls, inputGate } = instance;
  if (calls.size >= maxCalls) return refusal("Too many requests queued.");
  if (instance.queuedBytes + bytes > MAX_QUEUED_BYTES) return refusal("Too much data queued.");
  if (inputGate.isLocked && now() - inputGate.oldest > MAX_QUEUED_MS) {
    return refusal("Requests queued for too long.");
  }
  return undefined;
}

function refusal(reason) {
  const error = new Error(`${OVERLOADED} ${reason}`);
  error.overloaded = true;
  return markAsRefusal(error);
}
