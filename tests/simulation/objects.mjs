// Objects that do what they are told, one step after the other, and say on the console what
// no gate holds back: that they were born, that they wrote, that an alarm runs.

import { DurableObject } from "cloudflare:workers";

const FLAG = "flag";
const LISTS = [
  "a", "left", "right", "listed", "one", "two", "first", "second", "oftens", "sent", "heard", "asked",
  "gone",
];

let born = 0;

const say = (...words) => console.log(JSON.stringify(words));

export class Thing extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.storage = ctx.storage;
    this.name = ctx.id.name;
    this.nonce = `${env.GENERATION}.${++born}`;
    say("born", this.name, this.nonce);
  }

  async fetch(request) {
    return Response.json(await this.run(await request.json()));
  }

  async run(steps) {
    const inside = {};
    for (const [what, ...how] of steps) Object.assign(inside, await this[what](...how));
    return { ...(steps.some(([what]) => what === "read") ? this.all() : this.some()), ...inside };
  }

  /** To be called right after storage was used, in the same turn. */
  did() {
    say("did", this.name, this.nonce);
  }

  all() {
    const found = Object.fromEntries(this.storage.kv.list());
    this.did();
    return { ...found, rows: this.rows() };
  }

  // The same, without having SQLite learn of anything.
  some() {
    const { kv, sql } = this.storage;
    const found = {};
    for (const key of [...LISTS, FLAG]) {
      const list = kv.get(key);
      if (list !== undefined) found[key] = list;
    }
    this.hasRows ||= sql.exec("SELECT name FROM sqlite_schema WHERE name = 'told'").toArray().length > 0;
    this.did();
    return { ...found, rows: this.hasRows ? this.rows() : [] };
  }

  rows() {
    const { sql } = this.storage;
    if (!this.hasRows) sql.exec("CREATE TABLE IF NOT EXISTS told(tag TEXT)");
    this.hasRows = true;
    return sql.exec("SELECT tag FROM told ORDER BY rowid").toArray().map(({ tag }) => tag);
  }

  async read() {}

  async pause(ms) {
    await scheduler.wait(ms);
  }

  // No other I/O between reading and writing: the input gate is all that keeps this whole.
  async add(key, tag) {
    const list = (await this.storage.get(key)) ?? [];
    list.push(tag);
    await this.storage.put(key, list);
    this.did();
  }

  async section(key, tag, ms) {
    await this.ctx.blockConcurrencyWhile(async () => {
      const list = (await this.storage.get(key)) ?? [];
      await scheduler.wait(ms);
      list.push(tag);
      await this.storage.put(key, list);
      this.did();
    });
  }

  async transaction(tag, ms, end) {
    const done = this.storage.transaction(async (txn) => {
      const left = (await txn.get("left")) ?? [];
      await txn.put("left", [...left, tag]);
      await scheduler.wait(ms);
      const right = (await txn.get("right")) ?? [];
      await txn.put("right", [...right, tag]);
      this.did();
      if (end === "rollback") txn.rollback();
      if (end === "throw") throw new Error("on purpose");
    });
    await onPurpose(done);
  }

  async sync(tag, end) {
    const { kv, sql } = this.storage;
    this.rows();
    await onPurpose(new Promise((resolve) => resolve(this.storage.transactionSync(() => {
      kv.put("listed", [...(kv.get("listed") ?? []), tag]);
      sql.exec("INSERT INTO told VALUES (?)", tag);
      if (end === "throw") throw new Error("on purpose");
    }))));
  }

  // The two writes are one turn.
  async turn(tag) {
    const both = await this.storage.get(["one", "two"]);
    this.storage.put("one", [...(both.get("one") ?? []), tag]);
    await this.storage.put("two", [...(both.get("two") ?? []), tag]);
  }

  // The same, and between them something that may have SQLite learn of the first.
  async mixed(tag, between) {
    const { kv } = this.storage;
    const both = await this.storage.get(["first", "second"]);
    this.storage.put("first", [...(both.get("first") ?? []), tag]);
    kv.put("note", tag);
    this.between(tag, between);
    await this.storage.put("second", [...(both.get("second") ?? []), tag]);
  }

  between(tag, what) {
    const { kv, sql } = this.storage;
    const noted = () => kv.get("note") === tag && kv.get("first").at(-1) === tag;
    if (what === "list") kv.list();
    if (what === "sql") sql.exec("SELECT count(*) FROM sqlite_schema").toArray();
    if (what === "delete") kv.delete("note");
    else if (!noted()) throw new Error("what was put is not found");
    if (what === "much") for (let n = 0; n < 70; n++) kv.put(`much ${n}`, tag);
    if (what === "large") kv.put("large", tag.padEnd(3000));
    if (what === "alarm") this.storage.getAlarm();
    if (what === "undone") {
      try {
        this.storage.transactionSync(() => {
          kv.put("note", "undone");
          throw new Error("on purpose");
        });
      } catch {
        if (!noted()) throw new Error("what was undone is found");
      }
    }
  }

  // Small writes of several turns, each of which is read back among others.
  async often(tag, many) {
    for (let n = 0; n < many; n++) {
      await this.storage.put({ [`often ${n % 3}`]: `${tag} ${n}`, latest: tag });
    }
    await this.add("oftens", tag);
  }

  // In the end nothing has changed.
  async flip() {
    for (const flag of ["up", "down"]) {
      this.storage.kv.put(FLAG, flag);
      this.did();
      await this.storage.sync();
    }
  }

  async call(other, tag, how) {
    await this.add("sent", tag);
    const stub = this.env.Thing.getByName(other);
    const steps = [["add", "heard", tag]];
    if (how === "rpc") await stub.run(steps);
    else await answered(await stub.fetch("http://object", { method: "POST", body: JSON.stringify(steps) }));
  }

  // ---- facets, whose lists are told by what asks for them ----

  facet(name) {
    return this.ctx.facets.get(name, () => ({ class: this.ctx.exports.Inner }));
  }

  async inner(tag, name) {
    return { [name]: await this.facet(name).add(tag) };
  }

  async clone() {
    this.ctx.facets.clone("inner", "copy");
    return { copy: await this.facet("copy").tags() };
  }

  async doom(tag) {
    await this.facet(`doomed ${tag}`).add(tag);
    this.ctx.facets.delete(`doomed ${tag}`);
    await this.add("gone", tag);
  }

  // Nothing is written, whatever instance this is.
  async look() {
    await this.storage.transaction((txn) => txn.get("a"));
  }

  leave() {
    this.ctx.abort("left on purpose");
  }

  async inside() {
    const names = ["inner", "other", "copy"];
    const lists = await Promise.all(names.map((name) => this.facet(name).tags()));
    const gone = (await this.storage.get("gone")) ?? [];
    const doomed = await Promise.all(gone.map((tag) => this.facet(`doomed ${tag}`).tags()));
    return { ...Object.fromEntries(names.map((name, n) => [name, lists[n]])), doomed: doomed.flat() };
  }

  async arm(tag, ms, failures) {
    const asked = (await this.storage.get("asked")) ?? [];
    say("arms", this.name, tag);
    this.storage.put({ asked: [...asked, tag], failures });
    await this.storage.setAlarm(Date.now() + ms);
  }

  async disarm(tag) {
    const asked = (await this.storage.get("asked")) ?? [];
    say("disarms", this.name, tag);
    this.storage.put("done", asked);
    await this.storage.deleteAlarm();
  }

  async alarm({ retryCount, scheduledTime }) {
    say("alarm", this.name, scheduledTime, retryCount);
    const failures = (await this.storage.get("failures")) ?? 0;
    await scheduler.wait(2);
    if (retryCount < failures) {
      say("fails", this.name, scheduledTime, retryCount);
      throw new Error("on purpose");
    }
    await this.storage.put("done", await this.storage.get("asked"));
    this.did();
  }
}

export class Inner extends DurableObject {
  async tags() {
    return (await this.ctx.storage.get("tags")) ?? [];
  }

  async add(tag) {
    const own = (await this.ctx.storage.get("tags")) ?? [];
    await this.ctx.storage.put("tags", [...own, tag]);
    return this.tags();
  }
}

async function onPurpose(promise) {
  try {
    await promise;
  } catch (error) {
    if (error.message !== "on purpose") throw error;
  }
}

async function answered(response) {
  if (!response.ok) throw new Error(await response.text());
  await response.text();
}

export default {
  async fetch(request, env) {
    const { name, steps, how } = await request.json();
    const stub = env.Thing.getByName(name);
    try {
      if (how === "rpc") return Response.json(await stub.run(steps));
      return await stub.fetch(request.url, { method: "POST", body: JSON.stringify(steps) });
    } catch (error) {
      return Response.json([error.name, error.message], { status: 500 });
    }
  },
};
