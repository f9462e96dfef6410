// Calls by RPC: what goes there and back, calls on results that have not come, stubs let go of.
import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { show } from "../observe.mjs";
import { build, describeValue, outcomeOf } from "./values.mjs";

const MAX_DEPTH = 5;

class Target extends RpcTarget {
  #n;
  own = 1;
  constructor(n) {
    super();
    this.#n = n;
  }
  get value() {
    return this.#n;
  }
  get nested() {
    return { deep: { n: this.#n, f: () => "deep" }, target: new Target(this.#n * 2) };
  }
  add(by) {
    return this.#n + by;
  }
  make(n) {
    return new Target(n);
  }
  fail() {
    throw Object.assign(new RangeError("target", { cause: new TypeError("why") }), { code: this.#n });
  }
}

const FUNCTIONS = [() => "called", (x) => show(x), () => new Target(9), () => () => "inner"];
const LIVE = {
  plain: build,
  function: (index) => FUNCTIONS[index],
  target: (n) => new Target(n),
  request: (body) => new Request("http://h/a?b", { method: "POST", body, headers: [["x", "1"], ["x", "2"]] }),
  response: (status) => new Response("text", { status, headers: { "set-cookie": "a=b" } }),
  headers: (value) => new Headers([["b", value], ["a", "1"]]),
  stream: (text) => new Blob([text]).stream(),
  list: (items) => items.map(make),
  object: (pairs) => Object.fromEntries(pairs.map(([key, item]) => [key, make(item)])),
};

const make = ([kind, fact]) => LIVE[kind](fact);

function describe(random, depth = 2) {
  const { one, below, chance } = random;
  if (chance(0.4)) return ["plain", describeValue(random)];
  const item = () => describe(random, depth - 1);
  const leaf = [["function", below(4)], ["target", below(4)], ["request", "body"], ["response", one([200, 404])], ["headers", one(["", "2"])], ["stream", one(["", "a stream"])]];
  if (depth === 0 || chance(0.6)) return one(leaf);
  const items = () => Array.from({ length: below(3) }, item);
  return chance(0.5) ? ["list", items()] : ["object", items().map((found) => [one(["a", "b", "dup"]), found])];
}

/** What came, with all that it can do. */
async function look(value, depth = 0) {
  const inside = (item) => look(item, depth + 1);
  if (depth > MAX_DEPTH) return "deep";
  if (value instanceof Request) return `${value.method} ${value.url} ${show(value.headers)} ${await value.text()}`;
  if (value instanceof Response) return `${value.status} ${show(value.headers)} ${await value.text()}`;
  if (value instanceof ReadableStream) return `stream ${await new Response(value).text()}`;
  if (typeof value === "function") {
    const uses = [() => value(5), () => value.add(1), () => value.value, () => value.own];
    return `stub ${await Promise.all(uses.map((use) => outcomeOf(use, (x) => (typeof x === "function" ? "stub" : show(x)))))}`;
  }
  if (Array.isArray(value)) return `[${await Promise.all(value.map(inside))}]`;
  if (Object.getPrototypeOf(Object(value)) !== Object.prototype) return show(value);
  const parts = Object.keys(value).map(async (key) => `${key}: ${await inside(value[key])}`);
  return `{${await Promise.all(parts)}}`;
}

const METHODS = {
  async see(...given) {
    return (await Promise.all(given.map((item) => look(item)))).join();
  },
  echo: (value) => value,
  give: make,
  target: (n) => new Target(n),
  call: (f) => outcomeOf(() => f(7)),
  fail(description) {
    throw make(description);
  },
};

export class RpcPrograms extends DurableObject {}
export class RpcEntry extends WorkerEntrypoint {}
for (const Class of [RpcPrograms, RpcEntry]) Object.assign(Class.prototype, METHODS);

const LINKS = [["value"], ["nested"], ["deep"], ["f"], ["n"], ["target"], ["nope"], ["own"], ["add", 1], ["make", 5], ["fail"], ["nope", 1], ["f", 1]];
const FIRST = [["target", 3], ["give", ["object", [["nested", ["target", 1]], ["f", ["function", 0]]]]], ["give", ["plain", ["text", "abc"]]], ["echo", null], ["fail", ["plain", ["error", "TypeError", "m", ["null"]]]]];

export const generate = (random) => {
  const { one, below } = random;
  const some = (n, item) => Array.from({ length: 1 + below(n) }, item);
  const steps = some(4, () => {
    const kind = one(["see", "echo", "give", "chain", "chain", "call", "fail", "dispose"]);
    const step = { on: one(["object", "entrypoint"]), kind };
    if (kind === "see") step.given = some(2, () => describe(random));
    else if (kind === "chain") Object.assign(step, { first: one(FIRST), links: some(4, () => one(LINKS)) });
    else if (kind === "call") step.given = ["function", below(4)];
    else if (kind === "fail") step.given = ["plain", ["error", one(["Error", "TypeError", "RangeError"]), "m", describeValue(random, 1)]];
    else if (kind !== "dispose") step.given = describe(random);
    return step;
  });
  return { steps };
};

const kinds = {
  see: (stub, { given }) => stub.see(...given.map(make)),
  echo: (stub, { given }) => stub.echo(make(given)),
  give: (stub, { given }) => stub.give(given),
  call: (stub, { given }) => stub.call(make(given)),
  fail: (stub, { given }) => stub.fail(given),
  chain(stub, { first: [method, ...given], links }) {
    let result = stub[method](...given);
    for (const [name, ...args] of links) result = args.length > 0 ? result[name](...args) : result[name];
    return result;
  },
  async dispose(stub) {
    const target = await stub.target(4);
    const other = target.dup();
    target[Symbol.dispose]();
    const values = [await outcomeOf(() => target.value), await other.value];
    other[Symbol.dispose]();
    return [...values, await outcomeOf(() => other.value)];
  },
};

export async function run({ steps }, env, ctx) {
  const log = [];
  for (const step of steps) {
    const stub = step.on === "object" ? env.RpcPrograms.getByName("one") : ctx.exports.RpcEntry;
    log.push(`${step.kind} ${await outcomeOf(() => kinds[step.kind](stub, step), (value) => look(value))}`);
  }
  return log;
}
