"""The runner of the Web Platform Tests, on a small checkout with a small harness."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import workerd_binary
from tests.wpt.discovery import NotRun, Test, discover
from tests.wpt.expected import Expectations
from tests.wpt.isolate import Outcome
from tests.wpt.metadata import read_metadata
from tests.wpt.peer import Peer, comparison
from tests.wpt.pool import REPOSITORY, Pool
from tests.wpt.report import Report
from tests.wpt.server import Server
from tests.wpt.subset import source_entries

# What the runner uses of testharness.js: enough to see that it is used as it should be.
HARNESS = """
const results = [], completions = [];
let finished = false;
function setup() {}
function add_result_callback(callback) { results.push(callback); }
function add_completion_callback(callback) { completions.push(callback); }
let waiting = 0;
function tell(name, status, message) {
  for (const callback of results) callback({ name, status, message });
}
function complete(status) {
  if (finished) return;
  finished = true;
  for (const callback of completions) callback([], { status, message: null });
}
async function promise_test(run, name) {
  waiting++;
  try { await run(); tell(name, 0, null); } catch (error) { tell(name, 1, error.message); }
  if (--waiting === 0) complete(0);
}
function done() { if (waiting === 0) complete(0); }
function timeout() { tell("pending", 2, null); complete(2); }
addEventListener("error", () => complete(1));
"""
FILES = {
    "resources/testharness.js": HARNESS,
    "area/passes.any.js": "promise_test(async () => {}, 'passes');",
    "area/fetches.any.js": """// META: title=Fetching
// META: script=resources/helper.sub.js
promise_test(async () => {
  const response = await fetch("resources/data.json");
  if (response.headers.get("x-made") !== "by hand") throw new Error("no such header");
  if ((await response.json()).host !== helped) throw new Error("not substituted");
  const asked = await fetch("resources/asked.txt?pipe=sub", { headers: { "x-asked": "yes" } });
  if (await asked.text() !== "yes none") throw new Error("no header substituted");
  if (!location.href.endsWith("area/fetches.any.js")) throw new Error(location.href);
}, "fetches");
""",
    "area/resources/helper.sub.js": "const helped = '{{host}}';",
    "area/resources/asked.txt": "{{headers[x-asked]}} {{header_or_default(x-other, none)}}",
    "area/resources/data.json": '{"host": "web-platform.test"}',
    "area/resources/data.json.headers": "X-Made: by hand\n",
    "area/variants.any.js": """// META: variant=?1
