import { DynamicWorkerExecutor } from "@cloudflare/codemode";
import assert from "node:assert";

export default {
  async fetch(request, env) {
    const executor = new DynamicWorkerExecutor({ loader: env.LOADER, timeout: 2_000 });
    const fns = {
      add: async ({ a, b }) => a + b,
      fails: async () => {
        throw new Error("the tool failed");
      },
    };
    const execute = (code) => executor.execute(code, [{ name: "tools", fns }]);

    const added = await execute(
      "async () => { const sum = await tools.add({ a: 1, b: 2 }); console.log('sum', sum); return { sum }; }",
    );
    assert.deepStrictEqual(added.result, { sum: 3 });
    assert.deepStrictEqual(added.logs, ["sum 3"]);
    const both = await execute("async () => Promise.all([1, 2].map((a) => tools.add({ a, b: 1 })))");
    assert.deepStrictEqual(both.result, [2, 3]);
    assert.strictEqual((await execute("async () => tools.fails({})")).error, "the tool failed");
    assert.match((await execute("async () => (await fetch('http://x')).status")).error, /not permitted/);
    assert.match((await execute("async () => tools.none({})")).error, /none/);
    return new Response("ok");
  },
};
