// Queues as scripts see them. What a clock or chance decides is left out.
import { observe } from "./observe.mjs";

const inbox = []; // batches that have come
let wake = () => {};

/** The next batch of a queue. */
async function next(queue) {
  for (;;) {
    const place = inbox.findIndex((batch) => batch.queue === queue);
    if (place >= 0) return inbox.splice(place, 1)[0];
    await new Promise((resolve) => (wake = resolve));
  }
}

/** Wait until all is settled that was delivered. */
async function empty(queue) {
  while ((await queue.metrics()).backlogCount > 0) await scheduler.wait(1);
}

const told = (error) => [error.constructor.name, error.message];
const bodies = (batch) => batch.messages.map(({ body, attempts }) => [body, attempts]);
const refused = (promise) => promise.then(() => "is sent", told);
const kinds = (metrics) => Object.entries(metrics).map(([name, value]) => [name, Object.prototype.toString.call(value)]);
const large = "x".repeat(128_001);
const batch = (count, body) => Array.from({ length: count }, () => ({ body, contentType: "text" }));

const sending = {
  "what send gives": async ({ Q }) => {
    const sent = await Q.send("first");
    const { metrics } = sent.metadata;
    return [Object.keys(sent), Object.keys(sent.metadata), typeof metrics.backlogCount, typeof metrics.backlogBytes, bodies(await next("q"))];
  },
  "what sendBatch gives": async ({ Q }) => {
    const sent = await Q.sendBatch([{ body: 1 }]);
    return [Object.keys(sent), Object.keys(sent.metadata), bodies(await next("q"))];
  },
  "metrics of nothing": async ({ Q }) => {
    await empty(Q);
    return kinds(await Q.metrics());
  },
  "the binding": ({ Q }) => [String(Q), Q.constructor.name, Object.keys(Q), Object.getOwnPropertyNames(Object.getPrototypeOf(Q)).sort()],
  "the binding is not cloned": ({ Q }) => structuredClone(Q),
  "no body": ({ Q }) => refused(Q.send()),
  "an undefined body": ({ Q }) => refused(Q.send(undefined)),
  "a body of null": async ({ Q }) => [await refused(Q.send(null)), bodies(await next("q"))],
  "too large": ({ Q }) => refused(Q.send(large, { contentType: "text" })),
  "just not too large": async ({ Q }) => [await refused(Q.send("x".repeat(128_000), { contentType: "text" })), (await next("q")).messages[0].body.length],
  "an unknown type": ({ Q }) => refused(Q.send("", { contentType: "xml" })),
  "a type in capitals": async ({ Q }) => [await refused(Q.send("a", { contentType: "TEXT" })), bodies(await next("q"))],
  "no text": ({ Q }) => Promise.all([1, null, {}, undefined, Symbol.iterator].map((body) => refused(Q.send(body, { contentType: "text" })))),
  "no bytes": ({ Q }) => Promise.all(["s", 1, {}, null, new ArrayBuffer(1)].map((body) => refused(Q.send(body, { contentType: "bytes" })))),
  "no JSON": ({ Q }) => Promise.all([1n, { toJSON() { throw new RangeError("no"); } }].map((body) => refused(Q.send(body)))),
  "what is not to be cloned": ({ Q }) => Q.send(() => 1, { contentType: "v8" }).then(() => "is sent", (error) => error.name),
  "an empty batch": ({ Q }) => refused(Q.sendBatch([])),
  "no batch": ({ Q }) => Promise.all([undefined, 1, {}].map((messages) => Q.sendBatch(messages).then(() => "is sent", (error) => error.name))),
  "a batch with an undefined body": ({ Q }) => refused(Q.sendBatch([{ body: 1 }, {}])),
  "a batch of too many": ({ Q }) => refused(Q.sendBatch(batch(101, "a"))),
  "a batch with one too large": ({ Q }) => refused(Q.sendBatch(batch(1, large))),
  "a batch too large": ({ Q }) => refused(Q.sendBatch(batch(3, "x".repeat(100_000)))),
  "a large batch": async ({ Q }) => [await refused(Q.sendBatch(batch(3, "x".repeat(85_000)))), (await next("q")).messages.length],
  "a generator": async ({ Q }) => {
    const all = function* () { yield { body: "a" }; yield { body: "b", contentType: "text" }; };
    return [await refused(Q.sendBatch(all())), bodies(await next("q"))];
  },
  "delays as they are read": async ({ Q }) => {
    const said = [];
    for (const delaySeconds of ["0", 0.9, null, true, Infinity, NaN]) said.push(await refused(Q.send("d", { delaySeconds })));
    await empty(Q);
    return said;
  },
  "a delay far out": ({ Q }) => refused(Q.send("", { delaySeconds: 2 ** 31 })),
};

