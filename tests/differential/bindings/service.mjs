// A Worker behind a service binding, and a class that another script binds.
import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { streamOf } from "./observe.mjs";

const answers = {
  "/text": () => new Response("from the service", { status: 201, statusText: "Made", headers: [["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] }),
  "/described": async (request) => {
    const headers = [...request.headers].filter(([name]) => name.startsWith("x-"));
    return new Response(`${request.method} ${request.url} ${JSON.stringify(headers)} ${await request.text()}`);
  },
  "/stream": () => new Response(streamOf("a", "b", "c")),
  "/echo": (request) => new Response(request.body),
  "/throw": () => { throw new RangeError("in the service"); },
  "/own": () => { throw Object.assign(new Error("own"), { name: "OwnError", code: 5 }); },
  "/nothing": () => undefined,
  "/null": () => new Response(null, { status: 204 }),
  "/redirect": () => Response.redirect("http://h/text", 302),
};

const answer = (request) => answers[new URL(request.url).pathname](request);

class Counter extends RpcTarget {
  n = 0;
  constructor(n) {
    super();
    this.n = n;
  }
  increment(by) {
    return (this.n += by);
  }
}

const methods = (Base) =>
  class extends Base {
    add(a, b) {
      return a + b;
    }
    echo(value) {
      return value;
    }
    call(f, value) {
      return f(value);
    }
    counter(n) {
      return new Counter(n);
    }
    nested(n) {
      return { n, counter: new Counter(n), list: [(x) => x + n] };
    }
    get property() {
      return { a: { b: 1 } };
    }
    raise() {
      throw Object.assign(new RangeError("raised"), { code: 7 });
    }
    keep(f) {
      this.kept = f.dup();
    }
    async text(stream) {
      return new Response(stream).text();
    }
    stream() {
      return streamOf("from ", "afar");
    }
    response() {
      return new Response("made afar", { status: 418, headers: { a: "b" } });
    }
    async write(writable) {
      const writer = writable.getWriter();
      await writer.write(new TextEncoder().encode("written"));
      await writer.close();
    }
    self() {
      return this.ctx.exports.Entry ? "exports" : "none";
    }
  };

export class Entry extends methods(WorkerEntrypoint) {
  props() {
    return this.ctx.props;
  }
}

export const plain = {
  handle: (arg, env, ctx) => [arg, typeof env, typeof ctx.waitUntil],
};

export class Remote extends methods(DurableObject) {
  #calls = 0;

  constructor(state, env) {
    super(state, env);
    this.state = state;
  }

  useKept() {
    return this.kept("kept");
  }

  fetch(request) {
    if (request.url.endsWith("/calls")) return new Response(String(++this.#calls));
    if (request.url.endsWith("/abort")) this.state.abort("enough");
    return answer(request);
  }
}

export default { fetch: answer };
