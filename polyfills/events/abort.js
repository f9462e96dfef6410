// AbortController and AbortSignal: https://dom.spec.whatwg.org/#interface-abortcontroller
//
// Who keeps whom alive. A signal made by `AbortSignal.any` holds its sources, and they
// hold it weakly, so that a long-lived source gathers no garbage. While something waits
// for the dependent signal (a listener of "abort", an algorithm), its sources `pin` it:
// the script need not keep it. A signal of `AbortSignal.timeout` is held by its timer, one
// that came by RPC in the same way by what its sender calls (`keepWhileAwaited`).

import { DOMException } from "../language/dom-exception.js";
import { defineView } from "../console/views.js";
import {
  defineInterface,
  enforceUnsignedLongLong,
  illegalConstructor,
  isObject,
  requireArguments,
  toSequence,
} from "../kernel/webidl.js";
import { startTimer } from "../timers/timers.js";
import { Event } from "./event.js";
import { defineEventHandler } from "./event-handler.js";
import { dispatchTrusted, EventTarget, hasListeners, provideSignals } from "./event-target.js";

const { WeakRef } = globalThis;

const CONSTRUCTING = {};
const SWEEP_DEPENDENTS_AT = 32;

/** Whether an object is an AbortSignal. */
export let isAbortSignal;
/** Whether a signal is aborted, and why it is: `signal.aborted` that scripts cannot replace. */
export let isAborted, abortReason;
let setReason, linksOf, setLinks, algorithmsOf, setAlgorithms;

/** What tells that work is no longer wanted. Made by a controller or by a static method. */
export class AbortSignal extends EventTarget {
  #reason = undefined; // defined once the signal is aborted
  #algorithms = null;
  #links = null;

  constructor() {
    if (arguments[0] !== CONSTRUCTING) throw illegalConstructor();
    super();
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-abort */
  static abort(reason = undefined) {
    const signal = createAbortSignal();
    signal.#reason = orAbortError(reason);
    return signal;
  }

  /** https://dom.spec.whatwg.org/#dom-abortsignal-any */
  static any(signals) {
    requireArguments(arguments.length, 1, "'any' on 'AbortSignal'");
    return createDependentSignal(toSequence(signals, toSignal));
  }

  /**
   * A signal that aborts with a TimeoutError; needs a handler's context, as any timer.
   * https://dom.spec.whatwg.org/#dom-abortsignal-timeout
   */
  static timeout(milliseconds) {
    requireArguments(arguments.length, 1, "'timeout' on 'AbortSignal'");
    const delay = enforceUnsignedLongLong(milliseconds, "AbortSignal.timeout: the delay");
    const signal = createAbortSignal();
    startTimer(delay, expire, signal);
    return signal;
  }

  get aborted() {
    return this.#reason !== undefined;
  }

  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#reason !== undefined) throw this.#reason;
  }

  static {
    isAbortSignal = (value) => #reason in value;
    isAborted = (signal) => signal.#reason !== undefined;
    abortReason = (signal) => signal.#reason;
    setReason = (signal, reason) => {
      signal.#reason = reason;
    };
    algorithmsOf = (signal) => signal.#algorithms;
    setAlgorithms = (signal, algorithms) => {
      signal.#algorithms = algorithms;
    };
    linksOf = (signal) => signal.#links;
    setLinks = (signal, links) => (signal.#links = links);
  }
}

defineEventHandler(AbortSignal, "abort");
defineInterface(AbortSignal);
defineView(AbortSignal, ["aborted", "reason"]);

/** The owner of one signal, who may abort it. */
export class AbortController {
  #signal = new AbortSignal(CONSTRUCTING);

  get signal() {
    return this.#signal;
  }

