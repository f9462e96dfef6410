import assert from "node:assert/strict";
import { configureStore, createSlice } from "@reduxjs/toolkit";
import { Effect, Schedule } from "effect";
import { LRUCache } from "lru-cache";
import PQueue from "p-queue";
import { createSSRApp, h } from "vue";
import { renderToString } from "vue/server-renderer";
import { createActor, createMachine } from "xstate";
import * as Y from "yjs";

export default {
  async fetch() {
    const counter = createSlice({
      name: "counter",
      initialState: { n: 0 },
      reducers: { add: (state, { payload }) => void (state.n += payload) },
    });
    const store = configureStore({ reducer: counter.reducer });
    store.dispatch(counter.actions.add(2));
    assert.equal(store.getState().n, 2);
    const actor = createActor(
      createMachine({ initial: "off", states: { off: { on: { FLIP: "on" } }, on: {} } }),
    ).start();
    actor.send({ type: "FLIP" });
    assert.equal(actor.getSnapshot().value, "on");
    let tries = 0;
    const flaky = Effect.suspend(() =>
      ++tries < 3 ? Effect.fail("not yet") : Effect.succeed(tries),
    );
    assert.equal(await Effect.runPromise(Effect.retry(flaky, Schedule.spaced("1 millis"))), 3);
    const [left, right] = [new Y.Doc(), new Y.Doc()];
    left.getText("t").insert(0, "hello");
    Y.applyUpdate(right, Y.encodeStateAsUpdate(left));
    assert.equal(right.getText("t").toString(), "hello");
    const queue = new PQueue({ concurrency: 1 });
    assert.deepEqual(await queue.addAll([async () => 1, async () => 2]), [1, 2]);
    const cache = new LRUCache({ max: 1, ttl: 1000 });
    cache.set("a", 1).set("b", 2);
    assert.deepEqual([cache.get("a"), cache.get("b")], [undefined, 2]);
    assert.equal(
      await renderToString(
        createSSRApp({
          data: () => ({ n: 5 }),
          render() {
            return h("p", { class: "n" }, this.n);
          },
        }),
      ),
      '<p class="n">5</p>',
    );
    return new Response("ok");
  },
};
