"""Calls to objects: who answers, with what, in which order."""

import asyncio
import json

from tests.inprocess import Server

FORWARD = """
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const name = url.searchParams.get("name") ?? "A";
    return env.Thing.get(env.Thing.idFromName(name)).fetch(request);
  }
}
"""


def thing(body: str) -> str:
    return FORWARD + "export class Thing {" + body + "}"


async def test_an_object_keeps_its_memory_between_requests(server: Server) -> None:
    server.add("main", thing("n = 0; fetch() { return new Response(++this.n); }"))
    assert [await server.text() for _ in range(3)] == ["1", "2", "3"]
    assert await server.text("/?name=B") == "1"


async def test_the_constructor_gets_state_and_env(server: Server) -> None:
    server.add(
        "main",
        thing("""
          constructor(state, env) { this.state = state; this.env = env; }
          fetch() {
            const { id, storage } = this.state;
            return Response.json([id.toString().length, id.name, typeof storage.get, Object.keys(this.env)]);
          }
        """),
    )
    assert await server.text() == '[64,"A","function",["Thing"]]'


async def test_request_and_response_arrive_whole(server: Server) -> None:
    server.add(
        "main",
        thing("""
          async fetch(request) {
            const { method, url, headers } = request;
            return new Response(`${method} ${url} ${headers.get("x-in")} ${await request.text()}`,
              { status: 418, statusText: "Teapot", headers: { "x-out": "yes", "set-cookie": "a=1" } });
          }
        """),
    )
    answer = await server.fetch("/p?q=1", method="POST", data="body", headers={"x-in": "v"})
    assert answer.status == 418
    assert answer.text == f"POST http://main.localhost:{server.port}/p?q=1 v body"
    assert answer.headers["x-out"] == "yes" and answer.headers["set-cookie"] == "a=1"


async def test_an_objects_exception_reaches_the_caller_as_remote(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, env) {
            try { await env.Thing.get(env.Thing.idFromName("A")).fetch("http://x/"); }
            catch (e) { return new Response(`${e.name}|${e.message}|${e.remote}|${e instanceof RangeError}`); }
          }
        }
        export class Thing { fetch() { throw new RangeError("too far"); } }
        """,
    )
    assert await server.text() == "RangeError|too far|true|true"


async def test_a_constructor_that_throws_fails_its_call_and_runs_anew_for_the_next(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        let made = 0;
        export default {
          async fetch(request, env) {
            try { return await env.Thing.get(env.Thing.idFromName("A")).fetch(request); }
            catch (e) { return new Response("failed: " + e.message); }
          }
        }
        export class Thing {
          constructor() { if (++made < 3) throw new Error(`made ${made}`); }
          fetch() { return new Response("alive"); }
        }
        """,
    )
    assert [await server.text() for _ in range(3)] == ["failed: made 1", "failed: made 2", "alive"]


async def test_no_response_and_no_handler_are_the_callers_errors(server: Server) -> None:
    server.add(
        "main",
        """
        async function attempt(namespace) {
          try { await namespace.get(namespace.newUniqueId()).fetch("http://x/"); return "?"; }
          catch (e) { return `${e.name}: ${e.message}`; }
        }
        export default {
          async fetch(request, env) {
            return new Response([await attempt(env.Wrong), await attempt(env.None)].join("\\n"));
          }
        }
        export class Wrong { fetch() { return "text"; } }
        export class None {}
        """,
    )
    assert (await server.text()).splitlines() == [
        "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.",
        "Error: Handler does not export a fetch() function.",
    ]


async def test_calls_on_one_stub_arrive_in_the_order_made(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, env) {
            const stub = env.Thing.get(env.Thing.idFromName("A"));
            const answers = await Promise.all(
              Array.from({ length: 20 }, (_, i) => stub.fetch("http://x/" + i)));
            return new Response((await Promise.all(answers.map((a) => a.text()))).join(" "));
          }
        }
        export class Thing {
          seen = 0;
          fetch(request) { return new Response(new URL(request.url).pathname.slice(1) == this.seen++); }
        }
        """,
    )
    assert set((await server.text()).split()) == {"true"}


async def test_a_stub_survives_await_and_ids_compare(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, { Thing, Other }) {
            const id = Thing.idFromName("A");
            const stub = await Thing.get(id);
            const again = Thing.idFromString(id.toString());
            const wrong = [];
            for (const text of ["abc", Other.idFromName("A").toString(), "0".repeat(64)]) {
              try { Thing.idFromString(text); } catch (e) { wrong.push(`${e.name}: ${e.message}`); }
            }
            return Response.json([
              await (await stub.fetch("http://x/")).text(), stub.id === id, stub.name,
              id.equals(again), again.name === undefined, id.equals(Thing.idFromName("B")),
              Thing.newUniqueId().equals(Thing.newUniqueId()), id.name, wrong,
            ]);
          }
        }
        export class Thing { fetch() { return new Response("here"); } }
        export class Other {}
        """,
    )
    assert await server.text() == (
        '["here",true,"A",true,true,false,false,"A",'
        '["TypeError: Invalid Durable Object ID: must be 64 hex digits",'
        '"TypeError: Durable Object ID is not valid for this namespace.",'
        '"TypeError: Durable Object ID is not valid for this namespace."]]'
    )


