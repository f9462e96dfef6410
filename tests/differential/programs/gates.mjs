// Critical sections, transactions, alarms and resets of one object, in each other, while others call
// it; then what is stored. What was noted is kept outside of the object, which may be reset.
import { DurableObject } from "cloudflare:workers";
import { outcomeOf } from "./values.mjs";

const NAP_MS = 5;
const LATER_MS = 150; // by then the steps are over
const ALARM_MS = 175; // and after those, what comes later
const SETTLED_MS = 200;
const KEYS = ["a", "b", "c"];
const logs = new Map();

const leaf = ({ one }) => {
  const on = one(["put", "put", "kv", "sql", "get", "delete", "deleteAll", "arm", "arm", "armed", "disarm", "nap", "sync", "other", "throw"]);
  return { on, key: one(KEYS), ends: one(["well", "well", "badly"]) };
};

function steps(random, depth, inside) {
  const { one, below, chance } = random;
  return Array.from({ length: 1 + below(4) }, () => {
    const kind = one(["leaf", "leaf", "leaf", "section", "transaction", "transactionSync", "abort", "call", "later"]);
    const ends = one(["well", "well", "badly", "caught"]);
    if (kind === "section" && depth > 0 && inside !== "transaction") return { on: kind, ends, calls: below(3), steps: steps(random, depth - 1, kind) };
    if (kind === "transaction" && depth > 0) return { on: kind, ends: one(["well", "badly", "caught", "rollback"]), steps: steps(random, depth - 1, kind) };
    if (kind === "transactionSync") return { on: kind, ends, keys: [one(KEYS), one(KEYS)] };
    if (kind === "abort" && chance(0.3)) return { on: kind };
    if (kind === "call" && inside === undefined) return { on: kind, key: one(KEYS) };
    if (kind === "later" && inside === undefined) return { on: kind, key: one(KEYS) };
    return leaf(random);
  });
}

export const generate = (random) => ({
  steps: steps(random, 3),
  then: random.chance(0.5) ? steps(random, 1) : [],
  alarm: random.chance(0.5) ? [leaf(random)] : [],
});

export class GatePrograms extends DurableObject {
  #calls = [];
  #isReset = false; // what goes on in it all the same can only be seen here

  async run(program, list) {
    this.program = program;
    this.ctx.storage.kv.put("alarm", program.alarm);
    await this.#play(list, this.ctx.storage, true);
    return "played";
  }

  hit(id, key) {
    this.#note(id, `hit ${key}`);
    this.ctx.storage.kv.put(key, "hit");
  }

  write(key) {
    this.ctx.storage.kv.put(key, "other");
    return key;
  }

  async state() {
    const { storage } = this.ctx;
    return [[...(await storage.list()).entries()].filter(([key]) => key !== "alarm"), (await storage.getAlarm()) !== null];
  }

  async alarm({ isRetry }) {
    const list = this.ctx.storage.kv.get("alarm");
    if (isRetry || list === undefined) return;
    this.ctx.storage.kv.put("ran", true);
    for (const step of list) await this.#step(step, this.ctx.storage);
  }

  #note(id, line) {
    if (!this.#isReset) logs.get(id)?.push(line);
  }

  async #play(list, target, isOuter = false) {
    for (const step of list) {
      const outcome = await outcomeOf(() => this.#step(step, target));
      if (isOuter) await Promise.all(this.#calls); // which have waited for the section to end
      this.#note(this.program.id, `${step.on} ${step.key ?? ""} ${outcome}`);
      if (step.ends === "badly" && step.steps !== undefined) throw new RangeError("badly");
    }
  }

  #step(step, target) {
    const { ctx, env } = this;
    const { storage } = ctx;
    const { on, key, ends } = step;
    const value = `${on} value`;
    if (on === "put") return target.put(key, value);
    if (on === "kv") return storage.kv.put(key, value);
    if (on === "sql") return storage.sql.exec("CREATE TABLE IF NOT EXISTS t(a)").toArray();
    if (on === "get") return target.get(key);
    if (on === "delete") return target.delete(key);
    if (on === "deleteAll") return storage.deleteAll();
    if (on === "arm") return storage.setAlarm(Date.now() + (key === "a" ? ALARM_MS : 1e9));
    if (on === "armed") return storage.getAlarm().then((time) => time !== null);
    if (on === "disarm") return storage.deleteAlarm();
    if (on === "nap") return scheduler.wait(NAP_MS);
    if (on === "sync") return storage.sync();
    if (on === "other") return env.GatePrograms.getByName(`${ctx.id} other`).write(key);
    if (on === "throw" && ends === "badly") throw new TypeError("thrown");
    if (on === "abort") return ctx.abort("aborted");
    if (on === "call") return env.GatePrograms.get(ctx.id).hit(this.program.id, key);
    if (on === "later") return ctx.waitUntil(scheduler.wait(LATER_MS).then(() => storage.kv.put(key, "later")));
    if (on === "transactionSync")
      return storage.transactionSync(() => {
        for (const each of step.keys) storage.kv.put(each, on);
        if (ends !== "well") throw new RangeError("sync");
      });
    if (on === "transaction")
      return storage.transaction(async (txn) => {
        await this.#play(step.steps, txn);
        if (ends === "rollback") txn.rollback();
        if (ends === "badly" || ends === "caught") throw new RangeError("transaction");
      });
    if (on === "section") return this.#section(step);
  }

  #section({ calls, ends, steps: list }) {
    const { ctx, env, program } = this;
    return ctx.blockConcurrencyWhile(async () => {
      for (let i = 0; i < calls; i++)
        this.#calls.push(env.GatePrograms.get(ctx.id).hit(program.id, KEYS[i]).catch(() => {}));
      try {
        await this.#play(list, ctx.storage);
        if (ends === "badly") throw new RangeError("section");
      } catch (error) {
        this.#isReset = true;
        throw error;
      }
      return "section's";
    });
  }
}

export async function run(program, env) {
  const id = crypto.randomUUID();
  const log = [];
  logs.set(id, log);
  const told = { ...program, id };
  for (const list of [program.steps, program.then]) {
    const stub = env.GatePrograms.getByName(id);
    log.push(`run ${await outcomeOf(() => stub.run(told, list))}`);
    await scheduler.wait(SETTLED_MS);
    const fresh = env.GatePrograms.getByName(id);
    log.push(`state ${await outcomeOf(() => fresh.state())}`);
  }
  logs.delete(id);
  return log;
}
