"""Workers in both syntaxes: handlers, environment, lifetimes, and everything going wrong."""

import asyncio
import json
import re

import pytest

from holdfast.catalog import Json, PlainText, SecretText, Service
from holdfast.workers import ScriptInvalid
from tests.inprocess import Server
from tests.patience import PATIENCE_S


async def test_a_module_worker_gets_request_env_and_context(server: Server) -> None:
    server.add(
        "main",
        """
        export default {
          async fetch(request, env, ctx) {
            return Response.json([request instanceof Request, env.TEXT, env.SECRET, env.DATA.deep[1],
              typeof ctx.waitUntil, typeof ctx.passThroughOnException]);
          }
        }
        """,
        bindings=(
            PlainText("TEXT", "t"),
            SecretText("SECRET", "s"),
            Json("DATA", '{"deep":[1,2]}'),
        ),
    )
    assert await server.text() == '[true,"t","s",2,"function","function"]'


async def test_a_service_workers_bindings_are_globals(server: Server) -> None:
    server.add(
        "main",
        """
        const atTopLevel = TEXT;
        addEventListener("fetch", (event) => {
          event.respondWith(new Response(`${atTopLevel} ${TEXT} ${event.type} ${event.request.method}`));
        });
        """,
        bindings=(PlainText("TEXT", "t"),),
    )
    assert await server.text() == "t t fetch GET"


async def test_a_service_worker_may_answer_with_a_promise_and_wait(server: Server) -> None:
    server.add(
        "main",
        """
        addEventListener("fetch", (event) => {
          event.waitUntil(scheduler.wait(1).then(() => console.log("waited")));
          event.respondWith(scheduler.wait(1).then(() => new Response("later")));
        });
        """,
    )
    assert await server.text() == "later"
    async with asyncio.timeout(PATIENCE_S):
        while not any("waited" in line for line in server.lines):
            await asyncio.sleep(0.001)


async def test_a_class_may_be_the_default_export(server: Server) -> None:
    server.add(
        "main",
        """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          fetch() { return new Response("class " + this.env.TEXT + typeof this.ctx.waitUntil); }
        }
        """,
        bindings=(PlainText("TEXT", "t"),),
    )
    assert await server.text() == "class tfunction"


async def test_env_may_be_imported(server: Server) -> None:
    server.add(
        "main",
        """
        import { env, waitUntil } from "cloudflare:workers";
        export default { fetch() { waitUntil(Promise.resolve()); return new Response(env.TEXT); } }
        """,
        bindings=(PlainText("TEXT", "t"),),
    )
    assert await server.text() == "t"


async def test_modules_import_each_other(server: Server) -> None:
    server.add(
        "main",
        """
        import { twice } from "./lib/twice.mjs";
        import text from "./note.txt";
        export default { fetch: () => new Response(twice(text)) };
        """,
        modules={"lib/twice.mjs": "export const twice = (s) => s + s;", "note.txt": "ab"},
    )
    assert await server.text() == "abab"


FAILURES = {
    "throws": "fetch() { throw new TypeError('thrown here'); }",
    "rejects": "async fetch() { await null; throw new TypeError('thrown here'); }",
    "throws a string": "fetch() { throw 'thrown here'; }",
    "returns text": "fetch() { return 'text'; }",
    "returns nothing": "async fetch() {}",
    "never settles": "fetch() { return new Promise(() => {}); }",
    "loops": "fetch() { for (;;); }",
    "loops later": "async fetch() { await scheduler.wait(1); for (;;); }",
    "eats memory": "fetch() { const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1)); }",
    "recurses": "fetch() { return this.fetch(); }",
    "recurses in async": "async fetch() { return await this.fetch(); }",
    "answers with a used body": "async fetch() { const r = new Response('x'); await r.text(); return r; }",
    "has no fetch": "scheduled() {}",
}


@pytest.mark.parametrize("body", FAILURES.values(), ids=FAILURES.keys())
async def test_a_failing_handler_gives_500_and_the_next_request_works(
    server: Server, body: str
) -> None:
    server.add(
        "main",
        f"const bad = {{ {body} }}; export default {{ "
        "fetch(r) { return r.url.endsWith('/ok') ? new Response('ok') : bad.fetch(); } }",
    )
    answer = await server.fetch("/bad")
    assert answer.status == 500 and "thrown here" not in answer.text
    assert any(line.startswith("main error:") for line in server.lines), server.lines
    assert await server.text("/ok") == "ok"