// META: variant=?2
promise_test(async () => { if (location.search !== "?1") throw new Error("two"); }, "one");
""",
    "area/waits.any.js": "promise_test(() => new Promise(() => {}), 'waits');",
    "area/throws.any.js": "throw new Error('at the top');",
    "area/window.any.js": "// META: global=window,serviceworker\n",
    "area/document.html": "<script></script>",
    "area/old.window.js": "",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "checkout"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "expectations").mkdir()
    return tmp_path / "expectations"


async def run(checkout: Path, folder: Path, *selection: str) -> tuple[Report, dict[str, Outcome]]:
    expectations = Expectations(folder)
    tests = [t for t in discover(checkout, expectations, selection) if isinstance(t, Test)]
    report = Report(expectations, len(tests))
    outcomes: dict[str, Outcome] = {}

    def take(test: Test, outcome: Outcome) -> None:
        outcomes[test.name] = outcome
        report.take(test, outcome)

    async with Server(checkout) as server:
        await Pool(checkout, server.address, 1).run(tests, take)
    return report, outcomes


@pytest.mark.slow
async def test_each_test_ends_with_an_outcome_of_its_own(checkout: Path, folder: Path) -> None:
    report, outcomes = await run(checkout, folder)
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "area/fetches.any.js": "OK",
        "area/passes.any.js": "OK",
        "area/throws.any.js": "ERROR",
        "area/variants.any.js?1": "OK",
        "area/variants.any.js?2": "OK",
        "area/waits.any.js": "TIMEOUT",
    }
    assert outcomes["area/fetches.any.js"].subtests == [("fetches", "PASS", "")]
    assert outcomes["area/variants.any.js?2"].subtests == [("one", "FAIL", "two")]
    assert outcomes["area/waits.any.js"].subtests == [("pending", "TIMEOUT", "")]
    assert not report.is_as_expected
    assert report.tallies["area"].passed == 3


@pytest.mark.slow
async def test_workerd_runs_the_same_and_is_compared(checkout: Path, folder: Path) -> None:
    expectations = Expectations(folder)
    (checkout / "area" / "throws.any.js").unlink()
    (checkout / "area" / "waits.any.js").unlink()
    tests = [t for t in discover(checkout, expectations, []) if isinstance(t, Test)]
    async with Server(checkout) as server:
        theirs = await Peer(checkout, server.address, workerd_binary()).run(tests)
    assert theirs["area/passes.any.js"].subtests == [("passes", "PASS", "")]
    assert theirs["area/fetches.any.js"].subtests == [("fetches", "PASS", "")]
    assert theirs["area/variants.any.js?2"].subtests == [("one", "FAIL", "two")]
    _, ours = await run(checkout, folder)
    assert comparison(tests, ours, theirs, expectations).split()[-4:] == ["area", "4", "3", "3"]


@pytest.mark.slow
async def test_a_crash_and_a_hang_stop_nothing(
    checkout: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Test, "seconds", 1.0)
    (checkout / "area" / "loops.any.js").write_text("for (;;) {}")
    (checkout / "area" / "fills.any.js").write_text(
        "const all = []; for (;;) all.push(new Array(1000).fill(0));"
    )
    _, outcomes = await run(checkout, folder, "area/loops", "area/fills", "area/passes")
    assert outcomes["area/loops.any.js"].status == "TIMEOUT"
    assert outcomes["area/fills.any.js"].status != "OK"
    assert outcomes["area/passes.any.js"].status == "OK"


def test_what_cannot_be_run_is_listed_with_its_reason(checkout: Path, folder: Path) -> None:
    (folder / "area.toml").write_text('[[not-run]]\nfile = "throws*"\nreason = "It throws."\n')
    found = discover(checkout, Expectations(folder), ["area"])
    assert {item.file: item.reason for item in found if isinstance(item, NotRun)} == {
        "area/document.html": "needs a document",
        "area/old.window.js": "needs a window",
        "area/throws.any.js": "It throws.",
        "area/window.any.js": "is for window, serviceworker only",
    }


def outcome_of(**subtests: str) -> Outcome:
    return Outcome("OK", subtests=[(name, status, "") for name, status in subtests.items()])


def report_on(folder: Path, outcome: Outcome, name: str = "a.any.js") -> Report:
    report = Report(Expectations(folder), 1)
    file = folder.parent / name
    file.touch()
    report.take(Test("area", f"area/{name}", "", read_metadata(file)), outcome)
    return report


def test_a_new_failure_and_an_unexpected_pass_both_fail_the_run(folder: Path) -> None:
    (folder / "area.toml").write_text(
        '[[fails]]\nreason = "r"\nfile = "a.any.js"\nsubtests = ["known"]\n'
    )
    assert report_on(folder, outcome_of(known="FAIL", other="PASS")).is_as_expected
    assert not report_on(folder, outcome_of(known="FAIL", other="FAIL")).is_as_expected
    assert not report_on(folder, outcome_of(known="PASS")).is_as_expected
    assert not report_on(folder, Outcome("CRASH")).is_as_expected


def test_an_expectation_that_nothing_meets_fails_the_run(folder: Path) -> None:
    (folder / "area.toml").write_text(
        '[[fails]]\nreason = "r"\nfile = "a.any.js"\nsubtests = ["like *"]\n'
        '[[fails]]\nreason = "r"\nfile = "b.any.js"\n'
    )
    assert report_on(folder, outcome_of(**{"like this": "FAIL", "like that": "PASS"})).stale == []
    stale = report_on(folder, outcome_of(**{"like that": "PASS"}))
    assert stale.stale == ["area: a.any.js: like *"]
    assert not stale.is_as_expected
    assert report_on(folder, outcome_of(x="PASS"), "b.any.js").stale == [
        "area: b.any.js: everything"
    ]


def test_what_is_inapplicable_does_not_count(folder: Path) -> None:
    (folder / "area.toml").write_text(
        '[[inapplicable]]\nreason = "r"\nfile = "a.any.js"\nsubtests = ["window"]\n'
    )
    report = report_on(folder, outcome_of(window="FAIL", other="PASS"))
    assert report.is_as_expected
    assert report.tallies["area"].rate == 100
    assert report.tallies["area"].inapplicable == 1


def test_an_update_writes_what_a_reason_is_wanted_for(folder: Path) -> None:
    (folder / "area.toml").write_text(
        '# Why.\n\n[[fails]]\nreason = "r"\nfile = "a.any.js"\nsubtests = ["old", "cured"]\n'
    )
    expectations = Expectations(folder)
    expectations.update("area", {"b.any.js": ['new "\\\x7f']}, {"a.any.js": ["cured"]})
    again = Expectations(folder)
    assert (folder / "area.toml").read_text().startswith("# Why.\n")
    assert [(e.file, e.subtests) for e in again.area("area").entries] == [
        ("a.any.js", ["old"]),
        ("b.any.js", ['new "\\\x7f']),
    ]
    assert again.untold == ["area: b.any.js"]


def test_an_expectation_without_a_reason_is_refused(folder: Path) -> None:
    (folder / "area.toml").write_text('[[fails]]\nfile = "a.any.js"\n')
    with pytest.raises(ValueError, match="takes a reason"):
        Expectations(folder)


def test_apt_entries_are_turned_into_entries_for_sources(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "a.sources").write_text(
        "Types: deb\nURIs: http://one\nSuites: s\nComponents: main\n\nTypes: deb-src\nURIs: u\n"
    )
    (tmp_path / "sources.list").write_text(
        "# deb http://no\ndeb [signed-by=/k] http://two s main\n"
    )
    assert list(source_entries(tmp_path)) == [
        (".sources", "Types: deb-src\nURIs: http://one\nSuites: s\nComponents: main\n"),
        (".list", "deb-src [signed-by=/k] http://two s main\n"),
    ]


ECHO = """
from pywebsocket3 import msgutil

