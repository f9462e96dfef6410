// Keys, SQL and transactions of one object, nested in each other; then all that is stored.
import { show } from "../observe.mjs";
import { build, describeValue, outcomeOf, told } from "./values.mjs";

const KEYS = ["", "a", "aa", "ab", "b", "\u00e9", "\uffff", "\u{1f600}", "a\0b", "_cf_x"];
const LIMITS = ["0", "1", "2", "-1", "1.5", "NaN", "4294967297"];
const TIMES = ["4e12", "5e12", "0", "-1", "NaN", "4000000000000.5"];
const TABLE = "CREATE TABLE IF NOT EXISTS t(k INTEGER PRIMARY KEY, v)";
// Each with as many bindings as it takes.
const STATEMENTS = [
  ["INSERT INTO t VALUES (?, ?)", 2],
  ["INSERT OR REPLACE INTO t VALUES (?1, ?2)", 2],
  ["INSERT INTO t(v) VALUES (?) RETURNING *", 1],
  ["INSERT INTO t(v) SELECT v FROM t RETURNING k", 0],
  ["UPDATE t SET v = ? WHERE k < 3", 1],
  ["DELETE FROM t WHERE k = ? RETURNING v", 1],
  ["SELECT * FROM t ORDER BY k", 0],
  ["SELECT k, v FROM t WHERE k > ? ORDER BY k", 1],
  ["SELECT ? AS a, typeof(?1) AS b, 2 AS a", 1],
  ["SELECT x'00ff' AS b, 1.0 AS f, 9007199254740993 AS big, NULL AS n", 0],
  ["WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT x FROM c", 0],
  ["CREATE UNIQUE INDEX IF NOT EXISTS i ON t(v)", 0],
  ["DROP TABLE IF EXISTS t", 0],
  ["SELECT * FROM nope", 0],
  ["SELEC", 0],
  ["BEGIN", 0],
  ["PRAGMA table_info(t)", 0],
  ["CREATE TABLE _cf_x(a)", 0],
  ["SELECT abs(-9223372036854775808)", 0],
];
const BINDINGS = [["null"], ["text", "x"], ["text", "\u00e9\0b"], ["number", "1.5"], ["boolean", true], ["buffer", 3], ["date", "0"], ["bigint", "5"]];
const TAKERS = ["all", "one", "raw", "two", "names", "mixed"];

const key = ({ one }) => one(KEYS);
const value = (random) => (random.chance(0.6) ? ["number", `${random.below(9)}`] : describeValue(random));

function range(random) {
  const { one, chance } = random;
  const options = {};
  for (const name of ["start", "startAfter", "end", "prefix"]) if (chance(0.3)) options[name] = key(random);
  if (chance(0.3)) options.reverse = chance(0.7);
  if (chance(0.3)) options.limit = Number(one(LIMITS));
  return options;
}

const calls = {
  get: (random) => [key(random)],
  getMany: (random) => [random.some(() => key(random))],
  put: (random) => [key(random), value(random)],
  putMany: (random) => [random.some(() => [key(random), value(random)])],
  delete: (random) => [key(random)],
  deleteMany: (random) => [random.some(() => key(random))],
  list: (random) => [range(random)],
};
const alarms = { getAlarm: () => [], setAlarm: ({ one }) => [one(TIMES)], deleteAlarm: () => [] };

function call(random, on) {
  const { one } = random;
  const known = on === "kv" ? { get: calls.get, put: calls.put, delete: calls.delete, list: calls.list } : { ...calls, ...alarms };
  const name = one(Object.keys(known));
  return { on, name, given: known[name](random) };
}

function statement({ one, below, chance }) {
  const [text, count] = one(STATEMENTS);
  const binding = () => (chance(0.6) ? ["number", `${below(5)}`] : one(BINDINGS));
  const bindings = Array.from({ length: chance(0.95) ? count : below(3) + 1 }, binding);
  return { on: "sql", text, bindings, take: one(TAKERS) };
}

