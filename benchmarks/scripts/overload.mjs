import { DurableObject } from "cloudflare:workers";

const ROUNDS = 50_000; // some milliseconds of an interpreter's time

function work() {
  let sum = 0;
  for (let i = 0; i < ROUNDS; i++) sum = (sum + i * i) % 1_000_003;
  return sum;
}

export class Counter extends DurableObject {
  async fetch() {
    work();
    const count = (this.ctx.storage.kv.get("count") ?? 0) + 1;
    this.ctx.storage.kv.put("count", count);
    return new Response(String(count));
  }

  count() {
    return this.ctx.storage.kv.get("count") ?? 0;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const counter = env.Counter.get(env.Counter.idFromName("one"));
    if (pathname === "/object") return counter.fetch(request);
    if (pathname === "/count") return new Response(String(await counter.count()));
    if (pathname === "/worker") return new Response(String(work()));
    return new Response("hello");
  },
};