def web_socket_do_extra_handshake(request):
    request.ws_protocol = "echo"

def web_socket_transfer_data(request):
    while True:
        message = request.ws_stream.receive_message()
        if message is None:
            return
        msgutil.send_message(request, message, True, isinstance(message, bytes))
"""
ECHOED = """
promise_test(async () => {
  const socket = new WebSocket("ws://{{host}}:{{ports[ws][0]}}/echo", "echo");
  const next = (type) => new Promise((resolve) => socket.addEventListener(type, resolve));
  await next("open");
  if (socket.protocol !== "echo") throw new Error(socket.protocol);
  for (const message of ["text", "x".repeat(70_000)]) {
    const event = next("message");
    socket.send(message);
    if ((await event).data !== message) throw new Error("another message");
  }
  const closed = next("close");
  socket.close(3000, "why");
  const { code, reason } = await closed;
  if (code !== 3000 || reason !== "why") throw new Error(`${code} ${reason}`);
}, "echoes");
"""
HANDLER = """
from wptserve.utils import isomorphic_encode

def main(request, response):
    if b"raw" in request.GET:
        response.write_status(299, "Quite fine")
        response.write_header("X-Raw", "yes")
        response.end_headers()
        response.writer.write(b"raw")
        return None
    if b"put" in request.GET:
        request.server.stash.put(request.GET.first(b"put"), request.body)
        return b""
    taken = request.server.stash.take(request.GET[b"take"])
    return (201, b"Made"), [(b"X-Method", isomorphic_encode(request.method))], taken
"""
HANDLED = """
promise_test(async () => {
  const raw = await fetch("resources/handler.py?raw");
  if (raw.status !== 299 || await raw.text() !== "raw") throw new Error(`${raw.status}`);
  await fetch("resources/handler.py?put=a", { method: "POST", body: "kept" });
  const answer = await fetch("resources/handler.py?take=a");
  const seen = [answer.status, answer.statusText, answer.headers.get("x-method")];
  seen.push(await answer.text());
  if (seen.join() !== "201,Made,GET,kept") throw new Error(seen.join());
}, "is handled");
"""


@pytest.mark.slow
async def test_python_handlers_answer_requests_and_web_sockets(
    checkout: Path, folder: Path
) -> None:
    (checkout / "websockets" / "handlers").mkdir(parents=True)
    (checkout / "websockets" / "handlers" / "echo_wsh.py").write_text(ECHO)
    (checkout / "area" / "resources" / "handler.py").write_text(HANDLER)
    (checkout / "area" / "echoed.sub.any.js").write_text(ECHOED)
    (checkout / "area" / "handled.any.js").write_text(HANDLED)
    _, outcomes = await run(checkout, folder, "area/echoed", "area/handled")
    assert outcomes["area/echoed.sub.any.js"].subtests == [("echoes", "PASS", "")]
    assert outcomes["area/handled.any.js"].subtests == [("is handled", "PASS", "")]


@pytest.mark.slow
def test_a_run_ends_though_a_handler_does_not(checkout: Path) -> None:
    (checkout / "area" / "resources" / "sleeps.py").write_text(
        "import time\ndef main(request, response):\n    time.sleep(3600)\n"
    )
    (checkout / "area" / "leaves.any.js").write_text(
        'promise_test(async () => { fetch("resources/sleeps.py"); }, "leaves");'
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.wpt", "area/leaves"],
        cwd=REPOSITORY,
        env={**os.environ, "WPT_DIR": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is as expected." in done.stdout