async def test_objects_are_called_from_other_scripts_and_are_the_same_objects(
    server: Server,
) -> None:
    from holdfast.catalog import ObjectNamespace

    server.add("main", thing("n = 0; fetch() { return new Response(++this.n); }"))
    namespace = server.sources.add_namespace("main", "Thing")
    server.add(
        "caller",
        """
        addEventListener("fetch", event => event.respondWith(
          THING.get(THING.idFromName("A")).fetch(event.request)));
        """,
        bindings=(ObjectNamespace("THING", namespace.id),),
    )
    assert await server.text(script="caller") == "1"
    assert await server.text() == "2"
    assert await server.text(script="caller") == "3"


async def test_errors_cross_scripts_with_name_and_message(server: Server) -> None:
    from holdfast.catalog import ObjectNamespace

    source = thing("fetch() { const e = new Error('no'); e.name = 'Custom'; throw e; }")
    server.add("main", source)
    namespace = server.sources.add_namespace("main", "Thing")
    server.add(
        "caller",
        """
        export default { async fetch(request, env) {
          try { await env.THING.get(env.THING.newUniqueId()).fetch(request); }
          catch (e) { return new Response(`${e.name}: ${e.message} ${e.remote}`); }
        } }
        """,
        bindings=(ObjectNamespace("THING", namespace.id),),
    )
    assert await server.text(script="caller") == "Custom: no true"


async def test_bodies_stream_into_and_out_of_objects_of_either_isolate(server: Server) -> None:
    from holdfast.catalog import ObjectNamespace

    upper = """
      fetch(request) {
        const { readable, writable } = new TransformStream({
          transform(chunk, c) { c.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase())); }
        });
        request.body.pipeTo(writable);
        return new Response(readable);
      }
    """
    server.add("main", thing(upper))
    namespace = server.sources.add_namespace("main", "Thing")
    server.add(
        "caller",
        "export default { fetch: (r, env) => env.THING.get(env.THING.newUniqueId()).fetch(r) }",
        bindings=(ObjectNamespace("THING", namespace.id),),
    )
    big = "abc" * 200_000
    for script in ("main", "caller"):
        assert await server.text(script=script, method="POST", data=big) == big.upper()


async def test_many_objects_answer_at_once(server: Server) -> None:
    server.add(
        "main", thing("async fetch() { await scheduler.wait(5); return new Response('ok'); }")
    )
    answers = await asyncio.gather(*(server.text(f"/?name={i}") for i in range(100)))
    assert answers == ["ok"] * 100


async def test_an_object_may_call_itself_through_another_one(server: Server) -> None:
    server.add(
        "main",
        FORWARD.replace("Thing", "A")
        + """
        export class A {
          constructor(state, env) { this.env = env; }
          async fetch(request) {
            if (request.url.endsWith("/back")) return new Response("back");
            return this.env.B.get(this.env.B.idFromName("B")).fetch("http://x/");
          }
        }
        export class B {
          constructor(state, env) { this.env = env; }
          fetch() { return this.env.A.get(this.env.A.idFromName("A")).fetch("http://x/back"); }
        }
        """,
    )
    assert await server.text() == "back"


async def test_an_exception_in_the_stream_that_an_object_returns_keeps_its_class(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        const errors = [
          new RangeError("one"), new DOMException("two", "DataError"),
          Object.assign(new Error("three"), { name: "Own" }), "four",
        ];
        export default {
          async fetch(request, env) {
            const seen = [];
            for (const index of errors.keys()) {
              const stub = env.Thing.get(env.Thing.idFromName("A"));
              const response = await stub.fetch(`http://x/${index}`);
              const { constructor, name, message } = await response.text().catch((error) => error);
              seen.push([constructor.name, name, message].join(" "));
            }
            return new Response(seen.join(", "));
          }
        }
        export class Thing {
          fetch(request) {
            const error = errors[new URL(request.url).pathname.slice(1)];
            return new Response(new ReadableStream({ pull() { throw error; } }));
          }
        }
        """,
    )
    assert await server.text() == (
        "RangeError RangeError one, DOMException DataError two, Error Error three, Error Error four"
    )


REDIRECTS = """
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
async function answer(request) {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === "/end") return new Response(`${request.method} ${await request.text()}`);
  const headers = { Location: "/end" };
  return new Response("on the way", { status: +searchParams.get("status"), headers });
}
async function told(promise) {
  const response = await promise;
  return [response.status, response.redirected, await response.text()].join();
}
export class Thing extends DurableObject {
  fetch(request) { return answer(request); }
  facet(url, init) {
    const facet = this.ctx.facets.get("a", () => ({ class: this.ctx.exports.Thing }));
    return told(facet.fetch(url, init));
  }
}
export class Entry extends WorkerEntrypoint { fetch(request) { return answer(request); } }
const requests = [
  [302, { method: "POST", body: "x" }],
  [307, { method: "PUT", body: "x" }],
  [307, { redirect: "manual" }],
];
export default { async fetch(request, env, ctx) {
  const thing = env.Thing.getByName("a");
  const ways = [
    (url, init) => told(thing.fetch(url, init)),
    (url, init) => told(ctx.exports.Entry.fetch(url, init)),
    (url, init) => thing.facet(url, init),
  ];
  const seen = [];
  for (const way of ways) {
    for (const [status, init] of requests) {
      seen.push(await way(`http://x/to?status=${status}`, init));
    }
  }
  return Response.json(seen);
} }
"""


async def test_redirects_of_objects_entrypoints_and_facets_are_followed(server: Server) -> None:
    server.add("main", REDIRECTS)
    followed = ["200,true,GET ", "200,true,PUT x", "307,false,on the way"]
    assert json.loads(await server.text()) == followed * 3
