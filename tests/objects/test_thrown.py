"""Whatever a script throws, its caller gets an error, and the script goes on."""

import json

import pytest

from tests.inprocess import Server

SCRIPT = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const no = () => { throw new RangeError("a trap"); };
const hidden = { get: no };
const thrown = {
  proxy: () => new Proxy({}, {
    get: no, set: no, has: no, getPrototypeOf: no, isExtensible: no, defineProperty: no, ownKeys: no,
    getOwnPropertyDescriptor: no,
  }),
  revoked: () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
  hidden: () => Object.defineProperties(new Error("x"), { name: hidden, message: hidden, stack: hidden }),
  flags: () => Object.defineProperties(new Error("x"), {
    retryable: hidden, overloaded: hidden, durableObjectReset: hidden, durableObjectId: hidden,
  }),
  fixed: () => Object.defineProperties(new Error("x"), {
    remote: { value: 1 }, durableObjectReset: { value: 1 }, durableObjectId: { value: 1 },
  }),
  frozen: () => Object.freeze(new Error("x")),
  symbol: () => Symbol("x"),
  bare: () => Object.create(null),
};

export class Thing extends DurableObject {
  call(kind) { throw thrown[kind](); }
  async later(kind) { await scheduler.wait(0); throw thrown[kind](); }
  section(kind) { return this.ctx.blockConcurrencyWhile(async () => { throw thrown[kind](); }); }
  transaction(kind) { return this.ctx.storage.transaction(async () => { throw thrown[kind](); }); }
  synchronous(kind) { this.ctx.storage.transactionSync(() => { throw thrown[kind](); }); }
  fetch(request) { throw thrown[new URL(request.url).pathname.slice(1)](); }
}
export class Entry extends WorkerEntrypoint {
  call(kind) { throw thrown[kind](); }
  fetch(request) { throw thrown[new URL(request.url).pathname.slice(1)](); }
}

const outcome = (promise) => promise.then(() => "nothing was thrown", () => "thrown");

export default {
  async fetch(request, env, ctx) {
    const kind = new URL(request.url).pathname.slice(1);
    const seen = {};
    for (const way of ["call", "later", "section", "transaction", "synchronous"]) {
      seen[way] = await outcome(env.Thing.getByName("a")[way](kind));
    }
    seen.fetch = await outcome(env.Thing.getByName("a").fetch(`http://x/${kind}`));
    seen["a call of an entrypoint"] = await outcome(ctx.exports.Entry.call(kind));
    seen["a fetch of an entrypoint"] = await outcome(ctx.exports.Entry.fetch(`http://x/${kind}`));
    return Response.json(seen);
  },
};
"""
KINDS = ["proxy", "revoked", "hidden", "flags", "fixed", "frozen", "symbol", "bare"]


@pytest.mark.parametrize("kind", KINDS)
async def test_callers_hear_of_whatever_was_thrown(kind: str, server: Server) -> None:
    server.add("main", SCRIPT)
    outcomes = json.loads(await server.text(f"/{kind}"))
    assert len(outcomes) == 8
    assert set(outcomes.values()) == {"thrown"}
