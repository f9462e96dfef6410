// R2 as libraries use it: Hono serves static files and uploads, unstorage keeps values.

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cache } from "hono/cache";
import { etag } from "hono/etag";
import { serveStatic } from "hono/serve-static";
import { createStorage } from "unstorage";
import bucketDriver from "unstorage/drivers/cloudflare-r2-binding";

const app = new Hono();

// An image store, with what a form uploads.
app.post("/images", bodyLimit({ maxSize: 1 << 20 }), async (c) => {
  const { file } = await c.req.parseBody();
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const stored = await c.env.FILES.put(`images/${file.name}`, file, {
    httpMetadata: { contentType: file.type, cacheControl: "public, max-age=60" },
    customMetadata: { from: c.req.header("X-User") ?? "nobody" },
    sha256: digest,
  });
  return c.json({ key: stored.key, size: stored.size, sha256: stored.checksums.toJSON().sha256 });
});
app.get("/images", async (c) => {
  const { objects } = await c.env.FILES.list({ prefix: "images/", include: ["customMetadata"] });
  return c.json(objects.map(({ key, customMetadata }) => [key, customMetadata.from]));
});
app.get("/images/:name", cache({ cacheName: "images" }), async (c) => {
  const object = await c.env.FILES.get(`images/${c.req.param("name")}`, {
    onlyIf: c.req.raw.headers,
    range: c.req.raw.headers,
  });
  if (object === null) return c.notFound();
  const headers = new Headers();
  object.writeHttpMetadata(headers);
  headers.set("etag", object.httpEtag);
  if (!object.body) return new Response(null, { status: 304, headers });
  if (!c.req.header("range")) return new Response(object.body, { headers });
  const { offset, length } = object.range;
  headers.set("content-range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
  return new Response(object.body, { headers, status: 206 });
});

app.get("/unstorage", async (c) => {
  const storage = createStorage({ driver: bucketDriver({ binding: c.env.FILES, base: "kept" }) });
  await storage.setItem("a:b", { n: 1 });
  await storage.setItemRaw("raw", new Uint8Array([1, 2]));
  const told = [
    await storage.getItem("a:b"),
    [...new Uint8Array(await storage.getItemRaw("raw"))],
    (await storage.getKeys()).sort(),
    await storage.hasItem("none"),
    (await storage.getMeta("a:b")).size,
  ];
  await storage.removeItem("a:b");
  await storage.clear();
  return c.json([...told, await storage.getKeys()]);
});

app.put("/static/*", async (c) => {
  await c.env.FILES.put(c.req.path.slice(1), c.req.raw.body);
  return c.body(null, 204);
});
app.use(
  "/static/*",
  etag(),
  serveStatic({
    root: "./",
    getContent: async (path, c) => (await c.env.FILES.get(path))?.body ?? null,
  }),
);

export default app;