const types = {
  "json": async ({ Q }) => {
    await Q.send({ a: [1, null, "é"], d: new Date(0), u: undefined });
    return (await next("q")).messages[0].body;
  },
  "text": async ({ Q }) => {
    await Q.send("hé\ud800llo", { contentType: "text" });
    return (await next("q")).messages[0].body;
  },
  "bytes": async ({ Q }) => {
    const sent = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
    await Q.send(sent, { contentType: "bytes" });
    const { body } = (await next("q")).messages[0];
    return [sent.length, body.constructor.name, [...body], body.buffer.byteLength];
  },
  "bytes in a batch": async ({ Q }) => {
    const sent = new Uint16Array([1, 2]);
    await Q.sendBatch([{ body: sent, contentType: "bytes" }]);
    const { body } = (await next("q")).messages[0];
    return [sent.length, body.constructor.name, [...body]];
  },
  "v8": async ({ Q }) => {
    await Q.send({ m: new Map([[1, new Date(5)]]), s: new Set(["a"]), b: 10n, u: undefined, e: new RangeError("e"), x: new Uint8Array([9]) }, { contentType: "v8" });
    const { m, s, b, u, e, x } = (await next("q")).messages[0].body;
    return [[...m], [...s], b, u, e.name, e.message, [...x]];
  },
};

const batches = {
  "shape": async ({ Q }) => {
    await Q.sendBatch([{ body: "a" }, { body: "b" }]);
    const batch = await next("q");
    const [message] = batch.messages;
    return [
      String(batch), batch.constructor.name, Object.keys(batch), Object.getOwnPropertyNames(Object.getPrototypeOf(batch)).sort(),
      batch.queue, batch.messages.length, Array.isArray(batch.messages), Object.isFrozen(batch.messages),
      String(message), Object.keys(message), Object.getOwnPropertyNames(Object.getPrototypeOf(message)).sort(),
      message.id.length, /^[0-9a-f]+$/.test(message.id), message.timestamp instanceof Date, message.attempts,
      Object.keys(batch.metadata), Object.keys(batch.metadata.metrics), batch.given,
    ];
  },
  "what it cannot": async ({ Q }) => {
    await Q.send("a");
    const batch = await next("q");
    const [message] = batch.messages;
    const attempt = (run) => { try { return run(); } catch (error) { return error.constructor.name; } };
    return [
      attempt(() => { "use strict"; message.body = 1; return message.body; }),
      attempt(() => { "use strict"; batch.queue = 1; return batch.queue; }),
      attempt(() => new batch.constructor()),
      attempt(() => JSON.stringify(batch.messages).replaceAll(/[0-9a-f]{32}/g, "ID").replaceAll(/\d{4}-[^"]*Z/g, "TIME")),
    ];
  },
  "full ones and the rest": async ({ Q }) => {
    await Q.sendBatch(batch(7, "m"));
    return [(await next("q")).messages.length, (await next("q")).messages.length];
  },
  "what is retried": async ({ RETRY }) => {
    await RETRY.sendBatch([{ body: "again" }, { body: "once" }]);
    return [bodies(await next("retry")), bodies(await next("retry"))];
  },
  "what fails for ever": async ({ RETRY }) => {
    await RETRY.send("fail");
    const seen = [];
    let ids = new Set();
    for (let i = 0; i < 3; i++) {
      const batch = await next("retry");
      seen.push(bodies(batch));
      ids.add(batch.messages[0].id);
    }
    const dead = await next("dead");
    ids.add(dead.messages[0].id);
    return [seen, bodies(dead), ids.size];
  },
  "all of them again": async ({ RETRY }) => {
    await RETRY.sendBatch([{ body: "all" }, { body: "others" }]);
    return [bodies(await next("retry")), bodies(await next("retry"))];
  },
  "what is acknowledged for all": async ({ RETRY }) => {
    await RETRY.send("ackAll");
    const first = bodies(await next("retry"));
    return [first, await Promise.race([next("retry").then(bodies), scheduler.wait(700).then(() => "no more")])];
  },
  "what fails in waitUntil": async ({ RETRY }) => {
    await RETRY.send("wait");
    return [bodies(await next("retry")), bodies(await next("retry"))];
  },
  "a delay": async ({ LATE }) => {
    const started = Date.now();
    await LATE.send("late");
    const batch = await next("late");
    return [bodies(batch), Date.now() - started >= 900];
  },
  "a delay of its own": async ({ LATE }) => {
    const started = Date.now();
    await LATE.send("soon", { delaySeconds: 0 });
    const batch = await next("late");
    return [bodies(batch), Date.now() - started < 900];
  },
};

export default {
  fetch: observe(Object.fromEntries(
    Object.entries({ sending, types, batches }).flatMap(([area, cases]) =>
      Object.entries(cases).map(([name, run]) => [`${area}: ${name}`, (_request, env) => run(env)]),
    ),
  )),
  async queue(batch, env, ctx) {
    if (batch.queue === "q" && batch.messages.every(({ body }) => body === "d")) return;
    batch.given = undefined;
    batch.given = [typeof env, String(ctx)];
    inbox.push(batch);
    wake();
    const first = batch.messages.every(({ attempts }) => attempts === 1);
    const has = (body) => batch.messages.some((message) => message.body === body);
    if (has("fail") && batch.queue === "retry") throw new Error("for ever");
    if (has("all") && first) batch.retryAll();
    if (has("ackAll")) {
      batch.ackAll();
      batch.retryAll();
      batch.messages[0].retry();
    }
    if (has("wait") && first) ctx.waitUntil(Promise.reject(new Error("waited in vain")));
    for (const message of batch.messages) {
      if (message.body === "again" && first) message.retry();
      if (message.body === "once") message.ack();
    }
  },
};
