// Counts the visits of each page; the pages themselves are static assets.

import { DurableObject } from "cloudflare:workers";

export class Visits extends DurableObject {
  async add() {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const page = url.searchParams.get("page") ?? "/";
    const found = await env.ASSETS.fetch(new URL(page, url), { method: "HEAD" });
    if (url.pathname !== "/api/visits" || !found.ok) {
      return new Response("There is no such page.\n", { status: 404 });
    }
    return Response.json({ page, visits: await env.VISITS.getByName(page).add() });
  },
};
