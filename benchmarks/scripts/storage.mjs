// What `benchmarks/storage_script.py` times inside an object: `/<operation>?count=<number>` does
// one of the operations that often, and answers when all of it is done.

const KEYS = 1_000;
const key = (i) => `key${String(i % KEYS).padStart(4, "0")}`;

const operations = {
  get: ({ storage }, i) => storage.get(key(i)),
  put: ({ storage }, i) => storage.put(key(i), i),
  list: ({ storage }) => storage.list(),
  kvGet: ({ storage }, i) => void storage.kv.get(key(i)),
  kvPut: ({ storage }, i) => void storage.kv.put(key(i), i),
  kvList: ({ storage }) => void [...storage.kv.list()],
  point: ({ storage }, i) => void storage.sql.exec("SELECT name FROM t WHERE id = ?", i % KEYS).one(),
  insert: ({ storage }, i) => void storage.sql.exec("INSERT OR REPLACE INTO t VALUES (?, ?)", i % KEYS, "x"),
  select: ({ storage }) => void storage.sql.exec("SELECT * FROM t").toArray(),
  iterate: ({ storage }) => { for (const _ of storage.sql.exec("SELECT * FROM t")); },
  transactionSync: ({ storage }, i) => void storage.transactionSync(() => storage.kv.put(key(i), i)),
  setAlarm: ({ storage }, i) => storage.setAlarm(4e12 + i),
};

export class Measured {
  constructor(state) {
    this.state = state;
  }

  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { storage } = this.state;
    if (pathname === "/fill") {
      storage.sql.exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, name TEXT)");
      for (let i = 0; i < KEYS; i++) {
        storage.kv.put(key(i), i);
        storage.sql.exec("INSERT OR REPLACE INTO t VALUES (?, ?)", i, `name ${i}`);
      }
      return new Response("filled");
    }
    const operation = operations[pathname.slice(1)];
    const count = Number(searchParams.get("count"));
    for (let i = 0; i < count; i++) await operation(this.state, i);
    return new Response("done");
  }

  alarm() {}
}

export default {
  fetch: (request, { Measured }) => Measured.get(Measured.idFromName("one")).fetch(request),
};
