import { routePartykitRequest, Server } from "partyserver";

export class Party extends Server {
  async onStart() {
    this.started = true;
  }

  async onRequest(request) {
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return Response.json({
      name: this.name,
      started: this.started,
      count,
      path: new URL(request.url).pathname,
    });
  }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response("ok");
  },
};
