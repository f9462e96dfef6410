import { equal, ok, rejects, same, throws } from "./assert.js";

export function whoever_asks_for_WebAssembly_finds_none() {
  same(typeof WebAssembly, "undefined");
  same(typeof globalThis.WebAssembly, "undefined");
  ok(!WebAssembly);
  ok(WebAssembly == undefined);
  equal(Object.keys(globalThis).filter((name) => name === "WebAssembly"), []);
}

export async function whoever_uses_it_unasked_is_told_why_it_fails() {
  const error = await rejects(WebAssembly.instantiate(new Uint8Array(8), {}), "CompileError");
  ok(/WebAssembly is not available.*JavaScript only/.test(error.message));
  ok(error instanceof WebAssembly.CompileError);
  await rejects(WebAssembly.compile(new Uint8Array(8)), "CompileError");
  throws(() => new WebAssembly.Module(new Uint8Array(8)), "CompileError");
  throws(() => new WebAssembly.Memory({ initial: 1 }), "CompileError");
  same(WebAssembly.validate(new Uint8Array(8)), false);
}

export function the_navigator_is_that_of_workerd() {
  equal(
    [navigator.userAgent, navigator.platform, navigator.language, navigator.languages.join(), navigator.hardwareConcurrency],
    ["Cloudflare-Workers", "", "en", "en", 1],
  );
  throws(() => navigator.sendBeacon(), TypeError);
}
