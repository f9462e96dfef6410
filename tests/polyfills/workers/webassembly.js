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
  same(WebAssembly.validate(new Uint8Array(8)), false);
}

export function a_memory_is_a_buffer() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const { buffer } = memory;
  same(buffer.byteLength, 65_536);
  same(memory.grow(2), 1);
  same(buffer.detached, true);
  same(memory.buffer.byteLength, 3 * 65_536);
  throws(() => memory.grow(1), RangeError);
  const shared = new WebAssembly.Memory({ shared: true, initial: 0, maximum: 0 });
  ok(shared.buffer instanceof SharedArrayBuffer);
  throws(() => new WebAssembly.Memory(), TypeError);
  throws(() => new WebAssembly.Memory({}), TypeError);
  throws(() => new WebAssembly.Memory({ initial: 1, shared: true }), TypeError);
  throws(() => new WebAssembly.Memory({ initial: 2, maximum: 1 }), RangeError);
  throws(() => new WebAssembly.Memory({ initial: 65_537 }), TypeError);
}

export function the_navigator_is_that_of_workerd() {
  equal(
    [navigator.userAgent, navigator.platform, navigator.language, navigator.languages.join(), navigator.hardwareConcurrency],
    ["Cloudflare-Workers", "", "en", "en", 1],
  );
  throws(() => navigator.sendBeacon(), TypeError);
}
