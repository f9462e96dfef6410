// Files by their paths, in an R2 bucket: PUT stores one, GET and HEAD read it, or a range of it,
// DELETE removes it. A path that ends in "/" lists what is below.

export default {
  async fetch(request, env) {
    const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (key === "" || key.endsWith("/")) return list(env.FILES, key);
    switch (request.method) {
      case "PUT":
        return put(env.FILES, key, request);
      case "GET":
      case "HEAD":
        return get(env.FILES, key, request);
      case "DELETE":
        await env.FILES.delete(key);
        return new Response(null, { status: 204 });
      default:
        return new Response("Method Not Allowed\n", { status: 405 });
    }
  },
};

/** The body goes to the disk as it comes. With `If-Match` it replaces that version and no other. */
async function put(bucket, key, { body, headers }) {
  const object = await bucket.put(key, body, { onlyIf: headers, httpMetadata: headers });
  if (object === null) return new Response("Precondition Failed\n", { status: 412 });
  return new Response(`${object.size} bytes\n`, { status: 201, headers: { ETag: object.httpEtag } });
}

async function get(bucket, key, { headers: asked }) {
  const object = await bucket.get(key, { onlyIf: asked, range: asked });
  if (object === null) return new Response("Not Found\n", { status: 404 });
  const headers = new Headers({ ETag: object.httpEtag, "Accept-Ranges": "bytes" });
  object.writeHttpMetadata(headers);
  // Without a body, the client has this version already, or does not want it.
  if (!object.body) return new Response(null, { status: asked.has("If-Match") ? 412 : 304, headers });
  const { offset, length } = object.range;
  if (length === object.size) return new Response(object.body, { headers });
  headers.set("Content-Range", `bytes ${offset}-${offset + length - 1}/${object.size}`);
  return new Response(object.body, { status: 206, headers });
}

async function list(bucket, prefix) {
  let text = "";
  let cursor;
  do {
    const page = await bucket.list({ prefix, delimiter: "/", cursor });
    for (const folder of page.delimitedPrefixes) text += `${folder}\n`;
    for (const { key, size } of page.objects) text += `${key} ${size}\n`;
    cursor = page.cursor;
  } while (cursor);
  return new Response(text);
}
