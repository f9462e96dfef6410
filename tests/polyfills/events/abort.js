import { equal, ok, same, throws } from "./assert.js";
import { Event } from "holdfast:events/event.js";
import {
  AbortController, AbortSignal, addAbortAlgorithm, removeAbortAlgorithm, signalAbort,
} from "holdfast:events/abort.js";

export function a_controller_aborts_its_signal_once() {
  const controller = new AbortController();
  const { signal } = controller;
  same(controller.signal, signal);
  equal([signal.aborted, signal.reason], [false, undefined]);
  signal.throwIfAborted();
  let events = 0;
  signal.addEventListener("abort", (e) => (events += e.isTrusted ? 1 : 100));
  controller.abort();
  controller.abort("again");
  same(events, 1);
  ok(signal.aborted);
  equal([signal.reason.name, signal.reason.code], ["AbortError", 20]);
  same(throws(() => signal.throwIfAborted(), "AbortError"), signal.reason);
}

export function a_reason_may_be_anything_but_undefined() {
  const controller = new AbortController();
  controller.abort(null);
  equal([controller.signal.aborted, controller.signal.reason], [true, null]);
  same(AbortSignal.abort(undefined).reason.name, "AbortError");
  same(AbortSignal.abort(7).reason, 7);
}

export function a_signal_is_not_constructed_by_scripts() {
  throws(() => new AbortSignal(), "TypeError");
  same(AbortSignal.length, 0);
  same(Object.prototype.toString.call(AbortSignal.abort()), "[object AbortSignal]");
}

export function algorithms_run_before_the_event_and_can_be_taken_back() {
  const controller = new AbortController();
  const seen = [];
  const dropped = () => seen.push("dropped");
  controller.signal.addEventListener("abort", () => seen.push("event"));
  addAbortAlgorithm(controller.signal, dropped);
  addAbortAlgorithm(controller.signal, () => seen.push("algorithm"));
  removeAbortAlgorithm(controller.signal, dropped);
  signalAbort(controller.signal, "why");
  equal(seen, ["algorithm", "event"]);
  same(controller.signal.reason, "why");
}

export function the_handler_attribute_keeps_its_place() {
  const { signal } = new AbortController();
  const seen = [];
  same(signal.onabort, null);
  signal.onabort = () => seen.push("first value");
  signal.addEventListener("abort", () => seen.push("listener"));
  signal.onabort = () => seen.push("handler");
  signalAbort(signal);
  equal(seen, ["handler", "listener"]);
  signal.onabort = 5;
  same(signal.onabort, null);
  const idle = {};
  signal.onabort = idle;
  same(signal.onabort, idle);
  signal.dispatchEvent(new Event("abort"));
}

export function a_handler_that_returns_false_cancels() {
  const { signal } = new AbortController();
  signal.onabort = () => false;
  same(signal.dispatchEvent(new Event("abort", { cancelable: true })), false);
}

export function any_follows_the_first_source() {
  const a = new AbortController();
  const b = new AbortController();
  const any = AbortSignal.any([a.signal, b.signal]);
  const nested = AbortSignal.any([any, a.signal]);
  const seen = [];
  nested.onabort = () => seen.push("nested");
  any.onabort = () => seen.push(`any, nested ${nested.aborted}`);
  a.signal.onabort = () => seen.push(`source, any ${any.aborted}`);
  a.abort("why");
  b.abort("late");
  equal(seen, ["source, any true", "any, nested true", "nested"]);
  same(any.reason, "why");
}

export function any_of_an_aborted_signal_is_aborted() {
  const reason = {};
  const any = AbortSignal.any([new AbortController().signal, AbortSignal.abort(reason)]);
  same(any.reason, reason);
  same(AbortSignal.any([]).aborted, false);
  same(AbortSignal.any(new Set()).aborted, false);
  throws(() => AbortSignal.any([1]), "TypeError");
  throws(() => AbortSignal.any(), "TypeError");
}

export function what_waits_for_a_dependent_signal_keeps_it() {
  const controller = new AbortController();
  let count = 0;
  AbortSignal.any([controller.signal]).onabort = () => count++;
  AbortSignal.any([AbortSignal.any([controller.signal])]).addEventListener("abort", () => count++);
  controller.abort();
  same(count, 2);
}

export function dependents_that_nobody_keeps_are_dropped() {
  const controller = new AbortController();
  const references = [];
  for (let i = 0; i < 100; i++) references.push(new WeakRef(AbortSignal.any([controller.signal])));
  return Promise.resolve().then(() => {
    ok(references.filter((reference) => reference.deref()).length < 2);
  });
}

export async function timeout_aborts_with_a_timeout_error() {
  const signal = AbortSignal.timeout(1);
  const any = AbortSignal.any([signal]);
  await new Promise((resolve) => (any.onabort = resolve));
  equal([signal.reason.name, signal.reason.code], ["TimeoutError", 23]);
  same(any.reason, signal.reason);
  throws(() => AbortSignal.timeout(-1), "TypeError");
  throws(() => AbortSignal.timeout(NaN), "TypeError");
  throws(() => AbortSignal.timeout(), "TypeError");
}