  abort(reason = undefined) {
    signalAbort(this.#signal, reason);
  }
}

defineInterface(AbortController);
defineView(AbortController, ["signal"]);

/** A signal without a controller, for the runtime's own use. */
export function createAbortSignal() {
  return new AbortSignal(CONSTRUCTING);
}

function toSignal(value) {
  if (isObject(value) && isAbortSignal(value)) return value;
  throw new TypeError("AbortSignal.any: an element is not an AbortSignal.");
}

function orAbortError(reason) {
  return reason === undefined
    ? new DOMException("The operation was aborted", "AbortError")
    : reason;
}

function expire(signal) {
  const message = "The operation was aborted due to timeout";
  signalAbort(signal, new DOMException(message, "TimeoutError"));
}

// ---- Aborting ---------------------------------------------------------------------

/**
 * Abort a signal and those that depend on it; does nothing the second time.
 * https://dom.spec.whatwg.org/#abortsignal-signal-abort
 */
export function signalAbort(signal, reason = undefined) {
  if (isAborted(signal)) return;
  setReason(signal, orAbortError(reason));
  const dependents = takeDependents(signal);
  // All of them are aborted before anything that waits for one of them runs.
  for (const dependent of dependents) setReason(dependent, abortReason(signal));
  runAbortSteps(signal);
  for (const dependent of dependents) runAbortSteps(dependent);
}

/** https://dom.spec.whatwg.org/#run-the-abort-steps */
function runAbortSteps(signal) {
  const algorithms = algorithmsOf(signal);
  if (algorithms !== null) {
    setAlgorithms(signal, null);
    for (const algorithm of algorithms) algorithm();
  }
  if (hasListeners(signal, "abort")) dispatchTrusted(signal, new Event("abort"));
}

/**
 * Have `algorithm()` run when the signal aborts, before its event. Does nothing when the
 * signal is already aborted: ask `isAborted` first. The algorithm must not throw.
 * https://dom.spec.whatwg.org/#abortsignal-add
 */
export function addAbortAlgorithm(signal, algorithm) {
  if (isAborted(signal)) return;
  const algorithms = algorithmsOf(signal);
  if (algorithms !== null) algorithms.add(algorithm);
  else setAlgorithms(signal, new Set([algorithm]));
  updatePin(signal);
}

/** Take back an algorithm; harmless if it ran or was never added. */
export function removeAbortAlgorithm(signal, algorithm) {
  const algorithms = algorithmsOf(signal);
  if (algorithms === null || !algorithms.delete(algorithm)) return;
  if (algorithms.size === 0) setAlgorithms(signal, null);
  updatePin(signal);
}

// ---- Dependent signals -----------------------------------------------------------------

/** What links a signal to those it depends on and to those that depend on it. */
class Links {
  dependent = false;
  sources = [];
  dependents = [];
  pins = new Set();
  keeper = null;
  sweepAt = SWEEP_DEPENDENTS_AT;

  add(dependent) {
    if (this.dependents.length >= this.sweepAt) {
      this.dependents = this.dependents.filter((reference) => reference.deref());
      this.sweepAt = 2 * this.dependents.length + SWEEP_DEPENDENTS_AT;
    }
    this.dependents.push(new WeakRef(dependent));
  }
}

function makeLinks(signal) {
  return linksOf(signal) ?? setLinks(signal, new Links());
}

/**
 * A signal that aborts with the first of `signals`.
 * https://dom.spec.whatwg.org/#create-a-dependent-abort-signal
 */
export function createDependentSignal(signals) {
  const dependent = createAbortSignal();
  const aborted = signals.find(isAborted);
  if (aborted !== undefined) {
    setReason(dependent, abortReason(aborted));
    return dependent;
  }
  const links = makeLinks(dependent);
  links.dependent = true;
  links.sources = [...new Set(signals.flatMap(sourcesOf))];
  for (const source of links.sources) makeLinks(source).add(dependent);
  return dependent;
}

/** The signals that can abort this one: never dependent ones themselves. */
function sourcesOf(signal) {
  const links = linksOf(signal);
  return links !== null && links.dependent ? links.sources : signal;
}

/** The living dependents that are not aborted; nothing links to them afterwards. */
function takeDependents(signal) {
  const links = linksOf(signal);
  if (links === null) return [];
  const dependents = links.dependents
    .map((reference) => reference.deref())
    .filter((dependent) => dependent !== undefined && !isAborted(dependent));
  unlink(signal, links);
  for (const dependent of dependents) unlink(dependent, linksOf(dependent));
  return dependents;
}

function unlink(signal, links) {
  for (const source of links.sources) {
    const linksOfSource = linksOf(source);
    if (linksOfSource === null) continue;
    linksOfSource.pins.delete(signal);
    updateKeeper(source, linksOfSource);
  }
  if (links.keeper !== null) links.keeper.kept = null;
  setLinks(signal, null);
}

/**
 * Have `keeper.kept` hold a signal exactly while something waits for it, or for a signal that
 * depends on it; for whoever may abort it and is all that knows it.
 */
export function keepWhileAwaited(signal, keeper) {
  makeLinks(signal).keeper = keeper;
  updatePin(signal);
}

/** Have the sources of a dependent signal, and a keeper, hold it exactly while it is awaited. */
function updatePin(signal) {
  const links = linksOf(signal);
  if (links === null) return;
  const awaited = isAwaited(signal);
  for (const source of links.sources) {
    const linksOfSource = linksOf(source);
    if (awaited) linksOfSource.pins.add(signal);
    else linksOfSource.pins.delete(signal);
    updateKeeper(source, linksOfSource);
  }
  updateKeeper(signal, links);
}

function updateKeeper(signal, { keeper, pins }) {
  if (keeper !== null) keeper.kept = isAwaited(signal) || pins.size > 0 ? signal : null;
}

function isAwaited(signal) {
  return algorithmsOf(signal) !== null || hasListeners(signal, "abort");
}

provideSignals({
  isSignal: isAbortSignal,
  isAborted,
  addAlgorithm: addAbortAlgorithm,
  removeAlgorithm: removeAbortAlgorithm,
  listenersChanged(target) {
    if (isAbortSignal(target)) updatePin(target);
  },
});
