import { equal, ok, same, throws } from "./assert.js";
import { Event } from "holdfast:events/event.js";
import {
  CloseEvent, CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent,
} from "holdfast:events/event-types.js";
import { dispatchTrusted, EventTarget } from "holdfast:events/event-target.js";

export function an_event_has_what_its_dictionary_says() {
  const event = new Event("go", { cancelable: 1, bubbles: true });
  equal(
    [event.type, event.bubbles, event.cancelable, event.composed, event.eventPhase],
    ["go", true, true, false, 0],
  );
  equal([event.target, event.srcElement, event.currentTarget], [null, null, null]);
  equal(event.composedPath(), []);
  ok(event.timeStamp > 0);
}

export function a_type_is_required_and_may_be_undefined() {
  throws(() => new Event(), "TypeError");
  throws(() => Event("x"), "TypeError");
  same(new Event(undefined).type, "undefined");
  throws(() => new Event(Symbol("x")), "TypeError");
  throws(() => new Event("x", 1), "TypeError");
}

export function is_trusted_is_an_own_accessor_that_cannot_be_changed() {
  const one = Object.getOwnPropertyDescriptor(new Event("a"), "isTrusted");
  const other = Object.getOwnPropertyDescriptor(new Event("b"), "isTrusted");
  same(one.get, other.get);
  equal([one.set, one.enumerable, one.configurable], [undefined, true, false]);
  throws(() => one.get.call({}), "TypeError");
}

export function only_the_runtime_makes_trusted_events() {
  const event = new Event("a");
  const seen = [];
  const target = new EventTarget();
  target.addEventListener("a", (e) => seen.push(e.isTrusted));
  target.dispatchEvent(event);
  dispatchTrusted(target, event);
  target.dispatchEvent(event);
  equal(seen, [false, true, false]);
}

export function phases_are_constants_of_interface_and_prototype() {
  for (const holder of [Event, Event.prototype]) {
    equal(
      [holder.NONE, holder.CAPTURING_PHASE, holder.AT_TARGET, holder.BUBBLING_PHASE],
      [0, 1, 2, 3],
    );
  }
}

export function legacy_cancelling_follows_the_flags() {
  const event = new Event("x", { cancelable: true });
  event.returnValue = true;
  same(event.defaultPrevented, false);
  event.returnValue = false;
  equal([event.defaultPrevented, event.returnValue], [true, false]);
  event.cancelBubble = false;
  same(event.cancelBubble, false);
  event.cancelBubble = true;
  event.cancelBubble = false;
  same(event.cancelBubble, true);
  const firm = new Event("x");
  firm.preventDefault();
  same(firm.defaultPrevented, false);
}

export function init_event_starts_over_unless_dispatching() {
  const event = new Event("x", { cancelable: true, bubbles: true });
  event.preventDefault();
  event.stopPropagation();
  event.initEvent("y", false, true);
  equal(
    [event.type, event.bubbles, event.cancelable, event.defaultPrevented, event.cancelBubble],
    ["y", false, true, false, false],
  );
  const target = new EventTarget();
  target.addEventListener("y", (e) => e.initEvent("z"));
  target.dispatchEvent(event);
  same(event.type, "y");
  throws(() => event.initEvent(), "TypeError");
}

export function members_of_an_interface_are_enumerable() {
  const keys = Object.keys(Event.prototype);
  ok(keys.includes("preventDefault") && keys.includes("type") && !keys.includes("constructor"));
  same(Object.prototype.toString.call(new Event("x")), "[object Event]");
  same(Event.length, 1);
}

export function a_method_refuses_a_strange_receiver() {
  throws(() => Event.prototype.preventDefault.call({}), "TypeError");
  throws(() => Object.getOwnPropertyDescriptor(Event.prototype, "type").get.call({}), "TypeError");
}

export function custom_events_carry_their_detail() {
  same(new CustomEvent("x").detail, null);
  same(new CustomEvent("x", { detail: 0 }).detail, 0);
  const event = new CustomEvent("x");
  event.initCustomEvent("y", true, true, "d");
  equal([event.type, event.bubbles, event.detail], ["y", true, "d"]);
  ok(event instanceof Event);
}

export function error_events_convert_their_members() {
  const error = new Error("e");
  const event = new ErrorEvent("error", { message: 1, filename: "f\ud800", lineno: -1, error });
  equal(
    [event.message, event.filename, event.lineno, event.colno],
    ["1", "f\ufffd", 4294967295, 0],
  );
  same(event.error, error);
  same(new ErrorEvent("error").error, undefined);
}

export function message_events_have_frozen_ports() {
  const event = new MessageEvent("message", { data: "d", origin: "o", lastEventId: 5 });
  equal([event.data, event.origin, event.lastEventId, event.source], ["d", "o", "5", null]);
  ok(Object.isFrozen(event.ports));
  same(event.ports, event.ports);
  same(new MessageEvent("message").data, null);
  throws(() => new MessageEvent("message", { ports: null }), "TypeError");
  event.initMessageEvent("m", true, false, 1, "p", "6");
  equal([event.type, event.bubbles, event.data, event.origin], ["m", true, 1, "p"]);
}

export function close_events_wrap_their_code() {
  const event = new CloseEvent("close", { code: 65537, reason: "r", wasClean: 1 });
  equal([event.code, event.reason, event.wasClean], [1, "r", true]);
}

export function a_rejection_event_needs_its_promise() {
  throws(() => new PromiseRejectionEvent("x"), "TypeError");
  throws(() => new PromiseRejectionEvent("x", {}), "TypeError");
  const promise = Promise.resolve();
  const event = new PromiseRejectionEvent("x", { promise, reason: 1 });
  same(event.promise, promise);
  same(event.reason, 1);
}

export function dictionary_members_are_read_in_order() {
  const read = [];
  const options = new Proxy({}, { get: (_, key) => void read.push(key) });
  new ErrorEvent("x", options);
  const own = ["colno", "error", "filename", "lineno", "message"];
  equal(read, ["bubbles", "cancelable", "composed", ...own]);
}
