// `node serve.mjs PORT DATE FOLDER`: the Worker of main.mjs in Miniflare, its data in FOLDER.
import { Miniflare } from "miniflare";

const [port, compatibilityDate, persist] = process.argv.slice(2);
const miniflare = new Miniflare({
  name: "flows",
  modules: [{ type: "ESModule", path: "main.mjs" }],
  rootPath: import.meta.dirname,
  modulesRoot: import.meta.dirname,
  port: Number(port),
  compatibilityDate,
  workflows: { FLOW: { name: "flow", className: "Flow" } },
  workflowsPersist: persist,
});
await miniflare.ready;
console.log("ready");
