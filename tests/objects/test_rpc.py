"""Calls by RPC: methods of objects and of entrypoints, in one isolate and across isolates."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.catalog import ObjectNamespace, Service
from tests.inprocess import Server

# What is called: the same methods as an object's and as an entrypoint's.
CALLEE = """
import { DurableObject, RpcTarget, WorkerEntrypoint } from "cloudflare:workers";

const disposed = [];

class Counter extends RpcTarget {
  n;
  #secret = 1;
  constructor(n) { super(); this.n = n; }
  increment(by) { return (this.n += by); }
  get now() { return this.n; }
  [Symbol.dispose]() { disposed.push(this.n); }
}

const methods = (Base) => class extends Base {
  own = () => "own";
  add(a, b) { return a + b; }
  echo(value) { return value; }
  async call(callback, value) { return await callback(value); }
  counter(n) { return new Counter(n); }
  nested(n) { return { value: n, inner: { counter: new Counter(n), f: (x) => x + n } }; }
  get property() { return { x: { y: 1 } }; }
  throwing() { throw Object.assign(new RangeError("too far"), { code: 7, when: new Date(0) }); }
  async text(stream) { return new Response(stream).text(); }
  instance() { return { value: new (class Some {})() }; }
  disposed() { return disposed; }
  withDisposer() { return { value: 1, [Symbol.dispose]() { disposed.push("result"); } }; }
  keep(callback) { this.kept ??= []; this.kept.push(callback.dup()); }
  kept() { return 1; }
  hang() { return new Promise(() => {}); }
  ["2fa code"]() { return 123456; }
};

