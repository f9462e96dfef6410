// `node serve.mjs PORT DATE BINDINGS`: the Worker of main.mjs in Miniflare, with what sends mail.
import { Miniflare } from "miniflare";

const [port, compatibilityDate, bindings] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: "main.mjs" }, { type: "ESModule", path: "observe.mjs" }],
  rootPath: import.meta.dirname,
  modulesRoot: import.meta.dirname,
  port: Number(port),
  compatibilityDate,
  unsafeTriggerHandlers: true,
  email: { send_email: JSON.parse(bindings) },
});
await miniflare.ready;
console.log("ready");
