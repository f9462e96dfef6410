// Async ops: the host answers by number, and the promise settles in a turn of the
// context that asked.

import { currentContext } from "./current.js";
import { errorFrom, errorNamed } from "./errors.js";
import { keepShapes } from "./shapes.js";

const pending = new Map();
let lastNumber = 0;

const GLOBAL_SCOPE_MESSAGE =
  "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or " +
  "connect()), setting a timeout, and generating random values are not allowed within global " +
  "scope. To fix this error, perform this operation within a handler. " +
  "https://developers.cloudflare.com/workers/runtime-apis/handlers/";

/** The running context; throws in a script's global scope, where no I/O is allowed. */
export function requireContext() {
  const context = currentContext();
  if (context === null) throw new Error(GLOBAL_SCOPE_MESSAGE);
  return context;
}

/** Once what the running object has written is on the disk; undefined where all of it is. */
export function passOutputGate() {
  return requireContext().outputGate?.wait();
}

// Whether what runs outside of turns is a script; what the runtime makes for itself is free.
let isScript = false;

/** Called before a script runs its top level. */
export function beginScript() {
  isScript = true;
}

/** Throws in a script's global scope, which has neither random values nor sockets of its own. */
export function requireHandler() {
  if (isScript) requireContext();
}

class PendingOp {
  constructor(context, resolve, reject) {
    this.context = context;
    this.resolve = resolve;
    this.reject = reject;
  }
}

keepShapes(new PendingOp());

// Of the promise that was made last: cheaper than a closure for each.
let resolveLast, rejectLast;

function noteSettlers(resolve, reject) {
  resolveLast = resolve;
  rejectLast = reject;
}

/** Start an async op and return the promise of its answer. */
export function startOp(raw, args) {
  const context = requireContext();
  const number = ++lastNumber;
  try {
    raw(number, ...args);
  } catch (error) {
    return Promise.reject(error);
  }
  context.life.pendingOps++;
  const answer = new Promise(noteSettlers);
  pending.set(number, new PendingOp(context, resolveLast, rejectLast));
  resolveLast = rejectLast = undefined; // lest they keep the answer
  return answer;
}

/** Take the record of an answered op; the entry points in main.js run it as a turn. */
export function takePending(number) {
  const record = pending.get(number);
  pending.delete(number);
  record.context.life.pendingOps--;
  return record;
}

/** The number of the op that was started last. */
export function lastOp() {
  return lastNumber;
}

/** [context, number] of all ops under way. */
export function* opsUnderWay() {
  for (const [number, { context }] of pending) yield [context, number];
}

/**
 * The host's description of a failure as an error object. An error that comes from
 * other JavaScript (`remote` is among the flags) keeps whatever name it had.
 */
export function failureOf(name, message, flags) {
  const named = flags ? flags.split(",") : [];
  const error = named.includes("remote") ? errorNamed(name, message) : errorFrom(name, message);
  for (const flag of named) error[flag] = true;
  return error;
}
