import { equal, ok, rejects, same, throws } from "./assert.js";

export async function code_is_not_made_in_handlers() {
  const refused = [
    ["compile()", await rejects(WebAssembly.compile(new Uint8Array(8)), WebAssembly.CompileError)],
    ["instantiate()", await rejects(WebAssembly.instantiate(new Uint8Array(8)), WebAssembly.CompileError)],
    ["Module()", throws(() => new WebAssembly.Module(new Uint8Array(8)), WebAssembly.CompileError)],
  ];
  for (const [what, error] of refused) {
    same(error.message, `WebAssembly.${what}: Wasm code generation disallowed by embedder`);
    ok(error instanceof Error);
  }
  same(WebAssembly.validate(new Uint8Array(8)), false);
  same(WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])), true);
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
  throws(() => new WebAssembly.Memory({ initial: 65_537 }), RangeError);
}

export function the_navigator_is_that_of_workerd() {
  equal(
    [navigator.userAgent, navigator.platform, navigator.language, navigator.languages.join(), navigator.hardwareConcurrency],
    ["Cloudflare-Workers", "", "en", "en", 1],
  );
  throws(() => navigator.sendBeacon(), TypeError);
}
