"""What tests can do with a Worker."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from holdfast.testing import HarnessError, JavaScriptError, Response

ECHO = """
export default {
  async fetch(request, env, ctx) {
    const type = request.headers.get("content-type") ?? "";
    const { pathname } = new URL(request.url);
    if (pathname === "/hop") return new Response(null, { status: 303, headers: { location: "/" } });
    if (pathname === "/cookies") {
      const response = new Response();
      response.headers.append("set-cookie", "a=1");
      response.headers.append("set-cookie", "b=2");
      return response;
    }
    if (pathname === "/slow") {
      const { readable, writable } = new TransformStream();
      ctx.waitUntil((async () => {
        const writer = writable.getWriter();
        for (const word of ["one ", "two"]) {
          await scheduler.wait(60_000);
          await writer.write(new TextEncoder().encode(word));
        }
        await writer.close();
      })());
      return new Response(readable);
    }
    let said = await (type.includes("form") ? request.formData().then(all) : request.text());
    return Response.json({ method: request.method, type: type.split(";")[0], said });
  },
  async scheduled(controller, env, ctx) {
    console.info(`cron ${controller.cron} ${controller.scheduledTime}`);
    ctx.waitUntil(scheduler.wait(1000).then(() => console.info("afterwards")));
  },
};

async function all(form) {
  const parts = {};
  for (const [name, value] of form) {
    parts[name] = value.name ? [value.name, value.type, await value.text()] : value;
  }
  return parts;
}
"""


@pytest.fixture
def echo(holdfast):
    return holdfast.worker(ECHO)


def test_a_request_with_a_body_is_a_post_unless_it_says_otherwise(echo):
    assert echo.fetch().json() == {"method": "GET", "type": "", "said": ""}
    said = echo.fetch("/", body="text").json()
    assert said == {"method": "POST", "type": "text/plain", "said": "text"}
    assert echo.fetch("/", method="put", body=b"x").json()["method"] == "PUT"
    assert echo.fetch("/", json=[1]).json()["said"] == "[1]"


def test_forms_and_files_arrive_as_they_were_given(echo):
    said = echo.fetch("/", data={"a": "1 & 2"}).json()
    assert (said["type"], said["said"]) == ("application/x-www-form-urlencoded", {"a": "1 & 2"})
    said = echo.fetch("/", data={"a": "b"}, files={"f": ("ä.txt", "hé", "text/plain")}).json()
    assert said["said"] == {"a": "b", "f": ["ä.txt", "text/plain", "hé"]}


def test_redirects_are_followed_where_that_is_asked_for(echo):
    assert echo.fetch("/hop", body="x").status == 303
    answer = echo.fetch("/hop", body="x", follow_redirects=True)
    assert answer.redirected and answer.json() == {"method": "GET", "type": "", "said": ""}


def test_headers_that_come_twice_are_kept_apart(echo):
    assert echo.fetch("/cookies").headers.all("Set-Cookie") == ["a=1", "b=2"]


def test_a_body_that_takes_minutes_is_here_at_once(holdfast, echo):
    assert echo.fetch("/slow").text() == "one two"
    assert holdfast.clock.elapsed == 120


def test_a_trigger_runs_its_handler_and_what_that_left_for_later(holdfast, echo):
    echo.scheduled("0 12 * * *", at=datetime(2030, 1, 1, 12, tzinfo=UTC))
    assert [line.text for line in echo.logs] == ["cron 0 12 * * * 1893499200000", "afterwards"]
    assert holdfast.clock.elapsed == 1


def test_a_trigger_waits_for_nothing_that_goes_on_beside_it(holdfast):
    worker = holdfast.worker("""
        import { DurableObject } from "cloudflare:workers";
        export class Ticking extends DurableObject { start() { setInterval(() => {}, 9); } }
        export default { scheduled(event, env, ctx) { ctx.waitUntil(scheduler.wait(20)); } };
    """)
    worker.object("Ticking").call("start")
    worker.scheduled()
    assert holdfast.clock.elapsed == 0.02


def test_an_error_has_its_stack_and_the_line_of_the_source(holdfast):
    worker = holdfast.worker("export default {\n  fetch() {\n    return missing.name;\n  },\n};")
    with pytest.raises(JavaScriptError) as caught:
        worker.fetch()
    assert (caught.value.name, caught.value.message) == ("ReferenceError", "missing is not defined")
    assert "worker.mjs:3" in caught.value.stack
    assert ">    3 |     return missing.name;" in str(caught.value)


def test_uncaught_errors_are_in_the_log(holdfast):
    worker = holdfast.worker(
        "export default { fetch() { Promise.reject(new Error('lost')); return new Response(); } }"
    )
    assert worker.fetch().ok
    assert "lost" in worker.logs[0].text


def test_python_answers_for_a_service(holdfast):
    class Mail:
        def __init__(self):
            self.sent = []

        async def send(self, to, text):
            await asyncio.sleep(0.001)
            self.sent.append((to, text))
            return {"id": len(self.sent), "at": datetime(2030, 1, 1, tzinfo=UTC)}

        def fetch(self, request):
            return Response.of(202, request.method.lower(), {"x-from": "python"})

    mail = Mail()
    worker = holdfast.worker(
        """export default {
          async fetch(request, env) {
            const { id, at } = await env.MAIL.send("ada", new Uint8Array([1, 2]));
            const answer = await env.MAIL.fetch("http://mail/", { method: "PUT" });
            return Response.json([id, at.getFullYear(), answer.status,
              answer.headers.get("x-from"), await answer.text(), env.LIST]);
          },
        };""",
        env={"MAIL": mail, "LIST": [1, None]},
    )
    assert worker.fetch().json() == [1, 2030, 202, "python", "put", [1, None]]
    assert mail.sent == [("ada", b"\x01\x02")]


def test_what_python_raises_reaches_the_script_and_the_log(holdfast):
    def broken(_request):
        raise ValueError("no such thing")

    source = """export default { async fetch(request, env) {
      try { await env.IT.fetch(request); } catch (error) { return new Response(error.message); }
    } };"""
    worker = holdfast.worker(source, env={"IT": broken})
    assert worker.fetch().text() == "no such thing"
    assert "ValueError: no such thing" in worker.logs[0].text


def test_a_response_of_a_python_method_is_refused_with_the_way_out(holdfast):
    class Browser:
        def shot(self):
            return Response.of(200, b"png")

    source = "export default { fetch: (_, { BROWSER }) => BROWSER.shot() };"
    worker = holdfast.worker(source, env={"BROWSER": Browser})
    with pytest.raises(JavaScriptError, match="returns a Response is a Worker's"):
        worker.fetch()


def test_workers_are_each_others_services(holdfast):
    inner = holdfast.worker(
        "export default { fetch: (request) => new Response('inner') }", name="inner"
    )
    outer = holdfast.worker(
        "export default { fetch: (request, env) => env.INNER.fetch(request) }", env={"INNER": inner}
    )
    assert outer.fetch().text() == "inner"


def test_a_service_worker_is_a_worker_too(holdfast):
    worker = holdfast.worker(
        'addEventListener("fetch", (event) => event.respondWith(new Response(NAME)));',
        env={"NAME": "classic"},
    )
    assert worker.fetch().text() == "classic"


def test_a_project_brings_its_bindings(holdfast, tmp_path):
    (tmp_path / "main.mjs").write_text(
        """export class Room { fetch() { return new Response("room"); } }
        export default { async fetch(request, env) {
          await env.CACHE.put("key", "kept");
          const room = await env.ROOMS.get(env.ROOMS.newUniqueId()).fetch("http://room/");
          return Response.json([env.NAME, await env.CACHE.get("key"), await room.text()]);
        } };"""
    )
    (tmp_path / "wrangler.toml").write_text(
        """name = "shop"
        main = "main.mjs"
        compatibility_date = "2026-01-01"
        vars = { NAME = "tea" }
        kv_namespaces = [{ binding = "CACHE", id = "cache" }]
        [[durable_objects.bindings]]
        name = "ROOMS"
        class_name = "Room"
        """
    )
    assert holdfast.worker(tmp_path).fetch().json() == ["tea", "kept", "room"]
    other = holdfast.worker(tmp_path / "wrangler.toml", name="other", env={"NAME": "coffee"})
    assert other.fetch().json() == ["coffee", "kept", "room"]


def test_assets_that_only_a_build_tells_may_be_the_tests(holdfast, tmp_path):
    fields = {"name": "site", "main": "a.mjs", "assets": {"binding": "ASSETS"}}
    (tmp_path / "wrangler.json").write_text(json.dumps(fields))
    (tmp_path / "a.mjs").write_text("export default { fetch: (r, { ASSETS }) => ASSETS.fetch(r) };")
    with pytest.raises(HarnessError, match="Where a build adds it"):
        holdfast.worker(tmp_path)
    worker = holdfast.worker(tmp_path, env={"ASSETS": lambda request: "a page"})
    assert worker.fetch("/").text() == "a page"


def test_a_web_socket_where_none_was_asked_for_is_named(holdfast, counter):
    with pytest.raises(HarnessError, match="not with a WebSocket"):
        holdfast.worker("export default { fetch: () => new Response() }").websocket("/")


def test_a_request_may_come_from_anywhere(holdfast):
    worker = holdfast.worker("""export default { fetch(request) {
      return Response.json([request.cf.country, Object.isFrozen(request.cf)]);
    } };""")
    assert worker.fetch("/", cf={"country": "PT"}).json() == ["PT", True]
    assert worker.fetch("/").json() == ["XX", True]


def test_a_function_runs_as_the_workers_own_code(holdfast):
    source = """
      import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
      class Cursor extends RpcTarget { #n = 0; next() { return ++this.#n; } }
      export class Cursors extends WorkerEntrypoint { open() { return new Cursor(); } }
      export const twice = (n) => 2 * n;
      export default {};
    """
    worker = holdfast.worker(source, env={"PLACE": "here"})
    assert worker.run("(env, ctx, n) => [env.PLACE, n]", 3) == ["here", 3]
    assert worker.run("""async (env, ctx) => {
      using cursor = await ctx.exports.Cursors.open();
      ctx.waitUntil(scheduler.wait(10));
      return [await cursor.next(), await cursor.next()];
    }""") == [1, 2]
    assert worker.run("async (env, ctx, n) => (await import('./worker.mjs')).twice(n)", 4) == 8
    with pytest.raises(HarnessError, match="lives in JavaScript"):
        worker.call("open", entrypoint="Cursors")
    with pytest.raises(HarnessError, match="the text of a JavaScript function"):
        worker.run("(env) =>")
    with pytest.raises(JavaScriptError, match="nope"):
        worker.run("() => { throw new Error('nope'); }")
    with pytest.raises(JavaScriptError, match="could not be cloned"):
        worker.run("() => new WeakMap()")


def test_the_path_of_a_request_is_never_empty(holdfast):
    worker = holdfast.worker("export default { fetch: ({ url }) => new Response(url) };")
    assert worker.fetch("https://any").text() == "https://any/"
    assert worker.fetch("https://any?a=b").text() == "https://any/?a=b"
    assert worker.fetch("?a").text() == "http://worker.localhost/?a"


def test_a_hyperdrive_is_the_database_that_its_string_names(holdfast):
    source = "export default { fetch: (_, { DB }) => Response.json([DB.port, DB.database]) };"
    env = {"DB": holdfast.hyperdrive("postgres://ada:secret@db.example:5433/shop")}
    assert holdfast.worker(source, env=env).fetch().json() == [5433, "shop"]


SENDING = """
export default {
  fetch(request, env, ctx) {
    if (request.url.endsWith("/now")) return new Response("all of it");
    let tick = 0;
    return new Response(new ReadableStream({
      async pull(controller) {
        await scheduler.wait(60_000);
        if (tick === 2) throw new RangeError("no more");
        controller.enqueue(new TextEncoder().encode(`data: ${tick++}\\n\\n`));
      },
      cancel: () => console.log("the client has left"),
    }), { headers: { "content-type": "text/event-stream" } });
  },
};
"""


def test_a_body_that_goes_on_is_read_bit_by_bit(holdfast):
    worker = holdfast.worker(SENDING)
    with worker.stream("/events") as events:
        assert (events.status, events.headers["content-type"]) == (200, "text/event-stream")
        assert (events.read(), holdfast.clock.elapsed) == (b"data: 0\n\n", 60)
        assert events.read() == b"data: 1\n\n"
        with pytest.raises(JavaScriptError, match="no more"):
            events.read()
    with worker.stream("/events") as events:
        assert events.read() == b"data: 0\n\n"
    holdfast.settle()
    assert ("log", "the client has left") in worker.logs
    whole = worker.stream("/now")
    assert (whole.read(), whole.read()) == (b"all of it", b"")
    worker.stream("/events")  # nobody reads it to its end


def test_an_error_is_told_with_its_cause_and_with_those_in_it(holdfast):
    worker = holdfast.worker("""export default {
      async fetch(request) {
        if (request.url.endsWith("/all")) {
          const failing = [new Error("one"), new RangeError("two")];
          await Promise.any(failing.map((error) => Promise.reject(error)));
        }
        try {
          null.x;
        } catch (cause) {
          throw new Error("wrapped", { cause });
        }
      },
    };""")
    with pytest.raises(JavaScriptError) as caught:
        worker.fetch()
    lines = caught.value.stack.splitlines()
    assert "worker.mjs:10" in lines[0] and "worker.mjs:8" in lines[2]
    assert lines[1] == "  [cause]: TypeError: cannot read property 'x' of null"
    with pytest.raises(
        JavaScriptError, match=r"\[errors\]: Error: one[^$]*\[errors\]: RangeError: two"
    ):
        worker.fetch("/all")


def test_a_request_goes_where_the_routes_of_the_projects_lead_it(holdfast, tmp_path):
    routes = {"web": ["example.com/*"], "api": ["example.com/v1/*", "api.example/*"]}
    for name, patterns in routes.items():
        (tmp_path / name).mkdir()
        fields = {"name": name, "main": "a.mjs", "routes": patterns}
        (tmp_path / name / "wrangler.json").write_text(json.dumps(fields))
        source = f"export default {{ fetch: ({{ url }}) => new Response(`{name} ${{url}}`) }};"
        (tmp_path / name / "a.mjs").write_text(source)
        holdfast.worker(tmp_path / name)
    assert holdfast.fetch("https://example.com/a?b").text() == "web https://example.com/a?b"
    assert holdfast.fetch("https://example.com/v1/a").text() == "api https://example.com/v1/a"
    assert holdfast.fetch("/a").text() == "web http://web.localhost/a"
    assert holdfast.worker_at("http://api.localhost/").name == "api"
    with pytest.raises(
        HarnessError, match=r"leads https://other\.example/ to a Worker; there are: example"
    ):
        holdfast.fetch("https://other.example/")
