// Apps that visitors write. PUT /name keeps the code of one, which exports a class App; whatever else is
// asked of /name is answered by it, as an object with a database of its own and nothing besides.

import { DurableObject } from "cloudflare:workers";

export class AppRunner extends DurableObject {
  async publish(code) {
    const version = (this.ctx.storage.kv.get("version") ?? 0) + 1;
    this.ctx.storage.kv.put("version", version);
    this.ctx.storage.kv.put("code", code);
    this.ctx.facets.abort("app", new Error("There is a new version."));
    return version;
  }

  async fetch(request) {
    if (this.ctx.storage.kv.get("code") === undefined) {
      return new Response("There is no such app.\n", { status: 404 });
    }
    const app = this.ctx.facets.get("app", () => ({ class: this.load().getDurableObjectClass("App") }));
    try {
      return await app.fetch(request);
    } catch (error) {
      return new Response(`The app failed: ${error.message}\n`, { status: 500 });
    }
  }

  load() {
    const id = `${this.ctx.id} ${this.ctx.storage.kv.get("version")}`;
    return this.env.LOADER.get(id, () => ({
      compatibilityDate: "2026-07-01",
      mainModule: "app.js",
      modules: { "app.js": this.ctx.storage.kv.get("code") },
      globalOutbound: null, // no network
      limits: { cpuMs: 100 },
    }));
  }
}

export default {
  async fetch(request, env, ctx) {
    const [, name] = new URL(request.url).pathname.split("/");
    const runner = ctx.exports.AppRunner.getByName(name);
    if (request.method !== "PUT") return runner.fetch(request);
    return new Response(`${name} has version ${await runner.publish(await request.text())}\n`);
  },
};
