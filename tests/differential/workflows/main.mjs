// Workflows of many kinds: `/begin` creates an instance of each, `/look` tells how they are.

import { WorkflowEntrypoint } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";

const ONCE = { retries: { limit: 0, delay: 1 } };
const told = (error) => ({
  name: error?.name,
  message: error?.message,
  class: error?.constructor?.name,
  remote: error?.remote,
});

class OddError extends Error {
  name = "OddError";
  extra = 1;
}

const THROWN = {
  odd: new OddError("odd"),
  type: new TypeError("type"),
  text: "text",
  object: { a: 1 },
  nothing: undefined,
  final: new NonRetryableError("no more"),
  named: new NonRetryableError("no more", "Mine"),
};

const RETURNED = {
  date: () => new Date(0),
  map: () => new Map([[1, 2]]),
  nothing: () => undefined,
  null: () => null,
  error: () => new RangeError("returned"),
  bytes: () => new Uint8Array([1, 2, 3]).subarray(1),
  deep: () => ({ a: [{ b: new Set([1]) }] }),
  instance: () => new (class Point { x = 1 })(),
};

const MISTAKES = {
  name: (step) => step.do("a\u0001", async () => 1),
  long: (step) => step.do("a".repeat(257), async () => 1),
  limit: (step) => step.do("x", { retries: { limit: -1, delay: 1 } }, async () => 1),
  unknown: (step) => step.do("x", { wrong: 1 }, async () => 1),
  delay: (step) => step.do("x", { retries: { limit: 1, delay: "many" } }, async () => 1),
  timeout: (step) => step.do("x", { timeout: 0 }, async () => 1),
  past: (step) => step.sleepUntil("x", new Date(0)),
};

const bytes = (text) => new TextEncoder().encode(text);
const streamOf = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const failing = (error) =>
  new ReadableStream({
    start: (controller) => controller.enqueue(bytes("begun")),
    pull() {
      throw error;
    },
  });

const STREAMS = {
  text: () => streamOf(bytes("one"), bytes(""), bytes("two")),
  buffers: () => streamOf(new Uint16Array([0x6261]), bytes("xyz").subarray(1), bytes("c").buffer),
  empty: () => streamOf(),
  body: () => new Response("body").body,
  large: () => new Blob([new Uint8Array(3 << 20).fill(120)]).stream(),
};

const streamed = (make) => async (_, step) => {
  const stream = await step.do("stream", ONCE, async () => make());
  return new Response(stream).text();
};