async def test_the_log_has_the_error_with_the_scripts_own_lines(server: Server) -> None:
    server.add(
        "main",
        "export default { async fetch() { helper(); } };\nfunction helper() {\n  null.x;\n}\n",
    )
    await server.fetch()
    text = "\n".join(server.lines)
    assert "TypeError" in text and "main.mjs:3" in text and "holdfast:" not in text


async def test_a_stack_is_what_v8_makes_of_it_without_frames_of_the_runtime(server: Server) -> None:
    """What scripts answer with, and what Chrome's pattern of a frame is made for."""
    server.add(
        "main",
        """
        class Refused extends Error {
          constructor(message) { super(message); Error.captureStackTrace(this, Refused); }
        }
        function refuse() { throw new Refused("no"); }
        function parse() { return new URL("nowhere"); }
        const told = (f) => { try { f(); } catch (e) { return e.stack; } };
        export default { fetch: () => Response.json([told(refuse), told(parse)]) };
        """,
    )
    for stack, head, name in zip(
        json.loads(await server.text()),
        ("Error: no", "TypeError: Invalid URL"),
        ("refuse", "parse"),
        strict=True,
    ):
        said, *frames = stack.split("\n")
        assert said.startswith(head)
        assert re.match(rf"    at {name} \(main\.mjs:\d+:\d+\)$", frames[0])
        assert all(re.match(r"    at \S+ \(main\.mjs:\d+:\d+\)$", frame) for frame in frames)


async def test_a_stack_begins_where_the_error_was_made_and_not_in_its_constructors(
    server: Server,
) -> None:
    server.add(
        "main",
        """
        class Base extends Error {}
        class Derived extends Base {
          constructor(message) { super(message); this.first = this.stack; }
        }
        class Own extends Derived { constructor() { super("own"); } }
        function make(Class) { return new Class("x"); }
        function Same() { return new Error("of a function that is no class of it"); }
        export default { fetch() {
          const errors = [make(Error), make(Base), make(Derived), make(Own)];
          const stacks = errors.map((error) => error.stack);
          return Response.json([...stacks, make(Own).first, Same().stack]);
        } };
        """,
    )
    frames = [stack.split("\n")[1].split()[1] for stack in json.loads(await server.text())]
    assert frames == ["make"] * 5 + ["Same"]


async def test_a_dom_exceptions_stack_begins_with_what_it_says(server: Server) -> None:
    server.add(
        "main",
        """
        class Own extends DOMException {}
        function made() { return new DOMException("m", "AbortError"); }
        function thrown() { try { structuredClone(() => {}); } catch (error) { return error; } }
        function derived() { return new Own("o"); }
        export default { fetch: () => Response.json([made(), thrown(), derived()]
          .map((error) => [error.stack.split("\\n"), error instanceof DOMException])) };
        """,
    )
    expected = ("AbortError: m", "made"), ("DataCloneError: ", "thrown"), ("Error: o", "derived")
    told = json.loads(await server.text())
    for ((said, first, *_), is_exception), (head, name) in zip(told, expected, strict=True):
        assert said.startswith(head)
        assert re.match(rf"    at {name} \(main\.mjs:\d+:\d+\)$", first)
        assert is_exception


async def test_one_scripts_limit_is_no_other_scripts_business(server: Server) -> None:
    server.add("main", "export default { fetch() { for (;;); } }")
    server.add("other", "let n = 0; export default { fetch: () => new Response(++n) }")
    assert await server.text(script="other") == "1"
    assert (await server.fetch()).status == 500
    assert await server.text(script="other") == "2"


