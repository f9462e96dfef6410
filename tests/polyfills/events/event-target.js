import { equal, ok, same, throws } from "./assert.js";
import { Event } from "holdfast:events/event.js";
import { ErrorEvent } from "holdfast:events/event-types.js";
import {
  EventTarget, globalTarget, hasListeners, reportError,
} from "holdfast:events/event-target.js";
import { AbortController, AbortSignal } from "holdfast:events/abort.js";

const fire = (target, type = "go", options) => target.dispatchEvent(new Event(type, options));

export function listeners_run_in_order_and_capturing_ones_first() {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener("go", () => seen.push("a"));
  target.addEventListener("go", () => seen.push("b"), true);
  target.addEventListener("go", () => seen.push("c"), { capture: true });
  same(fire(target), true);
  equal(seen, ["b", "c", "a"]);
}

export function a_listener_is_added_once_per_phase() {
  const target = new EventTarget();
  let count = 0;
  const listener = () => count++;
  target.addEventListener("go", listener);
  target.addEventListener("go", listener, { once: true });
  target.addEventListener("go", listener, true);
  fire(target);
  fire(target);
  same(count, 4);
}

export function during_dispatch_the_event_knows_its_target() {
  const target = new EventTarget();
  const event = new Event("go");
  let seen;
  target.addEventListener("go", function (e) {
    seen = [this, e.target, e.currentTarget, e.eventPhase, ...e.composedPath()];
  });
  target.dispatchEvent(event);
  ok(seen.every((value) => value === target || value === 2));
  equal([event.currentTarget, event.eventPhase], [null, 0]);
  same(event.target, target);
}

export function listeners_removed_during_dispatch_do_not_run() {
  const target = new EventTarget();
  const seen = [];
  const late = () => seen.push("late");
  target.addEventListener("go", () => target.removeEventListener("go", late));
  target.addEventListener("go", late);
  fire(target);
  equal(seen, []);
}

export function listeners_added_during_dispatch_wait_for_the_next_one() {
  const target = new EventTarget();
  let count = 0;
  const add = () => target.addEventListener("go", () => count++);
  target.addEventListener("go", add, { once: true });
  fire(target);
  same(count, 0);
  fire(target);
  same(count, 1);
}

export function a_capturing_listener_may_add_one_for_the_second_phase() {
  const target = new EventTarget();
  let count = 0;
  target.addEventListener("go", () => target.addEventListener("go", () => count++), true);
  target.addEventListener("go", () => {});
  fire(target);
  same(count, 1);
}

export function propagation_can_be_stopped() {
  const target = new EventTarget();
  const seen = [];
  target.addEventListener("go", (e) => e.stopPropagation(), true);
  target.addEventListener("go", () => seen.push("other capturing"), true);
  target.addEventListener("go", () => seen.push("second phase"));
  fire(target);
  equal(seen, ["other capturing"]);
  const event = new Event("go");
  event.stopPropagation();
  target.dispatchEvent(event);
  equal(seen, ["other capturing"]);
  same(event.cancelBubble, false);
}

export function immediate_propagation_can_be_stopped() {
  const target = new EventTarget();
  let count = 0;
  target.addEventListener("go", (e) => e.stopImmediatePropagation());
  target.addEventListener("go", () => count++);
  fire(target);
  same(count, 0);
}

export function passive_listeners_cannot_cancel() {
  const target = new EventTarget();
  target.addEventListener("go", (e) => e.preventDefault(), { passive: true });
  same(fire(target, "go", { cancelable: true }), true);
  target.addEventListener("go", (e) => e.preventDefault());
  same(fire(target, "go", { cancelable: true }), false);
}

export function objects_with_handle_event_listen() {
  const target = new EventTarget();
  const seen = [];
  const listener = { handleEvent(e) { seen.push(this === listener, e.type); } };
  target.addEventListener("go", listener);
  fire(target);
  equal(seen, [true, "go"]);
}

export function handle_event_is_looked_up_at_each_dispatch() {
  const target = new EventTarget();
  const listener = {};
  let count = 0;
  target.addEventListener("go", listener);
  listener.handleEvent = () => count++;
  fire(target);
  same(count, 1);
}

export function null_listens_to_nothing_and_other_values_are_refused() {
  const target = new EventTarget();
  target.addEventListener("go", null);
  target.addEventListener("go", undefined);
  same(hasListeners(target, "go"), false);
  target.removeEventListener("go", null);
  throws(() => target.addEventListener("go", 1), "TypeError");
  throws(() => target.addEventListener("go"), "TypeError");
  throws(() => target.addEventListener("go", null, { signal: null }), "TypeError");
}

export function exceptions_are_reported_and_do_not_stop_the_others() {
  const target = new EventTarget();
  const error = new Error("broken listener");
  const reported = [];
  const onError = (e) => {
    reported.push(e);
    e.preventDefault();
  };
  globalTarget.addEventListener("error", onError);
  let count = 0;
  target.addEventListener("go", () => { throw error; });
  target.addEventListener("go", {});
  target.addEventListener("go", () => count++);
  fire(target);
  globalTarget.removeEventListener("error", onError);
  same(count, 1);
  same(reported.length, 2);
  ok(reported[0] instanceof ErrorEvent);
  same(reported[0].error, error);
  same(reported[0].message, "Uncaught Error: broken listener");
  ok(reported[0].isTrusted && reported[0].target === globalThis);
  same(reported[1].error.name, "TypeError");
}

export function report_error_reaches_listeners_of_the_global_object() {
  const seen = [];
  const listener = (e) => {
    seen.push(e.error);
    e.preventDefault();
  };
  EventTarget.prototype.addEventListener.call(undefined, "error", listener);
  reportError("text");
  EventTarget.prototype.removeEventListener.call(globalThis, "error", listener);
  equal(seen, ["text"]);
  throws(() => reportError(), "TypeError");
}

export function an_aborted_signal_removes_its_listeners() {
  const target = new EventTarget();
  const controller = new AbortController();
  let count = 0;
  target.addEventListener("go", () => count++, { signal: controller.signal });
  fire(target);
  controller.abort();
  fire(target);
  same(count, 1);
  target.addEventListener("go", () => count++, { signal: AbortSignal.abort() });
  same(hasListeners(target, "go"), false);
}

export function an_event_cannot_be_dispatched_within_itself() {
  const target = new EventTarget();
  let error;
  target.addEventListener("go", (e) => {
    error = throws(() => target.dispatchEvent(e), "InvalidStateError");
  });
  fire(target);
  ok(error);
  throws(() => target.dispatchEvent({}), "TypeError");
  throws(() => target.dispatchEvent(null), "TypeError");
}

export function subclasses_are_targets() {
  class Chat extends EventTarget {}
  let seen;
  const chat = new Chat();
  chat.addEventListener("go", (e) => (seen = e.target));
  fire(chat);
  same(seen, chat);
  throws(() => EventTarget.prototype.addEventListener.call({}, "go", null), "TypeError");
}
