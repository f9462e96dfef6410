import { argon2i, argon2Verify, setWASMModules } from "argon2-wasm-edge";
import argon2WASM from "argon2-wasm-edge/wasm/argon2.wasm";
import blake2bWASM from "argon2-wasm-edge/wasm/blake2b.wasm";
setWASMModules({ argon2WASM, blake2bWASM });
export default { async fetch() {
  const hash = await argon2i({ password: "test", salt: new Uint8Array(16).fill(7), parallelism: 1, iterations: 2, memorySize: 256, hashLength: 32, outputType: "encoded" });
  const [good, bad] = [await argon2Verify({ password: "test", hash }), await argon2Verify({ password: "tost", hash })];
  return new Response(good && !bad && hash.startsWith("$argon2i$") ? "ok" : `${hash} ${good} ${bad}`);
} };
