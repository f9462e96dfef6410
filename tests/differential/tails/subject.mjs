// A Worker that others are told of.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { channel } from "node:diagnostics_channel";

class Point {
  x = 1;
}

const values = [
  ["text", 1, true, null, undefined, { a: [1, { b: 2 }] }, [1, "2", [3]]],
  [() => 1, Symbol("s"), 10n, new Map([[1, 2]]), new Date(0), /a/g, Promise.resolve()],
  [new Point(), new Error("told"), Object.create(null), { toJSON: () => "json" }, NaN, -0, Infinity],
  ["%s is %d", "this", 5],
  [],
  [{ get a() { throw new Error("no"); } }, "after"],
];

const handlers = {
  log() {
    console.log("log");
    console.info("info");
    console.warn("warn");
    console.error("error");
    console.debug("debug");
  },
  values() {
    for (const each of values) console.log(...each);
    const circle = {};
    circle.circle = circle;
    console.log(circle);
  },
  errors() {
    console.error("before", new TypeError("first"), { name: "Error", message: "no error" });
    const odd = new RangeError("odd");
    odd.name = "Odd";
    console.error(odd);
  },
  throws() {
    console.log("about to throw");
    throw new TypeError("thrown");
  },
  throwsText() {
    throw "a text";
  },
  throwsOwn() {
    throw Object.assign(new Error("of its own"), { name: "Own" });
  },
  async rejects() {
    await scheduler.wait(1);
    throw new RangeError("rejected");
  },
  late(request, ctx) {
    ctx.waitUntil(scheduler.wait(5).then(() => console.log("late")));
  },
  lateFailure(request, ctx) {
    ctx.waitUntil(scheduler.wait(5).then(() => { throw new Error("late failure"); }));
  },
  async unhandled() {
    Promise.reject(new RangeError("unhandled"));
    await scheduler.wait(1);
  },
  async timer() {
    setTimeout(() => { throw new Error("in a timer"); }, 0);
    await scheduler.wait(5);
  },
  others() {
    console.count();
    console.assert(false, "asserted");
    console.dir({ a: 1 });
    console.table([[1]]);
    console.group("group");
    console.log("in the group");
    console.groupEnd();
    console.time();
    console.trace("traced");
    console.dirxml("xml");
  },
  publishes() {
    const published = channel("published");
    published.publish({ a: [1, new Map([["k", new Date(0)]])] });
    channel("unseen").publish(() => 1);
    channel("nothing").publish(undefined);
  },
  status: () => new Response("no", { status: 418 }),
  stream() {
    let count = 0;
    const pull = async (controller) => {
      await scheduler.wait(5);
      console.log("pulled", ++count);
      controller.enqueue(new TextEncoder().encode("x"));
      if (count === 3) controller.close();
    };
    return new Response(new ReadableStream({ pull }));
  },
  body: () => new Response(new ReadableStream({ pull(c) { c.enqueue(new TextEncoder().encode("x")); c.close(); console.log("pulled"); } })),
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    return (await handlers[pathname.split("/")[1]]?.(request, ctx)) ?? new Response("ok");
  },
  async queue(batch) {
    console.log(batch.messages.map(({ body }) => body));
  },
  async rpc(argument) {
    console.log("rpc", argument);
  },
};

export class Entry extends WorkerEntrypoint {
  fetch() {
    console.log("entry");
    return new Response("entry");
  }
  method(a) {
    console.log("method", a);
    return a;
  }
  fails() {
    throw new SyntaxError("failed method");
  }
}

export class Thing extends DurableObject {
  fetch() {
    console.log("in the object");
    return new Response("thing", { status: 201 });
  }
  method(a) {
    console.log("method", a);
  }
  fails() {
    throw new SyntaxError("failed method");
  }
  async wake() {
    await this.ctx.storage.setAlarm(Date.now());
  }
  alarm() {
    console.log("alarm");
  }
}
