// The errors of Workflows, and errors as they come out of a step.
//
// On Cloudflare each step is called by RPC, so what it throws reaches the script as a new error:
// one whose name is no class of the language's has that name in its message.
// https://developers.cloudflare.com/workflows/build/sleeping-and-retrying/

import { compatibility_has } from "holdfast:ops";
import { errorFrom, errorNamed } from "../kernel/errors.js";
import { errorInWords } from "../objects/remote-error.js";

const NON_RETRYABLE = "NonRetryableError";
const MAX_MESSAGE = 10_000; // characters: a step keeps the errors of all attempts

/** { name, message } of a failure as it is stored and listed. */
export function told(name, message) {
  return { name, message };
}

/** The same of whatever was thrown, as it crosses; of a long message, the beginning. */
export function toldOf(error) {
  const [name, message] = errorInWords(error);
  return told(name, message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
}

// What the engine itself says, which is told by a class of its own.
const OURS = /^(Workflow|NonRetryable)/;

const crossed = (name, message) =>
  name === "AggregateError" ? errorNamed(name, message) : errorFrom(name, message);

/** The error that a script catches for a failure that is stored. */
export function thrownFor({ name, message }) {
  const error = OURS.test(name) ? new Error(`${name}: ${message}`) : crossed(name, message);
  error.remote = true;
  return error;
}

/** What is wrong with how a Workflow was written: the script is told, and no step begins. */
export function fatal(message) {
  return thrownFor(told("WorkflowFatalError", message));
}

/** What a caller of the binding has done wrong, in Cloudflare's words. */
export function workflowError(message) {
  return new Error(`WorkflowError: ${message}`);
}

/** Whether a step that failed so is not to be tried again. */
export function isFinal({ name, message }) {
  return name === NON_RETRYABLE || message.startsWith(NON_RETRYABLE);
}

function keepsMessages() {
  return compatibility_has("workflows_preserve_non_retryable_error_message");
}

function withoutName({ message }) {
  return told(NON_RETRYABLE, message.replace(/^NonRetryableError:?\s*/, ""));
}

/** How the attempt that is not to be followed by another is listed. */
export function lastAttempt(failure) {
  if (keepsMessages()) return withoutName(failure);
  const message = `Step threw a NonRetryableError with message "${failure.message}"`;
  return told("WorkflowFatalError", message);
}

/** How an instance that nothing has caught such an error of is said to have failed. */
export function endOf(failure) {
  if (!isFinal(failure)) return failure;
  if (keepsMessages()) return withoutName(failure);
  const why = "as a step threw an NonRetryableError and it was not handled";
  return told("WorkflowFatalError", `The execution of the Workflow instance was terminated, ${why}`);
}
