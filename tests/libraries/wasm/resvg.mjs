import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm";
const ready = initWasm(wasm);
export default { async fetch() {
  await ready;
  const png = new Resvg('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30" fill="red"/></svg>').render().asPng();
  return new Response(png[1] === 80 && png.length > 200 ? "ok" : `${png.length}`);
} };
