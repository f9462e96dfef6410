// Stores a value of every type that structured cloning knows, and shows what is stored.
import { DurableObject } from "cloudflare:workers";
import { show } from "./observe.mjs";

const circle = { name: "circle" };
circle.self = circle;
const shared = { shared: true };

const values = {
  "undefined inside": { a: undefined },
  "null": null,
  "booleans": [true, false],
  "numbers": [0, -0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 53, 0.1, NaN, Infinity, -Infinity, 5e-324],
  "bigints": [0n, 1n, -1n, 2n ** 64n, -(2n ** 200n)],
  "strings": ["", "a", "\u00e9", "\u20ac", "\u{1f600}", "\ud800", "a\0b", "x".repeat(1000)],
  "dates": [new Date(0), new Date(-1), new Date(NaN)],
  "expressions": [/a/, /b+/giu],
  "map": new Map([["a", 1], [{ b: 1 }, new Map([[NaN, undefined]])]]),
  "set": new Set([1, "a", new Set([{}])]),
  "arrays": [[], [[1]], [1, , 3], Object.assign([1], { x: 2 })],
  "object": { b: 1, a: 2, 1: 3, "\u00e9": 4, "\u{1f600}": { deep: [] } },
  "boxes": [Object("a"), Object(1), Object(true), Object(1n)],
  "errors": [new Error("a"), new TypeError("b", { cause: "c" }), new RangeError(""), new EvalError("e")],
  "buffer": new Uint8Array([1, 2, 3]).buffer,
  "views": [new Uint8Array([1]), new Int8Array([-1]), new Uint8ClampedArray([9]), new Int16Array([-2]), new Uint16Array([2]), new Int32Array([-3]), new Uint32Array([3]), new Float32Array([0.5]), new Float64Array([0.1]), new BigInt64Array([-1n]), new BigUint64Array([1n]), new DataView(new ArrayBuffer(2))],
  "part of a buffer": new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  "Blob": new Blob(["blob"], { type: "t/u" }),
  "DOMException": new DOMException("message", "AbortError"),
  "one object twice": [shared, shared],
  "circle": circle,
  "": "the empty key",
  "key\0with NUL": 1,
  "\u{1f600}": "beyond the basic plane",
};

async function shown(storage) {
  const entries = [];
  for (const [key, value] of await storage.list()) {
    const blob = value instanceof Blob ? [value.type, await value.text()] : null;
    entries.push([key, Object.prototype.toString.call(value), show(value), show(blob)]);
  }
  const { self } = (await storage.get("circle")) ?? {};
  const [a, b] = (await storage.get("one object twice")) ?? [];
  const rows = storage.sql.exec("SELECT * FROM sqlite_schema WHERE name = 'notes'").toArray().length;
  const notes = rows ? storage.sql.exec("SELECT * FROM notes").toArray() : [];
  const found = rows ? storage.sql.exec("SELECT body FROM words WHERE words MATCH 'brown'").toArray() : [];
  const sql = show([notes, found]);
  const alarm = await storage.getAlarm();
  return { entries, sql, alarm, circular: self !== undefined && self === self.self, shared: a === b };
}

export class Inner extends DurableObject {
  facet(name) {
    return this.ctx.facets.get(name, () => ({ class: this.ctx.exports.Inner }));
  }

  async add(names) {
    const [name, ...others] = names;
    if (name !== undefined) return this.facet(name).add(others);
    const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
    await this.ctx.storage.put("count", count);
    return count;
  }
}

export class Kept {
  constructor(state) {
    this.state = state;
    this.storage = state.storage;
    this.name = state.id.name;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/facets/")) {
      const [, , verb, name, ...others] = pathname.split("/");
      if (verb === "delete") this.state.facets.delete(name);
      else {
        const facet = this.state.facets.get(name, () => ({ class: this.state.exports.Inner }));
        return Response.json(await facet.add(others));
      }
    }
    if (pathname === "/fill") {
      await this.storage.put(values);
      this.storage.sql.exec(`
        CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT UNIQUE, data BLOB);
        CREATE VIRTUAL TABLE words USING fts5(body);
        INSERT INTO words VALUES ('the quick brown fox'), ('the lazy dog')`);
      this.storage.sql.exec("INSERT INTO notes VALUES (1, 'one', x'0001'), (2, NULL, ?)", 1.5);
      await this.storage.setAlarm(4e12);
    }
    if (pathname === "/arm") await this.storage.setAlarm(Date.now() + 200);
    if (pathname === "/count") {
      const count = ((await this.storage.get("count")) ?? 0) + 1;
      await this.storage.put({ count, [`key ${count % 3}`]: { count } });
    }
    if (pathname === "/change") {
      await this.storage.delete(["", "numbers"]);
      await this.storage.put({ "dates": new Date(5), "later": [request.headers.get("x-by")] });
    }
    return Response.json(await shown(this.storage));
  }

  async alarm() {
    await this.storage.put("rang for", this.name);
  }
}

export default {
  async fetch(request, env) {
    const name = request.headers.get("x-object") ?? "one";
    return await env.Kept.get(env.Kept.idFromName(name)).fetch(request);
  },
};
