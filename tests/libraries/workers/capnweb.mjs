import assert from "node:assert/strict";
import {
  newHttpBatchRpcSession,
  newWebSocketRpcSession,
  newWorkersRpcResponse,
  RpcTarget,
} from "capnweb";

class Api extends RpcTarget {
  hello(name) {
    return `hi ${name}`;
  }

  counter(from) {
    return new Counter(from);
  }

  fails() {
    throw new RangeError("no");
  }

  async twice(call) {
    return (await call(1)) + (await call(2));
  }
}

class Counter extends RpcTarget {
  #count;

  constructor(from) {
    super();
    this.#count = from;
  }

  increment(by) {
    return (this.#count += by);
  }
}

export default {
  async fetch() {
    globalThis.fetch = (request, init) =>
      newWorkersRpcResponse(new Request(request, init), new Api());
    const batch = newHttpBatchRpcSession("https://api.example/rpc");
    const all = [batch.hello("you"), batch.counter(1).increment(2), batch.fails().catch(String)];
    assert.deepEqual(await Promise.all(all), ["hi you", 3, "RangeError: no"]);
    const [mine, theirs] = Object.values(new WebSocketPair());
    mine.accept();
    theirs.accept();
    newWebSocketRpcSession(theirs, new Api());
    using api = newWebSocketRpcSession(mine);
    using counter = await api.counter(5);
    assert.deepEqual([await counter.increment(1), await counter.increment(1)], [6, 7]);
    assert.equal(await api.twice(async (n) => n * 10), 30);
    await assert.rejects(api.fails(), { name: "RangeError", message: "no" });
    return new Response("ok");
  },
};
