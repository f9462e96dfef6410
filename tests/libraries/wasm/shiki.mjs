import { createHighlighterCore } from "shiki/core";
import { createOnigurumaEngine } from "shiki/engine/oniguruma";
import theme from "@shikijs/themes/nord";
import js from "@shikijs/langs/javascript";
import wasm from "shiki/onig.wasm";
const made = createHighlighterCore({ themes: [theme], langs: [js], engine: createOnigurumaEngine((imports) => WebAssembly.instantiate(wasm, imports)) });
export default { async fetch() {
  const html = (await made).codeToHtml("const x = `a${1}`; // hi", { lang: "javascript", theme: "nord" });
  return new Response(html.includes("#81A1C1") && html.includes("// hi") ? "ok" : html);
} };
