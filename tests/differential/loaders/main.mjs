// Workers that are loaded at runtime. `env.LOADER` loads them.

import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { observe, show, streamOf } from "./observe.mjs";

const DATE = "2026-07-01";
const ADD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100,
  0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11,
]);

export class Greeter extends WorkerEntrypoint {
  greet(name) {
    return `${this.ctx.props.greeting ?? "Hello"}, ${name}`;
  }

  fetch(request) {
    const { method, url, headers } = request;
    return Response.json({ method, url, header: headers.get("x-header"), props: this.ctx.props });
  }
}

export class Taker extends WorkerEntrypoint {
  async connect(socket) {
    const { localAddress } = await socket.opened;
    const writer = socket.writable.getWriter();
    await writer.write(new TextEncoder().encode(`taken: ${localAddress}`));
    await writer.close();
  }
}

export class Counter extends DurableObject {
  #count = 0;
  #told = Promise.withResolvers();

  add(amount) {
    return (this.#count += amount);
  }

  tail(events) {
    this.#told.resolve(JSON.parse(JSON.stringify(events)));
  }

  hear(told) {
    this.#told.resolve(told);
  }

  heard() {
    return this.#told.promise;
  }

  fetch(request) {
    return new Response(`object: ${request.url}`);
  }
}

export class Listener extends WorkerEntrypoint {
  async tail(events) {
    const told = JSON.parse(JSON.stringify(events));
    await this.ctx.exports.Counter.getByName(this.ctx.props.room).hear({ told, props: this.ctx.props });
  }
}

class Tools extends RpcTarget {
  add(a, b) {
    return a + b;
  }

