import { lazily } from "holdfast:kernel/lazy.js";
import * as eager from "holdfast:url/url.js";
import { equal, same, throws } from "./assert.js";

export function a_lazy_global_becomes_an_ordinary_property_with_its_first_use() {
  const { URLPattern } = globalThis;
  const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(
    globalThis,
    "URLPattern",
  );
  same(value, URLPattern);
  same([writable, enumerable, configurable].join(), "true,false,true");
  same(globalThis.URLPattern, URLPattern);
}

export function before_that_it_looks_like_one_to_whoever_asks() {
  const facts = { writable: true, enumerable: false, configurable: true };
  const ofObject = Object.getOwnPropertyDescriptor(globalThis, "TransformStream");
  const ofReflect = Reflect.getOwnPropertyDescriptor(globalThis, "FormData");
  equal(ofObject, { value: TransformStream, ...facts });
  equal(ofReflect, { value: FormData, ...facts });
  const { EventSource: found, performance: clock } = Object.getOwnPropertyDescriptors(globalThis);
  equal(found, { value: EventSource, ...facts });
  equal(clock, { value: performance, ...facts, enumerable: true });
}

export function asking_is_as_it_was() {
  const { getOwnPropertyDescriptor, getOwnPropertyDescriptors } = Object;
  equal([getOwnPropertyDescriptor.name, getOwnPropertyDescriptor.length], ["getOwnPropertyDescriptor", 2]);
  equal([getOwnPropertyDescriptors.length, Reflect.getOwnPropertyDescriptor.length], [1, 2]);
  equal(getOwnPropertyDescriptor({ x: 1 }, "x").value, 1);
  same(getOwnPropertyDescriptor(globalThis, "noSuchThing"), undefined);
  throws(() => Reflect.getOwnPropertyDescriptor(1, "x"), TypeError);
  equal(Object.keys(Object), []);
}

export function a_script_may_put_its_own_in_the_place_of_a_lazy_global() {
  const mine = class URLPattern {};
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "URLPattern");
  globalThis.URLPattern = mine;
  same(globalThis.URLPattern, mine);
  Object.defineProperty(globalThis, "URLPattern", descriptor);
}

export function a_module_that_is_loaded_already_is_not_loaded_again() {
  const load = lazily("url/url.js");
  same(load().URL, eager.URL);
  same(load(), load());
}

export function a_module_that_does_not_exist_is_told() {
  throws(() => lazily("no/such.js")(), Error);
}

export function a_module_first_needed_where_the_stack_ends_is_whole() {
  const load = lazily("html-rewriter/html-rewriter.js");
  let isLoaded = false;
  const descend = () => {
    try {
      descend();
    } catch {
      // At the end; what follows is tried again by each caller until there is room for the call.
    }
    try {
      isLoaded ||= load() !== undefined;
    } catch {
      // Not yet.
    }
  };
  descend();
  same(isLoaded, true);
  same(typeof load().HTMLRewriter, "function");
}
