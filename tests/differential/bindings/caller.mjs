// A Worker with a binding of each kind that both runtimes have.
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

export default { fetch: observe(observations) };