  fails() {
    throw new RangeError("of the tools");
  }
}

/** Code of one module. */
const code = (text, more = {}) => ({
  compatibilityDate: DATE,
  mainModule: "main.js",
  modules: { "main.js": text },
  ...more,
});

const CLASS = 'import { WorkerEntrypoint } from "cloudflare:workers"; ';
const PING = `${CLASS} let n = 0; export default class extends WorkerEntrypoint {
  ping() { return "pong"; }
  count() { return ++n; }
  fetch(request) { return new Response("fetched " + request.url); }
}`;
const ECHO = `export default {
  async fetch(request, env, ctx) {
    const headers = [...request.headers].filter(([name]) => name.startsWith("x-"));
    return Response.json({
      method: request.method, url: request.url, headers, body: await request.text(), env, props: ctx.props,
    }, { status: 201, statusText: "Told", headers: { "x-answer": "1" } });
  },
}`;

const seen = async (response) =>
  [response.status, response.statusText, await response.text(), response.headers.get("x-answer")];

/** What the default entrypoint's `run` says; `setup` comes before the class. */
const runs = (body, setup = "") => `${CLASS} ${setup}
  export default class extends WorkerEntrypoint { async run(...args) { ${body} } }`;

let serial = 0;
const loaded = (env, text, more) =>
  env.LOADER.get(`loaded ${++serial}`, () => code(text, more)).getEntrypoint();
const run = (env, body, more, ...args) => loaded(env, runs(body), more).run(...args);
const tagOf = (value) => Object.prototype.toString.call(value);

/** The words of an error that comes from the start of a Worker, without its place in the code. */
const words = async (promise) => {
  try {
    return show(await promise);
  } catch (error) {
    return `${error.name}: ${error.message.replaceAll(/^\s+at .*$\n?/gm, "")}`;
  }
};

export default {
  fetch: observe({
    // ---- what it is ----------------------------------------------------------------------
    "the binding": (_, env) => [tagOf(env.LOADER), env.LOADER.constructor.name, Object.keys(env.LOADER)],
    "its methods": (_, env) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(env.LOADER)).sort(),
    "a Worker": (_, env) => {
      const worker = env.LOADER.load(code(PING));
      return [tagOf(worker), worker.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(worker)).sort()];
    },
    "an entrypoint": (_, env) => {
      const stub = env.LOADER.load(code(PING)).getEntrypoint();
      return [tagOf(stub), typeof stub, stub instanceof env.SELF.constructor];
    },
    "a class": (_, env) => tagOf(env.LOADER.load(code(PING)).getDurableObjectClass("App")),
    "its constructor": (_, env) => new env.LOADER.constructor(),

    // ---- get and load ----------------------------------------------------------------------
    "a call": (_, env) => env.LOADER.get("a", () => code(PING)).getEntrypoint().ping(),
    "a promise of code": (_, env) => env.LOADER.get("b", async () => code(PING)).getEntrypoint().ping(),
    "loads at once": (_, env) => env.LOADER.load(code(PING)).getEntrypoint().ping(),
    "a request": async (_, env) => seen(await env.LOADER.load(code(PING)).getEntrypoint().fetch("http://x/y#z")),
    "the callback is called once": async (_, env) => {
      let calls = 0;
      const get = () => env.LOADER.get("once", async () => (++calls, code(PING))).getEntrypoint();
      const counts = await Promise.all([get().count(), get().count(), get().count()]);
      return [counts, await get().count(), calls];
    },
    "the callback is called without a call": async (_, env) => {
      let calls = 0;
      env.LOADER.get("uncalled", () => (++calls, code(PING)));
      const before = calls;
      await scheduler.wait(20);
      return [before, calls];
    },
    "without an id": async (_, env) => {
      const get = (id) => env.LOADER.get(id, () => code(PING)).getEntrypoint().count();
      return [await get(null), await get(undefined), await get(null)];
    },
    "each load is another": async (_, env) => {
      const count = () => env.LOADER.load(code(PING)).getEntrypoint().count();
      return [await count(), await count()];
    },
    "an id that is no string": async (_, env) => {
      const get = (id) => env.LOADER.get(id, () => code(PING)).getEntrypoint().count();
      return [await get(7), await get("7"), await get("")];
    },
    "two stubs of one": async (_, env) => {
      const worker = env.LOADER.load(code(PING));
      return [await worker.getEntrypoint().count(), await worker.getEntrypoint(null).count(),
        await worker.getEntrypoint("default").count(), await worker.getEntrypoint(undefined, {}).count()];
    },
    "get without a callback": (_, env) => env.LOADER.get("c"),
    "get without anything": (_, env) => env.LOADER.get(),
    "get with another callback": (_, env) => env.LOADER.get("c", 5),
    "load without anything": (_, env) => env.LOADER.load(),
    "load of something else": (_, env) => env.LOADER.load(5),
    "a callback that returns nothing": (_, env) => env.LOADER.get("d", () => {}).getEntrypoint().ping(),
    "a callback that throws": (_, env) =>
      env.LOADER.get("e", () => { throw new RangeError("of mine"); }).getEntrypoint().ping(),
    "a callback that rejects": async (_, env) => {
      const error = Object.assign(new TypeError("of mine, too"), { code: "own" });
      const stub = env.LOADER.get("f", async () => { throw error; }).getEntrypoint();
      const both = await Promise.allSettled([stub.ping(), stub.fetch("http://x")]);
      return both.map(({ reason }) => [show(reason), reason.code, reason === error, reason.remote]);
    },
    "a callback that throws no error": (_, env) =>
      env.LOADER.get("g", () => { throw "a text"; }).getEntrypoint().ping(),
    "this of a callback": async (_, env) => {
      let told;
      await env.LOADER.get("this", function () { told = [this === undefined, arguments.length]; return code(PING); })
        .getEntrypoint().ping();
      return told;
    },
    "other methods of a stub": (_, env) => env.LOADER.load(code(PING)).getEntrypoint().nothing(),
    "a call before it is loaded": async (_, env) => {
      const worker = env.LOADER.get("later", async () => {
        await scheduler.wait(10);
        return code(PING);
      });
      return Promise.all([worker.getEntrypoint().count(), worker.getEntrypoint().count(), worker.getEntrypoint().ping()]);
    },

    // ---- the code ----------------------------------------------------------------------------
    "no date": (_, env) => env.LOADER.load({ mainModule: "main.js", modules: { "main.js": PING } }),
    "no main module": (_, env) => env.LOADER.load({ compatibilityDate: DATE, modules: { "main.js": PING } }),
    "no modules": (_, env) => env.LOADER.load({ compatibilityDate: DATE, mainModule: "main.js" }),
    "modules that are none": (_, env) => env.LOADER.load(code(PING, { modules: 5 })),
    "no module at all": (_, env) => env.LOADER.load(code(PING, { modules: {} })),
    "a main module that is not there": (_, env) =>
      words(env.LOADER.load(code(PING, { mainModule: "other.js" })).getEntrypoint().ping()),
    "a date that is none": (_, env) => env.LOADER.load(code(PING, { compatibilityDate: "yesterday" })),
    "a date to come": (_, env) => env.LOADER.load(code(PING, { compatibilityDate: "2099-01-01" })),
    "a flag that is none": (_, env) => env.LOADER.load(code(PING, { compatibilityFlags: ["no_such_flag"] })),
    "flags that are no list": (_, env) => env.LOADER.load(code(PING, { compatibilityFlags: "nodejs_compat" })),
    "a flag twice": (_, env) =>
      env.LOADER.load(code(PING, { compatibilityFlags: ["nodejs_compat", "nodejs_compat"] })),
    "an experimental flag": (_, env) => env.LOADER.load(code(PING, { compatibilityFlags: ["experimental"] })),
    "experimental flags": (_, env) => env.LOADER.load(code(PING, { allowExperimental: true })),
    "a wrong get": (_, env) => env.LOADER.get("wrong", () => ({ mainModule: "m" })).getEntrypoint().ping(),
    "a wrong flag in get": (_, env) =>
      env.LOADER.get("wrong flag", () => code(PING, { compatibilityFlags: ["none"] })).getEntrypoint().ping(),
    "a module of no type": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": PING, x: "" } })),
    "a module of another extension": (_, env) => env.LOADER.load(code(PING, { modules: { "main.mjs": PING } })),
    TypeScript: (_, env) => env.LOADER.load(code(PING, { modules: { "main.ts": PING } })),
    "a module of two types": (_, env) =>
      env.LOADER.load(code(PING, { modules: { "main.js": { js: PING, text: "" } } })),
    "a module without a type": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": {} } })),
    "a module that is a number": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": 5 } })),
    "a module that is null": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": null } })),
    "data that is text": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": PING, d: { data: "x" } } })),
    "json that is none": (_, env) =>
      env.LOADER.load(code(PING, { modules: { "main.js": PING, d: { json: { big: 5n } } } })),
    "too much code": (_, env) =>
      env.LOADER.load(code(PING, { modules: { "main.js": PING, t: { text: "x".repeat(64 << 20) } } })),
    "Python among JavaScript": (_, env) => env.LOADER.load(code(PING, { modules: { "main.js": PING, "a.py": "" } })),
    "modules of all types": (_, env) =>
      env.LOADER.load(code("", {
        modules: {
          "main.js": {
            js: `${CLASS} import text from "./a.txt"; import json from "./b.json"; import data from "./c.bin";
              import cjs from "./lib/d.cjs"; import wasm from "e.wasm"; import { f } from "./lib/f.js";
              export default class extends WorkerEntrypoint {
                async told() {
                  const { exports } = await WebAssembly.instantiate(wasm);
                  return [text, json, data, cjs.twice(4), exports.add(2, 3), f()];
                }
              }`,
          },
          "a.txt": { text: "A text \u{1f600}" },
          "b.json": { json: { a: [1, null, "two"] } },
          "c.bin": { data: new Uint8Array([1, 2, 255]) },
          "lib/d.cjs": { cjs: "module.exports = { twice: (n) => 2 * n };" },
          "e.wasm": { wasm: ADD },
          "lib/f.js": 'import { g } from "./g.js"; export const f = () => g;',
          "lib/g.js": "export const g = 'of g';",
        },
      })).getEntrypoint().told(),
    "data is copied": async (_, env) => {
      const data = new Uint8Array([1, 2, 3]);
      const text = `${CLASS} import d from "d"; export default class extends WorkerEntrypoint { d() { return d; } }`;
      const stub = env.LOADER.load(code("", { modules: { "main.js": text, d: { data } } })).getEntrypoint();
      data.fill(9);
      return stub.d();
    },
    "an error at the start": (_, env) =>
      words(env.LOADER.load(code("throw new RangeError('too early')")).getEntrypoint().ping()),
    "an error at the start, by a request": (_, env) =>
      words(env.LOADER.load(code("throw new RangeError('too early')")).getEntrypoint().fetch("http://x")),
    "two callers of an error": async (_, env) => {
      const stub = env.LOADER.get("two callers", () => code("throw new Error('for both')")).getEntrypoint();
      return Promise.all([words(stub.ping()), words(stub.fetch("http://x"))]);
    },
    "a mistake of syntax": async (_, env) =>
      (await words(env.LOADER.load(code("export default {")).getEntrypoint().ping())).slice(0, 60),
    "an import of nothing": async (_, env) =>
      (await words(env.LOADER.load(code('import "./nothing.js"; export default {}')).getEntrypoint().ping())).slice(0, 90),
    "no exports": (_, env) => words(env.LOADER.load(code("")).getEntrypoint().ping()),
    "no such entrypoint": (_, env) => words(env.LOADER.load(code(PING)).getEntrypoint("Other").ping()),
    "no default entrypoint": (_, env) =>
      words(env.LOADER.load(code("export const other = { fetch() {} };")).getEntrypoint().fetch("http://x")),
    "Node.js, asked for": (_, env) =>
      run(env, "return [typeof process, (await import('node:path')).join('a', '..', 'b')]", {
        compatibilityFlags: ["nodejs_compat"], compatibilityDate: "2026-01-01",
      }),
    "Node.js, of an old date": (_, env) => run(env, "return typeof process", { compatibilityDate: "2025-01-01" }),
    "flags that hold": (_, env) =>
      run(env, "return [Cloudflare.compatibilityFlags.global_navigator, typeof navigator]", {
        compatibilityDate: "2021-01-01",
      }),

    // ---- env and props -------------------------------------------------------------------------
    "an env": async (_, env) =>
      seen(await loaded(env, ECHO, { env: { text: "a", list: [1, { b: null }], date: new Date(5) } }).fetch("http://x/y", {
        method: "POST", body: "a body", headers: { "x-header": "1" },
      })),
    "an env of all kinds": (_, env) =>
      run(env, "const { show } = await import('./show.js'); return Object.entries(this.env).map(([k, v]) => k + ' ' + Object.prototype.toString.call(v)).sort()", {
        modules: {
          "main.js": runs("return Object.entries(this.env).map(([k, v]) => k + ' ' + Object.prototype.toString.call(v)).sort()"),
        },
        env: { map: new Map([[1, 2]]), set: new Set([1]), bytes: new Uint8Array(2), big: 5n, regexp: /x/, error: new Error("e"), nothing: undefined, none: null },
      }),
    "no env": (_, env) => run(env, "return [typeof this.env, Object.keys(this.env)]"),
    "an env that is imported": (_, env) =>
      loaded(env, `${CLASS} import { env } from "cloudflare:workers"; export default class extends WorkerEntrypoint { told() { return [env.a, env === this.env]; } }`, { env: { a: 1 } }).told(),
    "env at the start": (_, env) =>
      loaded(env, `${CLASS} import { env } from "cloudflare:workers"; const a = env.a; export default class extends WorkerEntrypoint { told() { return a; } }`, { env: { a: "early" } }).told(),
    "a loopback in env": (_, env, ctx) =>
      run(env, "return this.env.GREETER.greet('you')", { env: { GREETER: ctx.exports.Greeter({ props: { greeting: "Hi" } }) } }),
    "a service in env": async (_, env, ctx) =>
      run(env, "return (await this.env.deep.SELF.fetch('http://greeter/', { headers: { 'x-header': 'h' } })).json()", {
        env: { deep: { SELF: ctx.exports.Greeter({ props: { a: 1 } }) } },
      }),
    "a loopback without props in env": (_, env, ctx) =>
      run(env, "return this.env.GREETER.greet('you')", { env: { GREETER: ctx.exports.Greeter } }),
    "an object in env": async (_, env, ctx) => {
      const stub = ctx.exports.Counter.getByName("of env");
      const told = await run(env, "return [await this.env.COUNTER.add(2), await this.env.COUNTER.add(3)]", { env: { COUNTER: stub } });
      return [told, await stub.add(1)];
    },
    "a namespace in env": (_, env) => run(env, "return 1", { env: { COUNTER: env.COUNTER } }),
    "the loader in env": (_, env) => run(env, "return 1", { env: { LOADER: env.LOADER } }),
    "a function in env": (_, env) => run(env, "return await this.env.f()", { env: { f: () => 5 } }),
    "an RpcTarget in env": (_, env) => run(env, "return await this.env.tools.add(1, 2)", { env: { tools: new Tools() } }),
    "a symbol in env": (_, env) => run(env, "return 1", { env: { s: Symbol("s") } }),
    "a stream in env": (_, env) => run(env, "return 1", { env: { s: streamOf("a") } }),
    "an env that is none": (_, env) => env.LOADER.load(code(PING, { env: 5 })),
    "too large an env": (_, env) => env.LOADER.load(code(PING, { env: { big: "x".repeat(2 << 20) } })).getEntrypoint().ping()
      .catch((error) => { throw new Error(error.message.replace(/\d{4,} bytes\) /, "so many) ")); }),
    props: (_, env, ctx) => {
      const worker = env.LOADER.load(code(runs("return [this.ctx.props.a, await this.ctx.props.greeter.greet('you')]")));
      return worker.getEntrypoint(null, { props: { a: 1, greeter: ctx.exports.Greeter({ props: { greeting: "Hey" } }) } }).run();
    },
    "props of a request": async (_, env) =>
      seen(await env.LOADER.load(code(ECHO)).getEntrypoint(undefined, { props: { a: [1] } }).fetch("http://x/")),
    "no props": (_, env) => run(env, "return this.ctx.props"),
    "props that are none": (_, env) => env.LOADER.load(code(PING)).getEntrypoint(null, { props: 5 }),
    "options that are none": (_, env) => env.LOADER.load(code(PING)).getEntrypoint(null, 5),
    "a function in props": (_, env) => env.LOADER.load(code(PING)).getEntrypoint(null, { props: { f() {} } }),
    "named entrypoints": async (_, env) => {
      const worker = env.LOADER.load(code(`${CLASS}
        export class Named extends WorkerEntrypoint { told(a, b) { return ["named", a, b, this.ctx.props]; } }
        export const plain = { told(a, env, ctx) { return ["plain", a, ctx.props]; }, fetch: () => new Response("plain") };
        export default { told: (a) => ["default", a] };`));
      return [await worker.getEntrypoint("Named", { props: { p: 1 } }).told(1, 2), await worker.getEntrypoint("plain").told(3),
        await (await worker.getEntrypoint("plain").fetch("http://x")).text(), await worker.getEntrypoint().told(4)];
    },

