"""`holdfast dev`, as its user sees it."""

import os
import pty
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.running import HELLO, Running, environment, get, holdfast
from tests.serving import EXAMPLES, HOLDFAST

pytestmark = pytest.mark.slow

ANY_PORT = ("--port", "0")


def answering(text: str) -> str:
    return f"export default {{ fetch: () => new Response({text!r}) }};\n"


def test_it_tells_where_it_listens_what_it_binds_and_where_data_lies(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "counter.mjs", tmp_path)
    with Running("dev", "counter.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        assert get(f"{url}/increment").text == "Durable Object 'A' count: 1"
        assert dev.line(r"bindings +(.*)")[1] == "env.Counter"
        assert dev.line(r"data +(.*)")[1] == str(tmp_path / ".holdfast")
        assert dev.line(r"watching +(.*)")[1].startswith(str(tmp_path / "counter.mjs"))


def test_it_prints_each_request(tmp_path: Path) -> None:
    (tmp_path / "hello.mjs").write_text(HELLO)
    with Running("dev", "hello.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        get(f"{url}/a%20b?c=d")
        assert dev.line(r"^\d\d:\d\d:\d\d GET /a%20b\?c=d 200 \d+\.\d ms$")


def test_the_console_is_readable_and_harmless(tmp_path: Path) -> None:
    (tmp_path / "talk.mjs").write_text(
        r"""
        export default { fetch() {
          console.log("plain", { a: [1, "x"] });
          console.warn("careful");
          console.error(new RangeError("too far"));
          console.log("two\nlines \u00e9\u{1F600}");
          console.log("\x1b[2Jgone\r\x07");
          console.log("\x1b[31mred");
          return new Response("ok");
        } };
        """
    )
    with Running("dev", "talk.mjs", *ANY_PORT, folder=tmp_path) as dev:
        get(dev.ready())
        dev.line(r"GET / 200")
        assert dev.stop() == 0
    printed = "\n".join(dev.out)
    assert "[talk] plain { a: [ 1, 'x' ] }" in printed
    assert "[talk] warn: careful" in printed
    assert "[talk] error: RangeError: too far\n    at fetch (talk.mjs:" in printed
    assert "[talk] two\nlines é😀" in printed
    assert "[talk] \\x1b[2Jgone\\x0d\\x07" in printed
    assert "[talk] \x1b[31mred\x1b[0m" in printed


def test_an_exception_reaches_the_log_and_the_page(tmp_path: Path) -> None:
    (tmp_path / "bad.mjs").write_text(
        "export default { fetch(request, env) {\n"
        "  if (request.url.endsWith('/lack')) return env.LACK.get('a');\n"
        "  throw new TypeError('not so');\n} };\n"
    )
    with Running("dev", "bad.mjs", *ANY_PORT, "--var", "HAS=it", folder=tmp_path) as dev:
        answer = get(url := dev.ready())
        assert answer.status == 500
        assert "TypeError: not so" in answer.text and "at fetch (bad.mjs:3:" in answer.text
        assert ">    3 |   throw new TypeError('not so');" in answer.text
        assert "env has no LACK; it has: HAS.\n" in get(f"{url}/lack").text
        dev.line(r"\[bad\] error: TypeError: not so")
        dev.line(r"bad\.mjs:3")
        dev.line(r"GET / 500")


def test_a_change_is_served_and_keeps_the_objects_data(tmp_path: Path) -> None:
    script = tmp_path / "counter.mjs"
    text = (EXAMPLES / "counter.mjs").read_text()
    script.write_text(text)
    with Running("dev", "counter.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        get(f"{url}/increment")
        script.write_text(text.replace(" count: ", " total: "))
        dev.line("counter was reloaded in")
        assert get(f"{url}/increment").text == "Durable Object 'A' total: 2"


def test_a_changed_import_counts_and_so_does_one_that_was_added(tmp_path: Path) -> None:
    script, greeting = tmp_path / "main.mjs", tmp_path / "lib" / "greeting.mjs"
    script.write_text(HELLO)
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        greeting.parent.mkdir()
        greeting.write_text("export const greeting = 'good morning';")
        script.write_text(
            "import { greeting } from './lib/greeting.mjs';\n"
            "export default { fetch: () => new Response(greeting) };"
        )
        dev.line("reloaded")
        assert get(url).text == "good morning"
        greeting.write_text("export const greeting = 'good night';")
        dev.line("reloaded")
        assert get(url).text == "good night"


def test_an_import_may_appear_after_the_script(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_text(HELLO)
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        script.write_text(
            "import text from './deep/down/text.txt';\n"
            "export default { fetch: () => new Response(text) };"
        )
        dev.line(r'No such module "deep/down/text.txt", imported from "main.mjs"')
        dev.line("stays in service")
        assert get(url).text == "hello"
        (tmp_path / "deep" / "down").mkdir(parents=True)
        (tmp_path / "deep" / "down" / "text.txt").write_text("found")
        dev.line("reloaded")
        assert get(url).text == "found"


def test_a_version_that_does_not_load_leaves_the_one_before_in_service(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_text(HELLO)
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        script.write_text("export default {\n  fetch( }\n};")
        dev.line(r"\[main\] error: Uncaught SyntaxError")
        dev.line(r"main\.mjs:2:")
        dev.line("stays in service")
        assert get(url) == (200, "hello")
        script.write_text(answering("mended"))
        dev.line("reloaded")
        assert get(url).text == "mended"


def test_a_deleted_script_stays_in_service_until_it_is_back(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_text(HELLO)
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        script.unlink()
        dev.line("main.mjs does not exist")
        assert get(url).text == "hello"
        script.write_text(answering("back"))
        dev.line("reloaded")
        assert get(url).text == "back"


def test_an_editor_may_replace_the_file_and_another_file_is_nobodys_business(
    tmp_path: Path,
) -> None:
    script = tmp_path / "main.mjs"
    script.write_text(HELLO)
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        (tmp_path / "notes.txt").write_text("unrelated")
        os.utime(script)
        draft = tmp_path / "main.mjs~"
        draft.write_text(answering("replaced"))
        draft.rename(script)
        dev.line("reloaded")
        assert get(url).text == "replaced"
        assert dev.stop() == 0
    assert sum("reloaded" in line for line in dev.out) == 1


def test_a_script_that_is_broken_at_the_start_is_waited_for(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_text("export default {")
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        answer = get(url)
        assert answer.status == 500
        assert "main does not load" in answer.text and "main.mjs:1:" in answer.text
        script.write_text("export default { still")
        dev.line("SyntaxError")
        assert get(url).status == 500
        script.write_text(HELLO)
        dev.line("reloaded")
        assert get(url) == (200, "hello")


def test_a_script_that_is_unreadable_at_the_start_is_waited_for(tmp_path: Path) -> None:
    script = tmp_path / "main.js"
    script.write_bytes(b"\xff\xfe")
    with Running("dev", "main.js", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        assert "main.js is not text in UTF-8" in get(url).text
        script.write_text(HELLO)
        dev.line("reloaded")
        assert get(url).text == "hello"


@pytest.mark.parametrize(
    ("script", "told"), [("gone.mjs", "gone.mjs does not exist"), (".", "name a script")]
)
def test_a_script_that_is_no_file_ends_it_with_status_1(
    tmp_path: Path, script: str, told: str
) -> None:
    done = holdfast("dev", script, folder=tmp_path)
    assert done.code == 1 and done.out == ""
    assert told in done.err and done.err.count("\n") == 1


def test_a_script_may_go_from_service_worker_to_module(tmp_path: Path) -> None:
    script = tmp_path / "main.js"
    script.write_text('addEventListener("fetch", (e) => e.respondWith(new Response("old")));')
    with Running("dev", "main.js", *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        assert get(url).text == "old"
        script.write_text(HELLO)
        dev.line("reloaded")
        assert get(url).text == "hello"


@contextmanager
def hanging_up(action: signal.Handlers) -> Iterator[None]:
    """Have commands that are started begin with this for SIGHUP, whatever the tests run under."""
    before = signal.signal(signal.SIGHUP, action)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_and_the_end_of_the_terminal_end_it_with_status_0(
    tmp_path: Path, number: signal.Signals, workers: str
) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    command = ("dev", "main.mjs", *ANY_PORT, "--workers", workers)
    with hanging_up(signal.SIG_DFL), Running(*command, folder=tmp_path) as dev:
        dev.ready()
        assert dev.stop(number) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_with_nohup_it_outlives_the_terminal(tmp_path: Path, workers: str) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    command = ("dev", "main.mjs", *ANY_PORT, "--workers", workers)
    with hanging_up(signal.SIG_IGN), Running(*command, folder=tmp_path) as dev:
        url = dev.ready()
        dev.send(signal.SIGHUP)
        assert get(url).text == "hello"
        assert dev.stop() == 0


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(
        """
        export default { fetch() {
          console.log("under way");
          return new Promise((resolve) => setTimeout(resolve, 60_000));
        } };
        """
    )
    with (
        Running("dev", "main.mjs", *ANY_PORT, "--drain-seconds", "60", folder=tmp_path) as dev,
        subprocess.Popen(["curl", "-s", dev.ready()]),
    ):
        dev.line("under way")
        dev.send(signal.SIGINT)
        dev.line("Finishing what is under way")
        assert dev.stop(signal.SIGINT) == -signal.SIGINT


def test_a_terminal_gets_colours_and_a_file_none(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text("export default {")
    terminal, other_end = pty.openpty()
    arguments = [HOLDFAST, "dev", "main.mjs", *ANY_PORT]
    with subprocess.Popen(
        arguments,
        cwd=tmp_path,
        env=environment(TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=other_end,
    ) as process:
        os.close(other_end)
        printed = b""
        while b"listening" not in printed:
            printed += os.read(terminal, 4096)
        process.terminate()
    os.close(terminal)
    assert b"\x1b[31m[main] error: Uncaught SyntaxError" in printed
    with Running("dev", "main.mjs", *ANY_PORT, folder=tmp_path) as dev:
        dev.ready()
    assert not any("\x1b" in line for line in dev.out)


def test_variables_the_name_and_where_clients_are_come_from_options(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text("""
        export default { fetch: ({ cf }, env) =>
          new Response(env.GREETING + env.EMPTY + [cf.city, cf.tlsVersion]) };
    """)
    (tmp_path / "cf.json").write_text('{"city": "Porto"}')
    options = ["--name", "my-worker", "--var", "GREETING=a=b ", "--var", "EMPTY="]
    options += ["--cf", "cf.json"]
    with Running("dev", "main.mjs", *options, *ANY_PORT, folder=tmp_path) as dev:
        url = dev.ready()
        assert dev.out[0].startswith("my-worker is listening")
        assert get(url).text == "a=b Porto,TLSv1.3"


def test_a_url_runs_the_scheduled_handler_and_tells_how_that_went(tmp_path: Path) -> None:
    (tmp_path / "cron.mjs").write_text("""
      export default {
        scheduled({ cron, scheduledTime }) {
          if (cron === "fail") throw new RangeError("too far");
          console.log(`ran ${cron} at ${scheduledTime}`);
        }
      };
    """)
    with Running("dev", "cron.mjs", "--cron", "0 0 1 1 *", *ANY_PORT, folder=tmp_path) as dev:
        base = dev.ready()
        url = f"{base}/cdn-cgi/handler/scheduled"
        for other in ("__scheduled", "cdn-cgi/local/scheduled"):
            assert get(f"{base}/{other}?cron=0+*+*+*+*&time=4").text == "ok"
            assert dev.line(r"ran (.*)")[1] == "0 * * * * at 4"
        assert get(f"{url}?cron=*+*+*+*+*&time=5").text == "ok"
        assert dev.line(r"ran (.*)")[1] == "* * * * * at 5"
        answer = get(f"{url}?cron=fail")
        assert answer.status == 500 and answer.text.startswith("exception\nRangeError: too far")


def test_changed_triggers_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    (tmp_path / "hello.mjs").write_text(HELLO)
    file = tmp_path / "wrangler.toml"
    config = 'name = "hello"\nmain = "hello.mjs"\n'
    file.write_text(config + '[triggers]\ncrons = ["0 0 1 1 *"]\n')
    with Running("dev", *ANY_PORT, folder=tmp_path) as dev:
        dev.ready()
        file.write_text(config + '[triggers]\ncrons = ["*/5 * * * *", "0 0 1 1 *"]\n')
        dev.line(re.escape("Cron triggers: */5 * * * *, 0 0 1 1 *."))
        file.write_text(config + '[triggers]\ncrons = ["nope"]\n')
        dev.line('"nope" is no cron expression')
        dev.line("The version before stays in service.")
        file.write_text(config + 'tail_consumers = [{service = "hello"}]\n')
        dev.line("Cron triggers: none.")
        dev.line("Tail Workers: hello.")
