// `node serve.mjs PORT DATE FOLDER`: the Worker of worker.mjs with a bucket in Miniflare, kept in FOLDER.
import { Miniflare } from "miniflare";

const [port, compatibilityDate, persist] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: true,
  scriptPath: new URL("worker.mjs", import.meta.url).pathname,
  compatibilityDate,
  host: "127.0.0.1",
  port: Number(port),
  r2Buckets: { BUCKET: "bucket" },
  r2Persist: persist,
});
await miniflare.ready;
console.log("ready");