    // ---- what crosses ----------------------------------------------------------------------------
    "functions and targets": (_, env) =>
      run(env, "const [f, tools] = args; return [await f(20), await tools.add(1, 2)]", {}, (n) => n + 1, new Tools()),
    "an error of a target": (_, env) =>
      run(env, "try { await args[0].fails(); } catch (error) { return [error.name, error.message]; }", {}, new Tools()),
    "a function comes back": async (_, env) => {
      const f = await run(env, "return (n) => n * 2");
      return [await f(4), await f(5)];
    },
    "a target comes back": async (_, env) => {
      const worker = env.LOADER.load(code(`import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
        class T extends RpcTarget { n = 0; next() { return ++this.n; } }
        export default class extends WorkerEntrypoint { make() { return new T(); } }`));
      const stub = worker.getEntrypoint();
      using target = await stub.make();
      return [await target.next(), await target.next(), await stub.make().next()];
    },
    "a stream there and back": async (_, env) => {
      const answer = await loaded(env, `export default { fetch: (request) => new Response(request.body.pipeThrough(
        new TransformStream({ transform(chunk, c) { c.enqueue(chunk.map((b) => b - 32)); } }))) }`)
        .fetch("http://x", { method: "POST", body: streamOf("abc", "def") });
      return answer.text();
    },
    "a stream by RPC": async (_, env) => {
      const stream = await run(env, "return new Response(args[0]).body", {}, streamOf("one ", "two"));
      return new Response(stream).text();
    },
    "an error of a method": (_, env) =>
      run(env, "throw Object.assign(new RangeError('thrown there'), { code: 7 })").catch((error) => [show(error), error.code, error.remote]),
    "an error of a handler": (_, env) =>
      loaded(env, "export default { fetch() { throw new RangeError('thrown there'); } }").fetch("http://x")
        .catch((error) => [show(error), error.remote]),
    "no handler": (_, env) => loaded(env, "export default { other() {} }").fetch("http://x"),
    "a redirect": async (_, env) => {
      const stub = loaded(env, `export default { fetch: (request) => request.url.endsWith("/a")
        ? Response.redirect("http://x/b", 302) : new Response(request.url) }`);
      return [await (await stub.fetch("http://x/a")).text(), (await stub.fetch("http://x/a", { redirect: "manual" })).status];
    },
    "a WebSocket": async (_, env) => {
      const answer = await loaded(env, `export default { fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener("message", ({ data }) => { server.send("echo " + data); server.close(4000, "done"); });
        return new Response(null, { status: 101, webSocket: client });
      } }`).fetch("http://x", { headers: { upgrade: "websocket" } });
      const socket = answer.webSocket;
      socket.accept();
      const told = [];
      const closed = new Promise((resolve) => socket.addEventListener("close", ({ code, reason }) => resolve([code, reason])));
      socket.addEventListener("message", ({ data }) => told.push(data));
      socket.send("hello");
      return [await closed, told];
    },
    "waitUntil goes on": async (_, env, ctx) => {
      const room = ctx.exports.Counter.getByName("waits");
      const answer = await loaded(env, `export default { fetch(request, env, ctx) {
        ctx.waitUntil(scheduler.wait(20).then(() => env.ROOM.hear("told later")));
        return new Response("at once");
      } }`, { env: { ROOM: room } }).fetch("http://x");
      return [await answer.text(), await room.heard()];
    },
    "an entrypoint as an argument": (_, env) => run(env, "return 1", {}, env.LOADER.load(code(PING)).getEntrypoint()),
    "an entrypoint in an env": (_, env) => run(env, "return 1", { env: { E: env.LOADER.load(code(PING)).getEntrypoint() } }),
    "an entrypoint in props": (_, env) =>
      env.LOADER.load(code(PING)).getEntrypoint(null, { props: { e: env.LOADER.load(code(PING)).getEntrypoint() } }),
    "an entrypoint as a result": (_, env) => run(env, "return this.ctx.exports.default"),
    "an entrypoint with props as a result": (_, env) => run(env, "return this.ctx.exports.default({ props: {} })"),
    "a Worker as an argument": (_, env) => run(env, "return 1", {}, env.LOADER.load(code(PING))),
    "the loader as an argument": (_, env) => run(env, "return 1", {}, env.LOADER),
    "its own exports": (_, env) =>
      loaded(env, `${CLASS}
        export class Other extends WorkerEntrypoint { greet(name) { return [name, this.ctx.props]; } }
        export default class extends WorkerEntrypoint {
          async told() {
            const { Other } = this.ctx.exports;
            return [await Other.greet("a"), await Other({ props: { b: 1 } }).greet("c"), Object.keys(this.ctx.exports).sort()];
          }
        }`).told(),
    "a class among its exports": (_, env) =>
      loaded(env, `import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
        export class Thing extends DurableObject {}
        export default class extends WorkerEntrypoint {
          told() { return [Object.prototype.toString.call(this.ctx.exports.Thing), typeof this.ctx.exports.Thing.getByName]; }
        }`).told(),
    "memory is its own": async (_, env) => {
      globalThis.shared = 1;
      return run(env, "globalThis.other = 2; return typeof globalThis.shared").then((told) => [told, typeof globalThis.other]);
    },
    abortIsolate: async (_, env) => {
      let calls = 0;
      const get = () => env.LOADER.get("aborts", () => (++calls, code(`${CLASS}
        import { abortIsolate } from "cloudflare:workers"; let n = 0;
        export default class extends WorkerEntrypoint { crash() { abortIsolate("over"); } count() { return ++n; } }`))).getEntrypoint();
      const before = [await get().count(), await get().count()];
      const failure = await get().crash().then(() => "none", () => "an error");
      return [before, failure, await get().count(), calls];
    },

