// Serves worker.mjs by Miniflare, with a bucket in a folder: `node miniflare.mjs PORT FOLDER`.

const { Miniflare } = await import(process.env.MINIFLARE);
const [port, folder] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: true,
  scriptPath: new URL("worker.mjs", import.meta.url).pathname,
  compatibilityDate: "2026-07-01",
  host: "127.0.0.1",
  port: Number(port),
  r2Buckets: { BUCKET: "bucket" },
  r2Persist: folder,
});
await miniflare.ready;
console.log("ready");
