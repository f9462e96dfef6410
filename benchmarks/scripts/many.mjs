// What `benchmarks/many.py` fills with objects: each request touches a range of them.

import { DurableObject } from "cloudflare:workers";

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/hello") return new Response("ready");
    const first = Number(searchParams.get("first"));
    const calls = Array.from({ length: Number(searchParams.get("count")) }, (_, index) => {
      const stub = env.Kept.get(env.Kept.idFromName(`object ${first + index}`));
      return stub.fetch(`http://object${pathname}`);
    });
    const answers = await Promise.all(calls);
    return new Response(String(answers.filter((answer) => answer.ok).length));
  },
};

export class Kept extends DurableObject {
  async fetch(request) {
    const { storage } = this.ctx;
    if (request.url.endsWith("/store")) await storage.put("value", "something to remember");
    return new Response(null, { status: (await storage.get("value")) === undefined ? 404 : 204 });
  }
}