    // ---- the network ----------------------------------------------------------------------------
    "no network": (_, env) => run(env, "return (await fetch('http://example.com')).status", { globalOutbound: null }),
    "no network, connect": (_, env) =>
      run(env, "const { connect } = await import('cloudflare:sockets'); const s = connect('example.com:80'); s.closed.catch(() => {}); return (await s.opened).remoteAddress", { globalOutbound: null }),
    "no network, a WebSocket": (_, env) =>
      run(env, "const s = new WebSocket('ws://example.com'); return new Promise((resolve) => { s.onerror = (e) => resolve(e.message); s.onopen = () => resolve('open'); })", { globalOutbound: null }),
    "no network, an upgrade": (_, env) =>
      run(env, "return (await fetch('http://example.com', { headers: { upgrade: 'websocket' } })).status", { globalOutbound: null }),
    "no network, data": (_, env) => run(env, "return (await fetch('data:,text')).text()", { globalOutbound: null }),
    "the network of another": async (_, env, ctx) =>
      run(env, "return (await fetch('http://example.com/path?q#f', { method: 'PUT', headers: { 'x-header': 'h' }, body: 'b' })).json()", {
        globalOutbound: ctx.exports.Greeter({ props: { of: "outbound" } }),
      }),
    "the network of another, by a Request": async (_, env, ctx) =>
      run(env, "return (await fetch(new Request('https://example.com/'))).json()", { globalOutbound: ctx.exports.Greeter }),
    "the network of an object": async (_, env, ctx) =>
      run(env, "return (await fetch('http://example.com/')).text()", { globalOutbound: ctx.exports.Counter.getByName("network") }),
    "the network of another that fails": (_, env, ctx) =>
      run(env, "return (await fetch('http://example.com/')).text()", { globalOutbound: ctx.exports.Failing }),
    "the network of another that takes connections": (_, env, ctx) =>
      run(env, "const { connect } = await import('cloudflare:sockets'); return new Response(connect('example.com:25').readable).text()", { globalOutbound: ctx.exports.Taker }),
    "the network of another, connect": (_, env, ctx) =>
      run(env, "const { connect } = await import('cloudflare:sockets'); const s = connect('example.com:80'); s.closed.catch(() => {}); return (await s.opened).remoteAddress", { globalOutbound: ctx.exports.Greeter }),
    "the network of another, a WebSocket": (_, env, ctx) =>
      run(env, "const s = new WebSocket('ws://example.com/'); return new Promise((resolve) => { s.onmessage = ({ data }) => resolve(data); s.onerror = (e) => resolve('error ' + e.message); })", { globalOutbound: ctx.exports.Sockets }),
    "the network of a Worker that is loaded": (_, env) =>
      run(env, "return (await fetch('http://example.com/')).text()", { globalOutbound: env.LOADER.load(code(PING)).getEntrypoint() }),
    "a network that is none": (_, env) => env.LOADER.load(code(PING, { globalOutbound: {} })),
    "a network that is false": (_, env) => env.LOADER.load(code(PING, { globalOutbound: false })),

