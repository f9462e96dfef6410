// Facets of an object, and facets in them: calls in each other and at once, what they store, and who
// ends whom; then what is stored in all of them. What was noted is kept outside, as in gates.mjs.
import { DurableObject } from "cloudflare:workers";
import { show } from "../observe.mjs";
import { told } from "./values.mjs";

const NAP_MS = 4;
const NAMES = ["a", "b"];
const KEYS = ["k", "l"];
const MAX_DEPTH = 3;
const logs = new Map();

const ENDING = ["abortSelf", "deleteAll"];
const LEAVES = ["count", "count", "put", "put", "kv", "get", "list", "delete", "deleteAll", "sql", "sql", "tables", "sync", "getAlarm", "deleteAlarm", "throw", "nap", "abortSelf", "who", "transactionSync"];

function leaf({ one }) {
  return { on: one(LEAVES), key: one(KEYS), ends: one(["well", "badly"]) };
}

// What is begun together neither holds up nor ends each other: which would come first is open.
function steps(random, depth, most = 3, isAlone = true) {
  const { one, below, chance } = random;
  return Array.from({ length: 1 + below(most) }, () => {
    const kind = one(["leaf", "leaf", "in", "in", "in", "abort", "delete", "clone", "together", "transaction", "section"]);
    const name = one(NAMES);
    if (kind === "in" && depth > 0)
      return { on: kind, name, kind: one(["FacetPrograms", "FacetPrograms", "FacetOther"]), id: one([null, null, null, "own"]), isKept: chance(0.4), steps: steps(random, depth - 1, 3, isAlone) };
    if (kind === "abort" && isAlone) return { on: kind, name };
    if (kind === "delete" && isAlone) return { on: kind, name };
    if (kind === "clone" && isAlone) return { on: kind, name, to: one(NAMES) };
    if (depth > 0 && kind === "together") return { on: kind, steps: steps(random, depth, 3, false) };
    if (depth > 0 && kind === "transaction" && isAlone) return { on: kind, ends: one(["well", "badly", "rollback"]), steps: steps(random, depth - 1) };
    if (depth > 0 && kind === "section" && isAlone && chance(0.6)) return { on: kind, ends: one(["well", "well", "badly"]), steps: steps(random, depth - 1) };
    const found = leaf(random);
    return isAlone || !ENDING.includes(found.on) ? found : { on: "count" };
  });
}

export const generate = (random) => ({
  steps: steps(random, MAX_DEPTH, 5),
  then: random.chance(0.6) ? steps(random, 2) : [],
});

const FLAGS = ["remote", "retryable", "overloaded", "durableObjectReset"];

async function outcomeOf(run) {
  try {
    return show(await run());
  } catch (error) {
    return [told(error), ...FLAGS.filter((flag) => error?.[flag])].join(" ");
  }
}

/** What `call(token)` has noted under that, behind `log`; and its outcome. */
async function noted(log, call) {
  const token = crypto.randomUUID();
  const inner = [];
  logs.set(token, inner);
  const outcome = await outcomeOf(() => call(token));
  logs.delete(token);
  log.push(...inner.map((line) => `  ${line}`), outcome);
}

class Programs extends DurableObject {
  #count = 0;
  #kept = {};
  #isReset = false; // what goes on in it all the same can only be seen here

  async play(token, list) {
    await this.#play(list, logs.get(token) ?? []);
    return "played";
  }

