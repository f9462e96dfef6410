import { Parser } from "web-tree-sitter";
import wasm from "web-tree-sitter/web-tree-sitter.wasm";
export default { async fetch() {
  await Parser.init({ instantiateWasm(imports, done) { WebAssembly.instantiate(wasm, imports).then((i) => done(i, wasm)); return {}; } });
  const p = new Parser(); 
  return new Response(p.parse.length >= 1 ? "ok" : "no");
} };
