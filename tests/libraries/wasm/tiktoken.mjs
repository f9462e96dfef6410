import { Tiktoken, init } from "tiktoken/lite/init";
import model from "tiktoken/encoders/cl100k_base.json";
import wasm from "tiktoken/lite/tiktoken_bg.wasm";
export default { async fetch() {
  await init((imports) => WebAssembly.instantiate(wasm, imports));
  const enc = new Tiktoken(model.bpe_ranks, model.special_tokens, model.pat_str);
  const tokens = enc.encode("hello world"); const text = new TextDecoder().decode(enc.decode(tokens));
  enc.free();
  return new Response(`${tokens}` === "15339,1917" && text === "hello world" ? "ok" : `${tokens} ${text}`);
} };
