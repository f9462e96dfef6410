// Tail Workers as scripts see them: what is told of another Worker's events.
import { observe } from "./observe.mjs";

// The next calls of the consumer, of which each tells of one event.
async function told(env, count = 1) {
  const calls = [];
  for (let tries = 0; calls.length < count && tries < 500; tries++) {
    calls.push(...(await env.CONSUMER.take()));
    await scheduler.wait(2);
  }
  return calls;
}

const asked = (path, init) => async (request, env) => {
  const response = await env.SUBJECT.fetch(`http://subject.test/${path}`, init).catch((error) => error);
  if (response instanceof Response) await response.text();
  return told(env);
};

const headers = {
  "x-shown": "shown", authorization: "Bearer secret", cookie: "a=b", "x-api-key": "k",
  "x-Secret-thing": "s", "csrf-token": "t", "x-jwt": "j", "x-author": "redacted, too",
};
const hex = "0123456789abcdef0123456789abcdef";

const observations = {
  "a request": asked("", { headers }),
  "the levels of logs": asked("log"),
  "values that are logged": asked("values"),
  "errors that are logged": asked("errors"),
  "an exception": asked("throws"),
  "a text that is thrown": asked("throwsText"),
  "an error of another name": asked("throwsOwn"),
  "a rejection": asked("rejects"),
  "what is waited for": asked("late"),
  "what is waited for and fails": asked("lateFailure"),
  "a rejection that nobody handles": asked("unhandled"),
  "an exception in a timer": asked("timer"),
  "other methods of the console": asked("others"),
  "what is published": asked("publishes"),
  "a status": asked("status"),
  "a body": asked("body"),
  "a body that comes later": asked("stream"),
  "another method": asked("", { method: "PUT", body: "text", headers: { "content-type": "text/x" } }),
  "an id in hexadecimals": asked(`x/${hex}?a=${hex}0&b=${hex.slice(1)}`),
  "an id in groups": asked("x/01234567-89ab-cdef-0123-456789abcdef"),
  "an id in base64": asked("x/aB3dE5gH7jK9mN1pQ3sT5/aaaaaaaaaaaaaaaaaaaaaaaa/AB12cdefghijklmnopqrs"),
  "the number of a card": asked("x/4111-1111-1111-1111?n=4111111111111112"),
  "an entrypoint": async (request, env) => [await (await env.ENTRY.fetch("http://entry.test/")).text(), await told(env)],
  "a method of an entrypoint": async (request, env) => [await env.ENTRY.method(5), await told(env)],
  "a method that fails": async (request, env) => [await env.ENTRY.fails().catch((error) => error.message), await told(env)],
  "a method of an object": async (request, env) => [await env.THING.getByName("a").method({ b: 1 }), await told(env)],
  "a method of an object that fails": async (request, env) => [
    await env.THING.getByName("a").fails().catch((error) => error.message),
    await told(env),
  ],
  "an object's request": async (request, env) => [await (await env.THING.getByName("a").fetch("http://thing.test/")).text(), await told(env)],
  "an alarm": async (request, env) => [await env.THING.getByName("a").wake(), await told(env, 2)],
  "a queue": async (request, env) => {
    await env.Q.send("message");
    return told(env);
  },
  "a Worker that tails itself": async (request, env) => {
    await env.LOOPED.fetch("http://looped.test/");
    await scheduler.wait(50);
    return (await env.LOOPED.fetch("http://looped.test/told")).json();
  },
};

export default { fetch: observe(observations) };
