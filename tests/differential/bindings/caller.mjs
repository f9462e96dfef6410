// A Worker with a binding of each kind that both runtimes have.
import { RpcTarget } from "cloudflare:workers";
import { observe } from "./observe.mjs";

const told = (error) => [error.name, error.message, error instanceof Error, error.remote, error.durableObjectReset];

const targets = {
  "service": (env) => env.SERVICE,
  "object": (env) => env.REMOTE.get(env.REMOTE.idFromName("one")),
};

const asked = {
  "a response": async (to) => {
    const response = await to.fetch("http://h/text");
    return [response.status, response.statusText, response.headers, response.url, await response.text()];
  },
  "cookies": async (to) => (await to.fetch("http://h/text")).headers.getSetCookie(),
  "a request": async (to) => (await to.fetch("http://h/described?q#f", { method: "PUT", body: "body", headers: { "X-One": "1" } })).text(),
  "a Request": async (to) => (await to.fetch(new Request("http://h/described", { headers: { "x-two": "2" } }))).text(),
  "the request itself": async (to, request) => (await to.fetch("http://h/described", request)).text(),
  "a stream": async (to) => (await to.fetch("http://h/stream")).text(),
  "an echo": async (to) => (await (await to.fetch("http://h/echo", { method: "POST", body: "x".repeat(200_000) })).text()).length,
  "no body": async (to) => {
    const response = await to.fetch("http://h/null");
    return [response.status, response.body];
  },
  "a redirect by hand": async (to) => (await to.fetch("http://h/redirect", { redirect: "manual" })).status,
  "a failure": (to) => to.fetch("http://h/throw").then((response) => response.status, told),
  "an error of its own": (to) => to.fetch("http://h/own").then((response) => response.status, told),
  "no response": (to) => to.fetch("http://h/nothing").then((response) => response.status, told),
  "a bad URL": (to) => to.fetch("nothing"),
  "an aborted signal": (to) => to.fetch("http://h/text", { signal: AbortSignal.abort() }),
};

const observations = {
  "text": (_, env) => [typeof env.TEXT, env.TEXT],
  "secret": (_, env) => [typeof env.SECRET, env.SECRET],
  "JSON": (_, env) => [env.OBJECT, env.LIST, env.NUMBER],
  "JSON is the same": (_, env) => env.OBJECT === env.OBJECT,
  "tags": (_, env) => [env.SERVICE, env.REMOTE].map((binding) => Object.prototype.toString.call(binding)),
  "calls count": async (_, env) => {
    const calls = () => targets.object(env).fetch("http://h/calls").then((response) => response.text());
    return [await calls(), await calls()];
  },
  "abort": async (_, env) => {
    const to = targets.object(env);
    return [await to.fetch("http://h/abort").catch(told), await targets.object(env).fetch("http://h/calls").then((response) => response.text())];
  },
};
for (const [kind, target] of Object.entries(targets)) {
  for (const [name, ask] of Object.entries(asked)) {
    observations[`${kind}: ${name}`] = (request, env) => ask(target(env), request);
  }
}

// ---- By RPC ----

const callees = {
  entry: (env) => env.ENTRY,
  remote: (env) => env.REMOTE.get(env.REMOTE.idFromName("called")),
};
const bytes = (text) => new TextEncoder().encode(text);

class Local extends RpcTarget {
  twice(x) {
    return x * 2;
  }
}

const called = {
  "a method": (s) => s.add(1, 2),
  "data": (s) => s.echo({ map: new Map([[1, new Date(5)]]), set: new Set([/x/g]), bytes: new Uint8Array([1, 2]), big: 5n }),
  "an error as data": async (s) => {
    const error = await s.echo(Object.assign(new TypeError("told"), { own: [1] }));
    return [error.name, error.message, error.own, error.remote];
  },
  "a function": (s) => s.call((x) => `called with ${x}`, 5),
  "a function that throws": (s) => s.call(() => { throw Object.assign(new RangeError("here"), { code: 1 }); }).catch((e) => [...told(e), e.code]),
  "a target there and back": async (s) => (await s.echo(new Local())).twice(4),
  "a stub": async (s) => { using c = await s.counter(1); return [await c.increment(1), await c.increment(2)]; },
  "a stub sent on": async (s, env) => {
    const counter = await s.counter(5);
    return [await env.ENTRY.call(counter.increment.constructor && ((x) => counter.increment(x)), 2), await counter.increment(1)];
  },
  "a stub of there, sent there": async (s) => (await s.echo(await s.counter(7))).increment(1),
  "pipelined": (s) => s.counter(1).increment(5),
  "pipelined deep": async (s) => { const p = s.nested(3); return [await p.n, await p.counter.increment(1), (await p.list).length]; },
  "a property": async (s) => [await s.property, await s.property.a.b],
  "what is missing": (s) => s.missing(),
  "an error": (s) => s.raise().catch((e) => [...told(e), e.code]),
  "a stream there": (s) => s.text(new Blob(["a stream"]).stream()),
  "a stream back": async (s) => new Response(await s.stream()).text(),
  "a stream there and back": async (s) => new Response(await s.echo(new Blob(["both ways"]).stream())).text(),
  "a response": async (s) => { const r = await s.response(); return [r.status, r.headers.get("a"), await r.text()]; },
  "a request": async (s) => { const r = await s.echo(new Request("http://x/", { method: "PUT", body: "put" })); return [r.method, r.url, await r.text()]; },
  "a writable": async (s) => { const { readable, writable } = new IdentityTransformStream(); const text = new Response(readable).text(); await s.write(writable); return text; },
  "disposed": async (s) => { const r = await s.nested(1); r[Symbol.dispose](); return r.counter.increment(1); },
  "kept and used": async (s, env, kind) => {
    await s.keep((x) => `${x} here`);
    return kind === "remote" ? s.useKept() : "an entrypoint forgets";
  },
  "an object's stub there and back": async (s, env) => (await s.echo(callees.remote(env))).add(2, 3),
  "a service there and back": async (s, env) => (await s.echo(env.ENTRY)).add(2, 4),
  "a large value": async (s) => (await s.echo(new Uint8Array(3_000_000))).length,
  "exports there": (s) => s.self(),
  "order": async (s) => { const c = await s.counter(0); return Promise.all([c.increment(1), c.increment(1, new Blob(["x"]).stream()), c.increment(1, () => {}), c.increment(1)]); },
};
for (const [kind, callee] of Object.entries(callees)) {
  for (const [name, call] of Object.entries(called)) {
    observations[`rpc ${kind}: ${name}`] = (request, env) => call(callee(env), env, kind);
  }
}
observations["rpc: props"] = (_, env) => env.ENTRY.props();
observations["rpc: a plain handler"] = (_, env) => env.PLAIN.handle("arg");
observations["rpc: types"] = (_, env) => [typeof env.ENTRY, typeof env.ENTRY.add, env.ENTRY.then];

export default { fetch: observe(observations) };
