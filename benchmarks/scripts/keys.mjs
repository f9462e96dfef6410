// What `benchmarks/growth/keys.py` asks one object: work on as many keys as it was filled with.

import { DurableObject } from "cloudflare:workers";

const BATCH = 128; // keys that one `put` takes at most

export default {
  fetch(request, env) {
    if (request.url.endsWith("/hello")) return new Response("ready");
    const name = new URL(request.url).searchParams.get("of");
    return env.Filled.get(env.Filled.idFromName(name)).fetch(request);
  },
};

const keyOf = (number) => `key ${String(number).padStart(8, "0")}`;

export class Filled extends DurableObject {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const [keys, count] = ["keys", "count"].map((name) => Number(searchParams.get(name)));
    await this[pathname.slice(1)](keys, count);
    return new Response("done");
  }

  /** Add `count` keys to `keys` that are there. */
  async fill(keys, count) {
    for (let first = keys; first < keys + count; first += BATCH) {
      const length = Math.min(BATCH, keys + count - first);
      const entries = Array.from({ length }, (_, index) => [keyOf(first + index), first + index]);
      await this.ctx.storage.put(Object.fromEntries(entries));
    }
  }

  async get(keys, count) {
    for (let done = 0; done < count; done++) await this.ctx.storage.get(someKey(keys));
  }

  async put(keys, count) {
    for (let done = 0; done < count; done++) await this.ctx.storage.put(someKey(keys), done);
  }

  async list(keys, count) {
    const { storage } = this.ctx;
    for (let done = 0; done < count; done++) await storage.list({ start: someKey(keys), limit: 100 });
  }
}

const someKey = (keys) => keyOf(Math.floor(Math.random() * keys));