function steps(random, depth, isSync, isOuter) {
  const { below, chance, one } = random;
  return Array.from({ length: 1 + below(6) }, () => {
    const kind = one(["call", "call", "call", "kv", "sql", "sql", "nested", "nested sync", "end"]);
    if (kind === "nested" && depth > 0 && !isSync) return { on: "transaction", steps: steps(random, depth - 1, false) };
    if (kind === "nested sync" && depth > 0) return { on: "transactionSync", steps: steps(random, depth - 1, true) };
    if (kind === "end" && !isOuter) return { on: isSync || chance(0.5) ? "throw" : "rollback" };
    if (kind === "call" && !isSync) return call(random, isOuter || chance(0.3) ? "storage" : "transaction's");
    return kind === "sql" ? statement(random) : call(random, "kv");
  });
}

export const generate = (random) => {
  const some = (make) => Array.from({ length: random.below(4) }, make);
  return { steps: steps({ ...random, some }, 3, false, true) };
};

export class StoragePrograms {
  constructor(state) {
    this.storage = state.storage;
    this.log = [];
  }

  alarm() {}

  async fetch(request) {
    this.storage.sql.exec(TABLE);
    await this.#play((await request.json()).steps, this.storage);
    const { storage } = this;
    this.log.push(`keys ${await outcomeOf(() => storage.list())}`, `alarm ${await storage.getAlarm()}`);
    this.log.push(`rows ${await outcomeOf(() => storage.sql.exec("SELECT * FROM t").toArray())}`);
    return Response.json(this.log);
  }

  async #play(list, target) {
    for (const step of list) {
      if (step.on === "throw") throw new RangeError("step");
      if (step.on === "rollback") {
        target.rollback();
        return;
      }
      this.log.push(`${step.on} ${step.name ?? ""} ${await outcomeOf(() => this.#step(step, target))}`);
    }
  }

  #step(step, target) {
    const { storage } = this;
    if (step.on === "transaction") return storage.transaction((txn) => this.#play(step.steps, txn));
    if (step.on === "storage") return called(storage, step);
    if (step.on === "transaction's") return called(target, step);
    return this.#syncStep(step);
  }

  #playSync(list) {
    for (const step of list) {
      if (step.on === "throw") throw new RangeError("step");
      try {
        this.log.push(`${step.on} ${show(this.#syncStep(step))}`);
      } catch (error) {
        this.log.push(`${step.on} ${told(error)}`);
      }
    }
  }

  #syncStep(step) {
    const { kv, sql } = this.storage;
    if (step.on === "transactionSync") return this.storage.transactionSync(() => this.#playSync(step.steps));
    if (step.on === "sql") return taken(sql.exec(step.text, ...step.bindings.map(build)), step.take);
    const result = called(kv, step);
    return step.name === "list" ? [...result] : result;
  }
}

function called(target, { name, given }) {
  if (name === "put") return target.put(given[0], build(given[1]));
  if (name === "putMany") return target.put(Object.fromEntries(given[0].map(([k, v]) => [k, build(v)])));
  if (name === "setAlarm") return target.setAlarm(Number(given[0]));
  return target[name.replace("Many", "")](...given);
}

function taken(cursor, how) {
  if (how === "all") return cursor.toArray();
  if (how === "one") return cursor.one();
  if (how === "raw") return cursor.raw().toArray();
  if (how === "two") return [cursor.next(), cursor.next()];
  if (how === "names") return [cursor.columnNames, [...cursor]];
  const raw = cursor.raw();
  return [raw.next(), cursor.next(), [...raw], cursor.toArray()];
}

export async function run(program, env) {
  const stub = env.StoragePrograms.get(env.StoragePrograms.newUniqueId());
  const response = await stub.fetch("http://h/", { method: "POST", body: JSON.stringify(program) });
  return response.json();
}
