// `node serve.mjs PORT DATE FOLDER`: the Worker of main.mjs with D1 in Miniflare, its data in FOLDER.
import { Miniflare } from "miniflare";

const [port, compatibilityDate, persist] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: "main.mjs" }, { type: "ESModule", path: "observe.mjs" }],
  rootPath: import.meta.dirname,
  modulesRoot: import.meta.dirname,
  port: Number(port),
  compatibilityDate,
  d1Databases: { DB: "db" },
  d1Persist: persist,
  durableObjects: { OBJECTS: { className: "Objects", useSQLite: true } },
});
await miniflare.ready;
console.log("ready");