const KINDS = {
  async streams(_, step) {
    const seen = {};
    const read = {};
    for (const [name, make] of Object.entries(STREAMS)) {
      const stream = await step.do(name, ONCE, async () => make());
      const text = await new Response(stream).text();
      seen[name] = [Object.prototype.toString.call(stream), text.length, text.slice(0, 9)];
      read[name] = await step.do(name, ONCE, async () => make());
    }
    await step.sleep("rest", 1);
    seen.byBytes = await step.do("pieces", ONCE, async () => {
      const reader = read.text.getReader();
      const first = await reader.read();
      return [first.value instanceof Uint8Array, first.value.length, (await reader.read()).done];
    });
    return seen;
  },
  streamOfText: streamed(() => streamOf("text")),
  streamOfObjects: streamed(() => streamOf({ a: 1 })),
  streamOfViews: streamed(() => streamOf(new DataView(new ArrayBuffer(2)))),
  streamLocked: streamed(() => {
    const stream = streamOf();
    stream.getReader();
    return stream;
  }),
  streamRead: streamed(async () => {
    const response = new Response("read");
    await response.text();
    return response.body;
  }),
  streamFails: streamed(() => failing(new RangeError("broken"))),
  streamNested: streamed(() => ({ stream: streamOf(bytes("a")) })),
  streamLate: (_, step) =>
    step
      .do("stream", { ...ONCE, timeout: "1 second" }, async () => new ReadableStream({ pull: () => scheduler.wait(4_000) }))
      .catch(told),
  async streamReturned() {
    return streamOf(bytes("output"));
  },
  async event(event, step, { env, ctx }) {
    const shown = { ...event, timestamp: event.timestamp instanceof Date };
    delete shown.workflowName; // newer than some Miniflares
    return { ...shown, env: "FLOW" in env, ctx: ctx.constructor.name };
  },
  context: (_, step) => step.do("look", async (context) => structuredClone(context)),
  configured(_, step) {
    const config = { retries: { limit: 2, delay: "1 second" }, timeout: 5_000 };
    return step.do("look", config, async (context) => structuredClone(context));
  },
  async thrown(_, step) {
    const seen = {};
    for (const [name, error] of Object.entries(THROWN)) {
      seen[name] = await step.do(name, ONCE, async () => { throw error; }).catch(told);
    }
    return seen;
  },
  async returned(_, step) {
    const seen = {};
    for (const [name, make] of Object.entries(RETURNED)) {
      try {
        const value = await step.do(name, ONCE, async () => make());
        seen[name] = [Object.prototype.toString.call(value), value, value?.byteLength];
      } catch (error) {
        seen[name] = told(error);
      }
    }
    return seen;
  },
  async mistakes(_, step) {
    const seen = {};
    for (const [name, make] of Object.entries(MISTAKES)) {
      seen[name] = await make(step).then(() => "fine", told);
    }
    return seen;
  },
  async attempts(_, step) {
    const seen = [];
    const retries = { limit: 2, delay: 10, backoff: "linear" };
    const end = await step
      .do("fail", { retries }, async ({ attempt }) => {
        seen.push(attempt);
        throw new Error(`attempt ${attempt}`);
      })
      .catch(told);
    return [seen, end];
  },
  again(_, step) {
    const retries = { limit: 2, delay: 10, backoff: "constant" };
    return step.do("once more", { retries }, async ({ attempt }) => {
      if (attempt < 2) throw new Error("not yet");
      return attempt;
    });
  },
  side: (_, step) => Promise.all([1, 2, 3].map((n) => step.do("one", async (c) => [n, c.step.count]))),
  nested(_, step) {
    return step.do("outer", async () => [
      await step.do("inner", async () => 1),
      await step.do("inner", async () => 2),
    ]);
  },
  late: (_, step) =>
    step.do("never", { ...ONCE, timeout: "1 second" }, () => scheduler.wait(3_000)).catch(told),
  lost: (_, step) => step.waitForEvent("nothing", { type: "none", timeout: "1 second" }).catch(told),
  async asleep(_, step) {
    const before = Date.now();
    await step.sleep("a second", "1 second");
    return Date.now() - before >= 990;
  },
  async waiting(_, step) {
    const event = await step.waitForEvent("go", { type: "go" });
    return { ...event, timestamp: event.timestamp instanceof Date };
  },
  async failing() { throw new OddError("from run"); },
  async text() { throw "text"; },
  async final() { throw new NonRetryableError("from run"); },
  finalStep: (_, step) => step.do("no", async () => { throw new NonRetryableError("never"); }),
  symbol: (_, step) => step.do("no", async () => ({ symbol: Symbol("x") })).catch(told),
  function: (_, step) => step.do("no", async () => ({ run() {} })).catch(told),
  async output() { return { run() {}, date: new Date(0) }; },
  async silent() {},
};

export class Flow extends WorkflowEntrypoint {
  run(event, step) {
    return KINDS[event.payload.kind](event, step, this);
  }
}

async function attempt(call) {
  try {
    return await call();
  } catch (error) {
    const { name, message } = told(error);
    return { name, message };
  }
}

async function mistakes({ FLOW }) {
  const ended = await FLOW.get("silent");
  return {
    id: await attempt(() => FLOW.create({ id: "a b" })),
    long: await attempt(() => FLOW.create({ id: "a".repeat(101) })),
    unknown: await attempt(() => FLOW.get("nobody")),
    batch: await attempt(() => FLOW.createBatch([])),
    terminate: await attempt(() => ended.terminate()),
    pause: await attempt(() => ended.pause()),
    resume: await attempt(() => ended.resume()),
    event: await attempt(() => ended.sendEvent({ type: "go", payload: 1 })),
  };
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const kinds = Object.keys(KINDS);
    if (pathname === "/begin") {
      const batch = kinds.map((kind) => ({ id: kind, params: { kind } }));
      const made = await env.FLOW.createBatch(batch);
      return Response.json(made.map(({ id }) => id));
    }
    if (pathname === "/go") {
      await (await env.FLOW.get("waiting")).sendEvent({ type: "go", payload: { n: 1 } });
      return Response.json(await mistakes(env));
    }
    const look = async (kind) => {
      const { status, output, error } = await (await env.FLOW.get(kind)).status();
      return [kind, { status, output, error }];
    };
    return Response.json(Object.fromEntries(await Promise.all(kinds.map(look))));
  },
};