    caches: (_, env) =>
      run(env, "await caches.default.put('http://x/', new Response('a', { headers: { 'cache-control': 'max-age=100' } })); return (await caches.default.match('http://x/'))?.text()"),
    "a random id": (_, env) => run(env, "return crypto.randomUUID().length"),

    // ---- tails ---------------------------------------------------------------------------------
    tails: async (_, env, ctx) => {
      const stub = loaded(env, `export default { fetch() { console.log("hello", { a: 1 }); return new Response("ok"); } }`, {
        tails: [ctx.exports.Listener({ props: { room: "tails" } })],
      });
      await (await stub.fetch("http://x/y")).text();
      const { told, props } = await ctx.exports.Counter.getByName("tails").heard();
      return [told.length, told[0].outcome, told[0].scriptName, told[0].entrypoint ?? null, told[0].logs.map(({ level, message }) => [level, message]), told[0].event.request.url, props];
    },
    "tails of an RPC": async (_, env, ctx) => {
      const stub = loaded(env, runs("console.warn('w'); throw new RangeError('thrown')"), {
        tails: [ctx.exports.Listener({ props: { room: "tails of an RPC" } })],
      });
      await stub.run().catch(() => {});
      const { told } = await ctx.exports.Counter.getByName("tails of an RPC").heard();
      return [told[0].outcome, told[0].event, told[0].logs.map(({ level, message }) => [level, message]), told[0].exceptions.map(({ name, message }) => [name, message])];
    },
    "an object as a tail": async (_, env, ctx) => {
      const room = ctx.exports.Counter.getByName("object as a tail");
      await (await loaded(env, `export default { fetch() { console.log("hello"); return new Response("ok"); } }`, { tails: [room] }).fetch("http://x")).text();
      const told = await room.heard();
      return [told.length, told[0].logs[0].message];
    },
    "tails that are none": (_, env) => env.LOADER.load(code(PING, { tails: 5 })),
    "streaming tails": (_, env, ctx) => env.LOADER.load(code(PING, { streamingTails: [ctx.exports.Listener({})] })),