async def test_timers_are_limited_and_starve_nobody(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request) {
          if (request.url.endsWith("/many")) {
            try { for (;;) setTimeout(() => {}, 60_000); } catch (e) { return new Response(e.message); }
          }
          setInterval(() => {}, 0);
          await new Promise((resolve) => setTimeout(resolve, 50));
          return new Response("ok");
        } }
        """,
    )
    server.add("other", "export default { fetch: () => new Response('other') }")
    assert "10" in await server.text("/many")
    busy = asyncio.create_task(server.text("/busy"))
    assert await server.text(script="other") == "other"
    assert await busy == "ok"


async def test_wait_until_outlives_the_response_and_its_failure_is_logged(server: Server) -> None:
    server.add(
        "main",
        """
        export default { fetch(request, env, ctx) {
          ctx.waitUntil((async () => { await scheduler.wait(10); console.log("done"); throw new Error("late"); })());
          return new Response("ok");
        } }
        """,
    )
    assert await server.text() == "ok"
    async with asyncio.timeout(PATIENCE_S):
        while not any("late" in line for line in server.lines):
            await asyncio.sleep(0.001)
    assert any("done" in line for line in server.lines)


async def test_unhandled_rejections_are_logged(server: Server) -> None:
    server.add(
        "main",
        "export default { fetch() { Promise.reject(new Error('nobody')); return new Response('ok'); } }",
    )
    assert await server.text() == "ok"
    assert any("nobody" in line for line in server.lines)


async def test_io_is_refused_in_the_global_scope(server: Server) -> None:
    calls = ["fetch('http://x/')", "setTimeout(() => {}, 1)", "scheduler.wait(1)"]
    calls += ["crypto.randomUUID()", "new WebSocketPair()"]
    for call in calls:
        server.sources.scripts.pop("main", None)
        server.add("main", f"await {call}; export default {{ fetch() {{}} }}")
        with pytest.raises(ScriptInvalid, match="global scope"):
            server.runtime.worker("main")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("export default { fetch() {", "main.mjs:1"),
        ("\nlet 1x;", "main.mjs:2"),
        ("import './missing.mjs'; export default {}", 'No such module "missing.mjs"'),
        ("throw new Error('at the top')", "at the top"),
        ("for (;;);", "CPU time"),
        ("const x = 1;", "no registered event handlers"),
    ],
)
async def test_a_script_that_cannot_be_loaded_says_why(
    server: Server, source: str, told: str
) -> None:
    server.add("main", source)
    with pytest.raises(ScriptInvalid) as caught:
        server.runtime.worker("main")
    assert told in str(caught.value)


async def test_service_bindings_reach_other_workers(server: Server) -> None:
    server.add(
        "main",
        "export default { fetch: (request, env) => env.BACK.fetch(request) }",
        bindings=(Service("BACK", "back"),),
    )
    server.add(
        "back",
        "export default { async fetch(r) { return new Response(r.method + await r.text(), { status: 201 }); } }",
    )
    answer = await server.fetch(method="POST", data="x" * 300_000)
    assert (answer.status, answer.text) == (201, "POST" + "x" * 300_000)


async def test_a_service_that_fails_or_is_missing_is_the_callers_error(server: Server) -> None:
    server.add(
        "main",
        """
        export default { async fetch(request, env) {
          try { return await env.BACK.fetch(request); } catch (e) { return new Response(`${e.message} ${e.remote}`); }
        } }
        """,
        bindings=(Service("BACK", "back"),),
    )
    assert "back" in await server.text()
    server.add("back", "export default { fetch() { throw new Error('inside'); } }")
    assert await server.text() == "inside true"


async def test_a_new_version_takes_over_while_the_old_one_finishes(server: Server) -> None:
    source = "export default { async fetch(r) { console.log('in'); await scheduler.wait(50); return new Response('old'); } }"
    server.add("main", source)
    old = asyncio.create_task(server.text())
    async with asyncio.timeout(PATIENCE_S):
        while not server.lines:
            await asyncio.sleep(0.001)
    server.add("main", "export default { fetch: () => new Response('new') }")
    assert await server.text() == "new"
    assert await old == "old"
    async with asyncio.timeout(PATIENCE_S):
        while server.runtime._retiring:
            await asyncio.sleep(0.001)


async def test_a_workflow_is_no_durable_object(server: Server) -> None:
    """There are none here, but a library that has one for others has to load."""
    server.add(
        "main",
        """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        export class Flow extends WorkflowEntrypoint { async run() {} }
        export default { fetch: (_, env, ctx) => Response.json(Object.keys(ctx.exports)) };
        """,
    )
    assert await server.text() == '["default"]'
