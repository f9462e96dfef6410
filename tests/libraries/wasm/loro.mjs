import { DurableObject } from "cloudflare:workers";
import init, { LoroDoc } from "loro-crdt/web";
import wasm from "loro-crdt/web/loro_wasm_bg.wasm";

await init({ module_or_path: wasm });

// A document that lives in an object, and is stored as a snapshot and updates.
export class Document extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.doc = new LoroDoc();
    this.events = 0;
    state.blockConcurrencyWhile(async () => {
      const stored = await state.storage.list({ prefix: "update:" });
      if (stored.size > 0) this.doc.importBatch([...stored.values()]);
    });
    this.doc.subscribe(() => { this.events++; });
  }

  async merge(update) {
    this.doc.import(update);
    const { storage } = this.ctx;
    await storage.put(`update:${(await storage.list()).size}`, update);
    return this.doc.export({ mode: "update" });
  }

  told() {
    return JSON.stringify(this.doc.toJSON());
  }
}

export default {
  async fetch(_request, env) {
    const stub = env.Document.getByName(crypto.randomUUID());
    const mine = new LoroDoc();
    mine.getList("list").insert(0, "a");
    mine.getText("text").insert(0, "hello");
    mine.commit();
    const theirs = new LoroDoc();
    theirs.getMap("map").set("key", { x: 1 });
    theirs.commit();
    await stub.merge(theirs.export({ mode: "snapshot" }));
    mine.import(await stub.merge(mine.export({ mode: "update" })));
    const told = await stub.told();
    const expected = { list: ["a"], text: "hello", map: { key: { x: 1 } } };
    const right = [JSON.parse(told), mine.toJSON()].every((read) =>
      Object.keys(expected).every((key) => JSON.stringify(read[key]) === JSON.stringify(expected[key])),
    );
    return new Response(right ? "ok" : told);
  },
};