    // ---- limits ----------------------------------------------------------------------------------
    "limits that are not reached": (_, env) => run(env, "return 1", { limits: { cpuMs: 100, subRequests: 5 } }),
    "limits that are none": (_, env) => env.LOADER.load(code(PING, { limits: 5 })),
    "limits of an entrypoint": (_, env) =>
      env.LOADER.load(code(PING)).getEntrypoint(null, { limits: { cpuMs: 50, subRequests: 1 } }).ping(),

    // ---- Durable Objects ---------------------------------------------------------------------------
    facets: (_, env, ctx) => ctx.exports.Supervisor.getByName("one").told(),
  }),
};

export class Failing extends WorkerEntrypoint {
  fetch() {
    throw new RangeError("of the network");
  }
}

export class Sockets extends WorkerEntrypoint {
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.send(`${request.method} ${request.url} ${request.headers.get("upgrade")}`);
    return new Response(null, { status: 101, webSocket: client });
  }
}

const APP = `import { DurableObject } from "cloudflare:workers";
  export class App extends DurableObject {
    count(amount) {
      const count = (this.ctx.storage.kv.get("count") ?? 0) + amount;
      this.ctx.storage.kv.put("count", count);
      return count;
    }
    fetch(request) { return new Response("app " + new URL(request.url).pathname); }
    told() { return [this.ctx.props, this.ctx.id.name, this.env.text]; }
    fails() { throw new RangeError("of the app"); }
    sql() { return this.ctx.storage.sql.exec("SELECT 1 + 1 AS two").one().two; }
    greet() { return this.ctx.facets.get("inner", () => ({ class: this.env.GREETER })).greet(); }
  }`;