  async #play(list, log) {
    for (const step of list) await this.#note(step, log);
  }

  async #note(step, log) {
    const lines = [];
    const outcome = await outcomeOf(() => this.#step(step, lines));
    if (this.#isReset) return;
    log.push(`${step.on} ${step.name ?? step.key ?? ""}`, ...lines.map((line) => `  ${line}`), outcome);
  }

  #facet({ name, kind, id, isKept }) {
    if (isKept && this.#kept[name] !== undefined) return this.#kept[name];
    const stub = this.ctx.facets.get(name, () => ({ class: this.ctx.exports[kind ?? "FacetPrograms"], ...(id ? { id } : {}) }));
    return (this.#kept[name] = stub);
  }

  async #step(step, log) {
    const { ctx } = this;
    const { storage, facets } = ctx;
    const { on, key, ends, name, to } = step;
    if (on === "in") return noted(log, (token) => this.#facet(step).play(token, step.steps));
    if (on === "abort") return facets.abort(name, new RangeError("aborted"));
    if (on === "delete" && name !== undefined) return facets.delete(name);
    if (on === "clone") return facets.clone(name, to);
    if (on === "together") {
      const all = step.steps.map(() => []);
      await Promise.all(step.steps.map((each, index) => this.#note(each, all[index])));
      log.push(...all.flat());
      return;
    }
    if (on === "transaction")
      return storage.transaction(async (txn) => {
        await this.#play(step.steps, log);
        txn.put(KEYS[0], "transaction");
        if (ends === "rollback") txn.rollback();
        if (ends === "badly") throw new RangeError("transaction");
      });
    if (on === "section")
      return ctx.blockConcurrencyWhile(async () => {
        await this.#play(step.steps, log);
        if (ends !== "badly") return;
        this.#isReset = true;
        throw new RangeError("section");
      });
    if (on === "count") return (this.#count += 1);
    if (on === "put") return storage.put(key, `${on} ${ends}`);
    if (on === "kv") return storage.kv.put(key, on);
    if (on === "get") return storage.get(key);
    if (on === "list") return storage.list();
    if (on === "delete") return storage.delete(key);
    if (on === "deleteAll") return storage.deleteAll();
    if (on === "sql") return [...storage.sql.exec(`CREATE TABLE IF NOT EXISTS ${key}(a); INSERT INTO ${key} VALUES (1) RETURNING a`)];
    if (on === "tables") return tablesOf(storage);
    if (on === "sync") return storage.sync();
    if (on === "getAlarm") return (await storage.getAlarm()) !== null;
    if (on === "deleteAlarm") return storage.deleteAlarm();
    if (on === "throw") throw new TypeError("thrown");
    if (on === "nap") return scheduler.wait(NAP_MS);
    if (on === "abortSelf" && ends === "badly") {
      this.#isReset = true;
      ctx.abort("aborts itself");
    }
    if (on === "who") return [typeof ctx.id, ctx.id === "own", Object.keys(ctx.props ?? {}), this.constructor.name];
    if (on === "transactionSync")
      return storage.transactionSync(() => {
        storage.kv.put(key, on);
        if (ends === "badly") throw new RangeError("sync");
      });
  }

  async state(depth) {
    const { storage, facets, exports } = this.ctx;
    const own = [[...(await storage.list()).entries()], tablesOf(storage)];
    if (depth === 0) return own;
    const found = NAMES.map((name) => facets.get(name, () => ({ class: exports.FacetPrograms })));
    return [...own, ...(await Promise.all(found.map((stub) => stub.state(depth - 1).catch(String))))];
  }
}

function tablesOf({ sql }) {
  const names = [...sql.exec("SELECT name FROM sqlite_master WHERE name IN ('k', 'l') ORDER BY name")];
  return names.map(({ name }) => [name, sql.exec(`SELECT count(*) AS n FROM ${name}`).one().n]);
}

export class FacetPrograms extends Programs {}
export class FacetOther extends Programs {}

export async function run(program, env) {
  const name = crypto.randomUUID();
  const log = [];
  for (const list of [program.steps, program.then]) {
    await noted(log, (token) => env.FacetPrograms.getByName(name).play(token, list));
    await scheduler.wait(5 * NAP_MS);
    log.push(await outcomeOf(async () => JSON.stringify(await env.FacetPrograms.getByName(name).state(MAX_DEPTH))));
  }
  return log;
}
