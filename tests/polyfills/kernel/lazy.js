import { lazily } from "holdfast:kernel/lazy.js";
import * as eager from "holdfast:url/url.js";
import { same, throws } from "./assert.js";

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