export class Inner extends DurableObject {
  greet() {
    return `inner: ${this.ctx.props.word}`;
  }
}

export class Supervisor extends DurableObject {
  async told() {
    const { ctx, env } = this;
    ctx.storage.kv.put("count", 1000);
    const load = (id) =>
      env.LOADER.get(id, () => code(APP, {
        env: { text: "of env", GREETER: ctx.exports.Inner({ props: { word: "w" } }) },
        globalOutbound: null,
      }));
    const app = (name, props) =>
      ctx.facets.get(name, () => ({ class: load("app").getDurableObjectClass("App", props && { props }) }));
    const told = {};
    const tell = async (name, run) => (told[name] = await words(Promise.resolve().then(run)));
    await tell("a call", () => app("a").count(1));
    await tell("another call", () => app("a").count(2));
    await tell("another facet", () => app("b").count(5));
    await tell("a request", async () => (await app("a").fetch("http://x/path")).text());
    await tell("what it sees", () => app("c", { p: [1] }).told());
    await tell("an error", () => app("a").fails());
    await tell("sql", () => app("a").sql());
    await tell("its own storage", () => ctx.storage.kv.get("count"));
    await tell("a facet of the facet", () => app("a").greet());
    await tell("aborted", async () => {
      const stub = app("a");
      await stub.count(0);
      ctx.facets.abort("a", new Error("aborted here"));
      return [await words(stub.count(1)), await app("a").count(1)];
    });
    await tell("deleted", async () => {
      await app("b").count(1);
      ctx.facets.delete("b");
      return app("b").count(1);
    });
    await tell("no such class", () =>
      ctx.facets.get("none", () => ({ class: load("app").getDurableObjectClass("None") })).count(1));
    await tell("a class of code that fails", () =>
      ctx.facets.get("bad", () => ({ class: env.LOADER.load(code("throw new Error('bad code')")).getDurableObjectClass("App") })).count(1));
    return told;
  }
}
