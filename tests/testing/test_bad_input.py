"""Mistakes of a test get one message, which names the file and the way out."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from holdfast.testing import AsyncHarness, CallTimedOut, Harness, HarnessError, JavaScriptError
from holdfast.testing.errors import LeakError
from holdfast.testing.javascript import load

EMPTY = "export default { fetch() {} }"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.mjs", "There is no nowhere.mjs. Looked for: "),
        ("neither a file nor a script", "There is no neither"),
        ({}, "A script needs a module"),
        ("", "The source is an empty text"),
        ("export default {", "the script 'worker' does not load: Uncaught SyntaxError"),
        ("import './other.mjs'; export default {}", 'No such module "other.mjs"'),
        ("import { Hono } from 'hono'; export default {}", "npm install --save-dev esbuild"),
        ("export const nothing = 1", "no registered event handlers"),
    ],
)
def test_a_source_that_is_none(holdfast, source, message):
    with pytest.raises(HarnessError) as caught:
        holdfast.worker(source)
    assert message in str(caught.value)
    assert holdfast.worker(EMPTY).name == "worker", "the harness goes on"


def test_a_syntax_error_shows_its_line(holdfast):
    with pytest.raises(HarnessError) as caught:
        holdfast.worker("export default {\n  fetch( {}\n};")
    assert "worker.mjs:3" in str(caught.value)
    assert ">    3 | };" in str(caught.value)


def test_an_import_that_leads_nowhere_shows_its_line(holdfast):
    main = "import {\n  nothing,\n} from './other.mjs';\nexport default {};"
    with pytest.raises(HarnessError) as caught:
        holdfast.worker({"main.mjs": main, "other.mjs": "export const something = 1;"})
    assert "at main.mjs:2:3" in str(caught.value) and ">    2 |   nothing," in str(caught.value)


def test_a_binding_that_is_not_there(holdfast):
    source = "export default { fetch: (request, env) => env.SHOP.fetch(request) }"
    with pytest.raises(JavaScriptError) as caught:
        holdfast.worker(source, env={"PLACE": "here"}).fetch()
    assert "env has no SHOP; it has: PLACE. Bind it" in str(caught.value)
    there = "export default { fetch: (request, env) => env.PLACE.nothing.fetch(request) }"
    with pytest.raises(JavaScriptError) as caught:
        holdfast.worker(there, env={"PLACE": "here"}).fetch()
    assert "env has no" not in str(caught.value)


def test_an_entrypoint_that_is_not_there(holdfast):
    worker = holdfast.worker("export default {}; export const named = { fetch() {} };")
    for ask in (
        worker.fetch,
        worker.websocket,
        lambda entrypoint: worker.call("m", entrypoint="B"),
    ):
        with pytest.raises(HarnessError, match=r'exports no entrypoint "B"; it exports: .*named'):
            ask(entrypoint="B")


def test_a_memory_that_is_full_is_told_of_null(holdfast):
    full = "export default { fetch() { throw null; } }"  # what a full one throws
    with pytest.raises(JavaScriptError, match="QuickJS throws null where an isolate's memory"):
        holdfast.worker(full).fetch()


def test_a_table_that_is_not_there_yet(holdfast):
    asking = "export default { fetch: (request, env) => env.DB.exec('SELECT * FROM orders') }"
    with pytest.raises(JavaScriptError, match="apply_migrations"):
        holdfast.worker(asking, env={"DB": holdfast.d1("shop")}).fetch()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('name = "a"', '"main" is missing'),
        ('name = "a"\nmain = "b.mjs"', "b.mjs cannot be read: No such file or directory"),
        ("name =", "wrangler.toml: "),
        (
            'name = "a"\nmain = "main.mjs"\nservices = [{ binding = "B", service = "b" }]',
            'worker(…, name="b")',
        ),
        (
            'name="a"\nmain="main.mjs"\ndurable_objects.bindings=[{name="C",class_name="Count"}]',
            'the class "Count", which the script does not export',
        ),
    ],
)
def test_a_project_that_is_broken(holdfast, tmp_path, settings, message):
    (tmp_path / "main.mjs").write_text(EMPTY)
    (tmp_path / "wrangler.toml").write_text(settings)
    with pytest.raises(HarnessError) as caught:
        holdfast.worker(tmp_path)
    assert message in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_compatibility_date_that_is_none(holdfast):
    with pytest.raises(HarnessError, match="'tomorrow' is no date such as 2026-01-31"):
        holdfast.worker(EMPTY, compatibility_date="tomorrow")


def test_a_compatibility_flag_that_is_none(holdfast):
    with pytest.raises(HarnessError, match="No such compatibility flag: made_up"):
        holdfast.worker(EMPTY, compatibility_flags=["made_up"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("compatibility_date = 5", "compatibility_date must be a date, not 5"),
        ("compatibility_flags = 'x'", "compatibility_flags must be a list of texts, not 'x'"),
        ("compatibility_flags = ['x']", "No such compatibility flag: x"),
        ("durable_objects = ['A']", "durable_objects must be a table"),
        ("kv = 'CACHE'", "kv must be a list of texts"),
        ("vars = 5", "vars must be a table"),
        ("worker = 3", "worker must be the name of a file"),
        ("varz = {}", "has no varz; it knows compatibility_date,"),
    ],
)
def test_settings_of_javascript_tests_that_are_none(holdfast, tmp_path, setting, message):
    (tmp_path / "a.test.mjs").write_text("export const a = { test() {} };")
    (tmp_path / "holdfast.toml").write_text(f"[test]\n{setting}\n")
    with pytest.raises(HarnessError, match=message):
        load(holdfast, tmp_path / "a.test.mjs")


def test_javascript_tests_may_have_a_date_of_toml(holdfast, tmp_path):
    (tmp_path / "a.test.mjs").write_text("export const a = { test() {} };")
    (tmp_path / "holdfast.toml").write_text("[test]\ncompatibility_date = 2026-01-31\n")
    assert load(holdfast, tmp_path / "a.test.mjs").found.script.compatibility_date == "2026-01-31"


def test_an_object_that_cannot_be(holdfast, counter):
    with pytest.raises(HarnessError, match=r'no class "Nope" .* it exports: Counter'):
        counter.worker.object("Nope")
    with pytest.raises(HarnessError, match="is no id of a Counter"):
        counter.worker.object("Counter", id="12")
    with pytest.raises(HarnessError, match="not both"):
        counter.worker.object("Counter", name="A", id=counter.id)


def test_arguments_that_do_not_fit(holdfast, counter):
    with pytest.raises(HarnessError, match="not several"):
        counter.fetch("/", body="a", json={})
    with pytest.raises(HarnessError, match="line break"):
        counter.fetch("/", headers={"a": "b\nc"})
    with pytest.raises(HarnessError, match="already"):
        holdfast.worker(EMPTY, name=counter.worker.name)
    with pytest.raises(HarnessError, match="bytes"):
        holdfast.worker(EMPTY, env={"A": b""})


def test_a_call_that_never_ends_is_told_from_one_that_waits(holdfast, counter):
    with pytest.raises(CallTimedOut, match="never generate a response"):
        holdfast.worker("export default { fetch: () => new Promise(() => {}) }").fetch()
    with pytest.raises(Exception, match="never generate a response"):
        counter.call("never")
    with pytest.raises(CallTimedOut, match="Nothing came of a message of a WebSocket"):
        counter.websocket("/").receive()


def test_real_time_is_limited():
    with Harness(timeout=0.05) as harness:
        worker = harness.worker(
            "export default { fetch() { setInterval(() => {}, 1); return new Promise(() => {}) } }"
        )
        with pytest.raises(CallTimedOut, match=r"within 0\.05 s"):
            worker.fetch()


def test_a_harness_is_for_its_kind_of_test():
    with pytest.raises(HarnessError, match="use the fixture `holdfast`"):
        AsyncHarness().worker(EMPTY)


async def test_a_harness_is_for_its_kind_of_test_in_a_loop_too():
    harness = Harness()
    with pytest.raises(HarnessError, match="use the fixture `aholdfast`"):
        harness.worker(EMPTY).fetch()
    harness.abandoned()


def test_calls_at_once_are_given_as_functions(holdfast, counter):
    for begin in (lambda: holdfast.gather([counter.call("add", 1)]), lambda: holdfast.start(1)):
        with pytest.raises(HarnessError, match="take functions, lambda: worker"):
            begin()


def test_a_time_needs_a_zone(holdfast):
    noon = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - that is the mistake
    for use in (
        lambda: holdfast.clock.set(noon),
        lambda: holdfast.worker(EMPTY).scheduled("* * * * *", noon),
        lambda: Harness(now=noon),
    ):
        with pytest.raises(HarnessError, match="names no moment without a time zone"):
            use()


def test_a_harness_is_for_one_thread(holdfast):
    worker = holdfast.worker(EMPTY)

    def call():
        with pytest.raises(HarnessError, match=r"thread that it began in.* gather\(\)"):
            worker.fetch()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result()


def test_a_harness_that_is_closed_is_named_as_such(holdfast):
    worker = holdfast.worker(EMPTY)
    holdfast.close()
    with pytest.raises(HarnessError, match="its test is over"):
        worker.fetch()


def test_what_is_left_behind_fails_the_test():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="left")
    harness = Harness()
    harness.begin()
    thread.start()
    with pytest.raises(LeakError, match="the thread left"):
        harness.close()
    stop.set()
    thread.join()

    async def never(_request):
        import asyncio

        await asyncio.Event().wait()

    harness = Harness(timeout=0.05)
    source = "export default { fetch: (request, env) => env.IT.fetch(request) }"
    worker = harness.worker(source, env={"IT": never})
    with pytest.raises(CallTimedOut):
        worker.fetch()
    with pytest.raises(LeakError, match="of the service IT"):
        harness.close()


def test_a_failed_assertion_in_a_service_fails_the_test():
    def check(request):
        assert request.method == "PUT"

    source = "export default { fetch: (r, env) => env.IT.fetch(r).catch(() => new Response()) }"
    with pytest.raises(AssertionError, match="PUT"), Harness() as harness:
        assert harness.worker(source, env={"IT": check}).fetch().ok


def test_what_holdfast_lacks_is_replaced_or_left_out(holdfast, tmp_path):
    asking = "export default { fetch: async (r, env) => new Response(await env.AI?.run('m')) }"
    (tmp_path / "main.mjs").write_text(asking)
    (tmp_path / "wrangler.toml").write_text(
        'main = "main.mjs"\nnmae = "x"\nai = { binding = "AI" }\n'
        'vectorize = [{ binding = "INDEX", index_name = "i" }]'
    )

    class Model:
        def run(self, name):
            return f"{name}: yes"

    with pytest.raises(HarnessError) as caught:
        holdfast.worker(tmp_path, env={"AI": Model()})
    assert 'env={"INDEX": …}, or go without: worker(…, without=["vectorize"])' in str(caught.value)
    worker = holdfast.worker(tmp_path, env={"AI": Model()}, without=["vectorize"])
    assert worker.fetch().text() == "m: yes"
    assert 'did you mean "name"' in holdfast.report(), "a failed test shows what was misspelt"


def test_a_wait_for_what_never_ends_ends(holdfast):
    with Harness(timeout=0.05) as harness:
        worker = harness.worker("""
            import { DurableObject } from "cloudflare:workers";
            export class Ticking extends DurableObject { start() { setInterval(() => {}, 9); } }
        """)
        worker.object("Ticking").call("start")
        with pytest.raises(CallTimedOut, match="worker had something under way"):
            harness.settle()