export class Thing extends methods(DurableObject) {}
export class Entry extends methods(WorkerEntrypoint) { who() { return this.ctx.props; } }
export default { fetch: () => new Response("") };
"""

CALLER = """
import { RpcPromise, RpcProperty, RpcStub, RpcTarget } from "cloudflare:workers";
export default {
  async fetch(request, env, ctx) {
    const target = TARGET;
    const tell = (e) => ({ name: e.name, message: e.message, remote: e.remote, own: { ...e } });
    const run = async () => { BODY };
    try { return Response.json((await run()) ?? null); } catch (e) { return Response.json(tell(e)); }
  },
};
"""


def add_with_callee(server: Server, caller: str) -> None:
    """Make the caller live, with what it calls in the same script."""
    exports = 'export { Entry, Thing } from "./callee.js";'
    server.add("main", exports + caller, modules={"callee.js": CALLEE})


Runs = Callable[[str], Any]

PLACES = ["object here", "object elsewhere", "entrypoint here", "entrypoint elsewhere"]


@pytest.fixture(params=PLACES)
def run(request: pytest.FixtureRequest, server: Server) -> Runs:
    """Runs code in a Worker, where `target` is the object, or the entrypoint, to call."""
    place: str = request.param
    count = 0

    async def run(body: str) -> Any:
        nonlocal count
        count += 1
        expression = {
            "object here": 'env.Thing.getByName("one")',
            "object elsewhere": 'env.THING.getByName("one")',
            "entrypoint here": "ctx.exports.Entry",
            "entrypoint elsewhere": "env.ENTRY",
        }[place]
        caller = CALLER.replace("TARGET", expression).replace("BODY", body)
        if "elsewhere" not in place:
            add_with_callee(server, caller)
        else:
            server.add("callee", CALLEE)
            namespace = server.sources.add_namespace("callee", "Thing")
            bindings = (ObjectNamespace("THING", namespace.id), Service("ENTRY", "callee", "Entry"))
            server.add("main", caller, bindings=bindings)
        return json.loads(await server.text())

    return run


async def test_a_method_gets_its_arguments_and_gives_its_result(run: Runs) -> None:
    assert await run("return target.add(1, 2)") == 3
    assert await run("return (await target.add()) !== (await target.add())") is True


async def test_json_of_a_stub_asks_nobody(run: Runs) -> None:
    text = await run(
        "return [JSON.stringify({ target, env }), await target.toJSON().catch(String)]"
    )
    assert "toJSON" not in text[0]
    assert text[1] == 'TypeError: The RPC receiver does not implement the method "toJSON".'


async def test_values_of_any_kind_are_cloned(run: Runs) -> None:
    seen = await run("""
      const sent = { map: new Map([[1, new Set(["a"])]]), date: new Date(5), re: /x/g, big: 1n,
        bytes: new Uint8Array([1, 2]), error: Object.assign(new TypeError("t"), { own: 1 }),
        blob: new Blob(["blob"], { type: "text/plain" }), list: [undefined, , null] };
      sent.self = sent;
      const got = await target.echo(sent);
      return [got !== sent, got.self === got, [...got.map.get(1)], got.date.getTime(), String(got.re),
        String(got.big), [...got.bytes], got.error instanceof TypeError, got.error.own,
        await got.blob.text(), 1 in got.list];
    """)
    assert seen == [True, True, ["a"], 5, "/x/g", "1", [1, 2], True, 1, "blob", False]


async def test_plain_data_is_copied_as_it_is_when_it_is_sent(run: Runs) -> None:
    seen = await run("""
      const shared = { n: 1 };
      const sent = { shared, again: [shared, shared], when: new Date(7), text: "x", none: undefined };
      sent.self = sent;
      const promise = target.echo(sent);
      shared.n = 2;
      const got = await promise;
      const nested = { get value() { target.add({ a: [1] }, 2); return { b: 1 }; }, after: [{ c: 1 }] };
      return [got.self === got, got.again[0] === got.shared, got.again[1] === got.shared, got.shared.n,
        got.when.getTime(), Object.keys(got), await target.echo(nested)];
    """)
    keys = ["shared", "again", "when", "text", "none", "self"]
    assert seen == [True, True, True, 1, 7, keys, {"value": {"b": 1}, "after": [{"c": 1}]}]


async def test_requests_responses_and_headers_cross_with_their_bodies(run: Runs) -> None:
    seen = await run("""
      const response = await target.echo(new Response("hi", { status: 201, headers: { a: "b" } }));
      const request = await target.echo(
        new Request("http://x/y", { method: "PUT", body: new Blob(["streamed"]).stream() }));
      const headers = await target.echo(new Headers([["set-cookie", "a"], ["set-cookie", "b"]]));
      headers.set("c", "d");
      return [response.status, response.headers.get("a"), await response.text(), request.method,
        request.url, await request.text(), [...headers]];
    """)
    cookies = [["c", "d"], ["set-cookie", "a"], ["set-cookie", "b"]]
    assert seen == [201, "b", "hi", "PUT", "http://x/y", "streamed", cookies]


@pytest.mark.parametrize(
    "body",
    [
        "return (await target.echo(new Headers({ a: 'b' }))).get('a') === 'b';",
        "return (await target.echo(new Request('http://x/y'))).url === 'http://x/y';",
        "return (await target.echo(new Response(null, { status: 204 }))).status === 204;",
        "return (await target.echo(AbortSignal.abort(1))).aborted;",
    ],
)
async def test_what_is_in_few_messages_can_be_in_the_first(run: Runs, body: str) -> None:
    assert await run(body) is True


async def test_streams_cross_both_ways(run: Runs) -> None:
    seen = await run("""
      const encoder = new TextEncoder();
      const readable = new ReadableStream({ start(c) { c.enqueue(encoder.encode("in")); c.close(); } });
      const text = await target.text(readable);
      const { readable: back, writable } = new TransformStream();
      const collected = new Response(back).text();
      const writer = (await target.echo(writable)).getWriter();
      await writer.write(encoder.encode("out"));
      await writer.close();
      return [text, await collected, readable.locked, writable.locked];
    """)
    assert seen == ["in", "out", True, True]


async def test_a_signal_that_was_sent_aborts_with_its_reason(run: Runs) -> None:
    seen = await run("""
      const controller = new AbortController();
      const signal = await target.echo(controller.signal);
      const aborted = new Promise((resolve) => (signal.onabort = resolve));
      controller.abort("why");
      await aborted;
      const late = await target.echo(AbortSignal.abort("late"));
      return [signal.reason, late.aborted, late.reason];
    """)
    assert seen == ["why", True, "late"]


async def test_the_signal_that_a_request_was_given_is_sent_with_it(run: Runs) -> None:
    seen = await run("""
      const controller = new AbortController();
      const { signal } = await target.echo(new Request("http://x/", { signal: controller.signal }));
      const aborted = new Promise((resolve) => (signal.onabort = resolve));
      controller.abort("why");
      await aborted;
      const late = await target.echo(new Request("http://x/", { signal: AbortSignal.abort("late") }));
      return [signal.reason, late.signal.aborted, late.signal.reason];
    """)
    assert seen == ["why", True, "late"]


async def test_a_signal_that_was_sent_lives_while_something_waits_for_it(run: Runs) -> None:
    seen = await run("""
      const collectGarbage = () => { for (let i = 0; i < 100_000; i++) { const a = {}; a.a = a; } };
      const controller = new AbortController();
      const seen = [];
      const wait = async (how) => how(await target.echo(controller.signal));
      await wait((signal) => (signal.onabort = () => seen.push("alone")));
      await wait((signal) => (AbortSignal.any([signal]).onabort = () => seen.push("any")));
      collectGarbage();
      controller.abort();
      for (let i = 0; i < 20 && seen.length < 2; i++) await target.add(1, 1);
      return seen;
    """)
    assert seen == ["alone", "any"]


async def test_functions_and_targets_are_called_back(run: Runs) -> None:
    seen = await run("""
      class Doubler extends RpcTarget { twice(x) { return x * 2; } }
      const given = await target.echo(new Doubler());
      return [await target.call((x) => x * 2, 21), await given.twice(4), given instanceof RpcStub];
    """)
    assert seen == [42, 8, True]


async def test_stubs_of_results_are_called_and_count_by_themselves(run: Runs) -> None:
    seen = await run("""
      const [a, b] = [await target.counter(1), await target.counter(10)];
      return [await a.increment(1), await b.increment(1), await a.increment(1), await a.now];
    """)
    assert seen == [2, 11, 3, 3]


async def test_promises_are_pipelined(run: Runs) -> None:
    seen = await run("""
      const promise = target.nested(5);
      const property = promise.inner.counter;
      return [await target.counter(1).increment(4), await promise.inner.counter.increment(1),
        await promise.inner.f(1), await promise.value, await target.property.x.y,
        promise instanceof RpcPromise, property instanceof RpcProperty, typeof promise];
    """)
    assert seen == [5, 6, 6, 5, 1, True, True, "function"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("target.missing()", 'The RPC receiver does not implement the method "missing".'),
        ("target.own()", 'The RPC receiver does not implement the method "own".'),
        ("target.env", 'The RPC receiver does not implement the method "env".'),
        ("target.property()", '"property" is not a function.'),
        ("target.property.x.z", 'The RPC receiver does not implement the method "z".'),
        ("target.counter(1).n", 'The RPC receiver does not implement the method "n".'),
        ("target.add(1, 2).foo()", 'The RPC receiver does not implement the method "foo".'),
        ("target.alarm()", "'alarm' is a reserved method and cannot be called over RPC."),
        ("target.property.dup", "'dup' is a reserved method and cannot be called over RPC."),
    ],
)
async def test_what_cannot_be_reached_is_refused(run: Runs, code: str, message: str) -> None:
    error = await run(f"return {code}")
    assert (error["name"], error["message"]) == ("TypeError", message)


async def test_any_name_will_do_but_those_of_list_items(run: Runs) -> None:
    seen = await run("return [await target['2fa code'](), target[0] ?? null, target.then ?? null]")
    assert seen == [123456, None, None]


async def test_errors_keep_name_message_and_own_properties(run: Runs) -> None:
    error = await run("return target.throwing()")
    assert (error["name"], error["message"], error["remote"]) == ("RangeError", "too far", True)
    assert error["own"]["code"] == 7 and error["own"]["when"] == "1970-01-01T00:00:00.000Z"


async def test_what_has_no_form_for_another_context_is_refused(run: Runs) -> None:
    for code in ("target.instance()", "target.echo(new (class Some {})())"):
        error = await run(f"return {code}")
        assert error["name"] == "DataCloneError"
        assert error["message"] == (
            'Could not serialize object of type "Some". This type does not support serialization.'
        )


async def test_a_path_may_be_64_names_long(run: Runs) -> None:
    error = await run("let p = target; for (let i = 0; i < 70; i++) p = p.x; return p")
    assert error["message"] == "RPC pipelined property path is too deep (max 64)."


async def test_more_than_32_mib_are_refused(run: Runs) -> None:
    error = await run("return target.echo(new Uint8Array(33554432))")
    assert error["message"] == (
        "Serialized RPC arguments or return values are limited to 32MiB, but the size of this "
        "value was: 33554452 bytes."
    )


async def test_calls_arrive_in_the_order_made(run: Runs) -> None:
    seen = await run("""
      const counter = await target.counter(0);
      const stream = new ReadableStream({ start(c) { c.close(); } });
      return Promise.all([counter.increment(1), counter.increment(1, stream), counter.increment(1),
        counter.increment(1, () => 1), counter.increment(1)]);
    """)
    assert seen == [1, 2, 3, 4, 5]


async def test_a_stub_is_disposed_of_by_itself_or_with_its_result(run: Runs) -> None:
    seen = await run("""
      const use = async (f) => { try { return await f(); } catch (e) { return e.message; } };
      const stub = await target.counter(1);
      const copy = stub.dup();
      stub[Symbol.dispose]();
      const result = await target.nested(3);
      const { counter } = result.inner;
      result[Symbol.dispose]();
      (await target.withDisposer())[Symbol.dispose]();
      const seen = [await use(() => stub.increment(1)), await copy.increment(1),
        await use(() => counter.increment(1))];
      copy[Symbol.dispose]();
      await target.add(1, 1);
      return [...seen, await target.disposed()];
    """)
    gone = "RPC stub used after being disposed."
    assert seen == [gone, 2, gone, [3, "result", 2]]


async def test_arguments_are_disposed_of_when_the_call_ends(run: Runs) -> None:
    seen = await run("""
      let ends;
      const end = new Promise((resolve) => (ends = resolve));
      class Once extends RpcTarget { [Symbol.dispose]() { ends("disposed"); } }
      const given = new RpcStub((x) => x + 1);
      const first = await target.call(given, 1);
      await target.add(new Once(), 1).catch(() => {});
      return [await end, first, await given(5)];
    """)
    assert seen == ["disposed", 2, 6]


async def test_props_of_a_loopback_reach_the_entrypoint(server: Server) -> None:
    caller = CALLER.replace("TARGET", "ctx.exports.Entry({ props: { a: [1] } })")
    caller = caller.replace("BODY", "return [await target.who(), await ctx.exports.Entry.who()]")
    add_with_callee(server, caller)
    assert json.loads(await server.text()) == [{"a": [1]}, {}]


async def test_props_of_a_binding_reach_the_entrypoint(server: Server) -> None:
    body = "return [await target.who(), await (await target.echo(target)).who()]"
    caller = CALLER.replace("TARGET", "env.ENTRY").replace("BODY", body)
    server.add("callee", CALLEE)
    bindings = (Service("ENTRY", "callee", "Entry", '{"tenant": "a"}'),)
    server.add("main", caller, bindings=bindings)
    assert json.loads(await server.text()) == [{"tenant": "a"}] * 2


@pytest.mark.slow
async def test_a_text_of_31_mib_comes_back_in_an_isolate_of_128(server: Server) -> None:
    server.add(
        "main",
        """
        import { DurableObject } from "cloudflare:workers";
        export class Thing extends DurableObject { give(size) { return "x".repeat(size); } }
        export default { async fetch(request, env, ctx) {
          return new Response((await ctx.exports.Thing.getByName("a").give(31 << 20)).length);
        } };
        """,
    )
    assert await server.text("/") == str(31 << 20)


async def test_what_waits_for_ever_is_told_to_have_hung(tmp_path: Path) -> None:
    caller = CALLER.replace("TARGET", "ctx.exports.Entry").replace("BODY", "return target.hang()")
    async with Server(tmp_path, idle_seconds=0.2, hang_seconds=0.3) as server:
        add_with_callee(server, caller)
        assert "never generate a response" in json.loads(await server.text())["message"]
