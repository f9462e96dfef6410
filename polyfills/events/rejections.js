// The events "unhandledrejection" and "rejectionhandled" of the global object:
// https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections
//
// The engine tells at the end of each turn which promises ended it rejected with nobody
// listening, and which of earlier ones have been listened to since. The events are turns
// that follow.

import { console_exception } from "holdfast:ops";
import { describeError, identityOf } from "../kernel/errors.js";
import { lazily } from "../kernel/lazy.js";
import { Context, currentContext, queueTurn } from "../kernel/turns.js";
import { dispatchTrusted, globalTarget, hasListeners } from "./event-target.js";

const types = lazily("events/event-types.js");

// What becomes of a rejection that was heard of.
const QUEUED = 0; // its event is still to come
const TOLD = 1; // its event was dispatched in the turn that runs
const OUTSTANDING = 2; // nobody had listened to the promise by the end of that turn

/** promise → { context, reason, stage }; while a script listens for either event. */
const rejections = new WeakMap();

const listenedFor = (type) => hasListeners(globalTarget, type);

/**
 * Entry point: a turn ended with this promise rejected and nobody listening. Returns
 * whether it will be told here; else the host's log gets it.
 */
export function promiseRejected(promise, reason) {
  if (!listenedFor("unhandledrejection")) {
    if (listenedFor("rejectionhandled")) remember(promise, reason, OUTSTANDING);
    return false;
  }
  const rejection = remember(promise, reason, QUEUED);
  queueTurn(rejection.context, tellUnhandled, promise);
  return true;
}

function remember(promise, reason, stage) {
  const rejection = { context: currentContext() ?? new Context(), reason, stage };
  rejections.set(promise, rejection);
  return rejection;
}

/** Entry point: somebody has come to listen to a promise that was rejected in an earlier turn. */
export function rejectionHandled(promise) {
  const rejection = rejections.get(promise);
  if (rejection === undefined) return;
  rejections.delete(promise);
  if (rejection.stage !== OUTSTANDING || !listenedFor("rejectionhandled")) return;
  queueTurn(rejection.context, () => {
    const { reason } = rejection;
    const { PromiseRejectionEvent } = types();
    dispatchTrusted(globalTarget, new PromiseRejectionEvent("rejectionhandled", { promise, reason }));
  });
}

function tellUnhandled(promise) {
  const rejection = rejections.get(promise);
  if (rejection === undefined) return;
  const { context, reason } = rejection;
  rejection.stage = TOLD;
  queueTurn(context, () => (rejection.stage = OUTSTANDING));
  const { PromiseRejectionEvent } = types();
  const init = { cancelable: true, promise, reason };
  if (dispatchTrusted(globalTarget, new PromiseRejectionEvent("unhandledrejection", init))) {
    const number = context.number ?? 0;
    console_exception("(in promise) ", describeError(reason), ...identityOf(reason), number);
  }
}
