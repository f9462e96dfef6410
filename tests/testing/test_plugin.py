"""What pytest shows: a run of its own, whose tests fail in every way."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

PYTHON_TESTS = '''
import pytest
from holdfast.testing import Harness, holdfast_fixture

SCRIPT = """export default {
  async fetch(request) {
    console.log("asked for", request.url);
    if (request.url.endsWith("/fail")) return missing.name;
    return new Response("tea", { status: 418, headers: { "x-kind": "green" } });
  },
};"""

def test_passes(holdfast):
    assert holdfast.worker(SCRIPT).fetch().text() == "tea"

def test_differs(holdfast):
    assert holdfast.worker(SCRIPT).fetch("/cup").status == 200

def test_throws(holdfast):
    holdfast.worker(SCRIPT).fetch("/fail")

def test_gets_the_page_of_a_failure(holdfast):
    assert holdfast.worker(SCRIPT).fetch("/page/fail", raises=False).status == 418

def test_misspells_sql(holdfast):
    room = holdfast.worker("export class Room {} export default {};").object("Room", name="a")
    assert room.storage.sql("SELEC * FROM tables") == []

def test_misspells_a_key(holdfast):
    room = holdfast.worker("export class Room {} export default {};").object("Room", name="a")
    assert room.storage["nothing"] == []

def test_is_interleaved(holdfast):
    holdfast.interleave()
    assert not "found"

def test_leaves_a_harness():
    Harness().worker(SCRIPT)

def test_mixes_up_its_fixtures(aholdfast):
    pass

shared = holdfast_fixture("module")

def test_has_a_harness_with_others(shared):
    assert shared.worker(SCRIPT).fetch("/shared").status == 418

@pytest.fixture(scope="class")
def forgotten():
    harness = Harness()
    harness.worker(SCRIPT)
    return harness

class TestLast:
    def test_uses_what_a_fixture_forgets(self, forgotten):
        assert forgotten.workers

def test_has_none():
    assert not "there"

def test_runs_for_ever(holdfast):
    holdfast.worker("""export default { fetch() {
      for (;;) Date.now();
    } };""").fetch()
'''
JAVASCRIPT_TESTS = """
import assert from "node:assert";
import { WorkerEntrypoint } from "cloudflare:workers";

export class Room { fetch() { return new Response("room"); } test() {} }
export const rooms = { async test(ctrl, env, ctx) {
  const room = env.Room.get(env.Room.newUniqueId());
  assert.strictEqual(await (await room.fetch("http://room/")).text(), "room");
  ctx.waitUntil(scheduler.wait(60_000));
} };
export const differs = { test() {
  assert.deepStrictEqual({ a: 1 }, { a: 2 });
} };
export const later = { test: (ctrl) => ctrl.skip("not yet") };
export const hangs = { test: () => new Promise(() => {}) };
export class Entry extends WorkerEntrypoint { test() { assert.ok(this.env.Room); } }
export const helper = () => 1;
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The output, and the outcome of each test by its name."""
    folder: Path = tmp_path_factory.mktemp("plugin")
    (folder / "pytest.ini").write_text("[pytest]\nholdfast_js_files = *.check.mjs\n")
    (folder / "test_python.py").write_text(PYTHON_TESTS)
    (folder / "script.check.mjs").write_text(JAVASCRIPT_TESTS)
    (tests := folder / "shop" / "tests").mkdir(parents=True)
    (tests.parent / "shop.mjs").write_text("export default { fetch: () => new Response() };")
    below = "def test_finds_what_lies_above(holdfast):\n    holdfast.worker('shop.mjs').fetch()"
    (tests / "test_below.py").write_text(below)
    (folder / "broken.check.mjs").write_text("export const a = {")
    (folder / "empty.check.mjs").write_text("export const a = {}")
    (folder / "others.check.mjs").write_text("describe('another runner', () => {});")
    (folder / "ignored.test.mjs").write_text("throw new Error('nobody loads this')")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    done = subprocess.run(
        [*command, "--junit-xml=told.xml", "--continue-on-collection-errors"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    cases = ET.parse(folder / "told.xml").iter("testcase")
    outcomes = {case.attrib["name"]: [kind.tag for kind in case] for case in cases}
    return done.stdout, outcomes


@pytest.mark.slow
def test_each_test_is_told_as_what_it_is(run):
    _, outcomes = run
    told = {name: "".join(kinds) for name, kinds in outcomes.items()}
    assert told == {
        "test_passes": "",
        "test_differs": "failure",
        "test_throws": "failure",
        "test_gets_the_page_of_a_failure": "failure",
        "test_misspells_sql": "failure",
        "test_misspells_a_key": "failure",
        "test_is_interleaved": "failure",
        "test_leaves_a_harness": "error",
        "test_mixes_up_its_fixtures": "error",
        "test_has_a_harness_with_others": "",
        "test_uses_what_a_fixture_forgets": "error",
        "test_has_none": "failure",
        "test_runs_for_ever": "failure",
        "test_finds_what_lies_above": "",
        "rooms": "",
        "differs": "failure",
        "later": "skipped",
        "hangs": "failure",
        "Entry": "",
        "broken.check.mjs": "error",
        "empty.check.mjs": "error",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "GET http://worker.localhost/cup → <Response 418",
        "'x-kind': 'green'",
        "log: asked for http://worker.localhost/cup",
        "at fetch (worker.mjs:2:",
        "ReferenceError: missing is not defined",
        '>    4 |     if (request.url.endsWith("/fail")) return missing.name;',
        "GET http://worker.localhost/page/fail → <Response 500",
        "error: Uncaught ReferenceError: missing is not defined",
        'E       holdfast.testing.HarnessError: near "SELEC": syntax error',
        "E       KeyError: 'nothing'",
        "::test_misspells_sql - HarnessError: ",
        "interleaved with seed ",
        "The test has left 1 Harness open",
        "The fixture forgotten has left 1 Harness open",
        "aholdfast is for those, holdfast for the others",
        ">   12 |   assert.deepStrictEqual({ a: 1 }, { a: 2 });",
        "the test script.check.mjs::hangs: The Workers runtime canceled this request",
        "broken.check.mjs does not load: Uncaught SyntaxError",
        "empty.check.mjs has no tests: export objects with a method test(ctrl, env, ctx)",
    ],
)
def test_a_report_says_what_happened_and_where(run, text):
    output, _ = run
    assert text in output
    assert "base_events.py" not in output, "no frames of ours"
    assert "statements.py" not in output, "nor of our errors' causes"
    assert "storage.py" not in output, "nor of how a test's own key is looked for"
    assert "/shared" not in output, "what no failing test has asked for"
