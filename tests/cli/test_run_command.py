"""`holdfast run`, as its operator sees it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.running import HELLO, Answer, Running, environment, get, holdfast
from tests.serving import EXAMPLES, HOLDFAST, free_ports

pytestmark = pytest.mark.slow

ANY_PORT = ("--port", "0")

IN_NO_HURRY = """
export default { async fetch() {
  console.log("under way");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return new Response("finished");
} };
"""


def test_it_prints_the_console_and_errors_and_no_requests(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(
        """
        export default { fetch({ url }) {
          console.log("said", url.length > 0);
          if (url.endsWith("/throw")) throw new Error("boom");
          return new Response("ok");
        } };
        """
    )
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as run:
        url = run.ready()
        assert get(f"{url}/fine") == (200, "ok")
        failed = get(f"{url}/throw")
        assert failed.status == 500 and "boom" not in failed.text
        assert run.stop() == 0
    printed = "\n".join(run.out)
    assert printed.count("[main] said true") == 2
    assert "[main] error: Error: boom\n    at fetch (main.mjs:4:" in printed
    assert "GET" not in printed and "/fine" not in printed
    assert run.err == []


def test_it_does_not_watch(tmp_path: Path) -> None:
    script = tmp_path / "main.mjs"
    script.write_text(HELLO)
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as run:
        url = run.ready()
        script.unlink()
        assert get(url).text == "hello"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("main.mjs", b"export default {\n  fetch( }\n};", "main.mjs:2:"),
        ("main.mjs", b"throw new Error('at the top');", "Uncaught Error: at the top"),
        ("main.mjs", b"import './gone.mjs';\n" + HELLO.encode(), 'No such module "gone.mjs"'),
        ("main.mjs", b"import '../out.mjs';\n" + HELLO.encode(), "lies outside"),
        ("main.mjs", b"export const nothing = 1;", "no registered event handlers"),
        ("main.js", b"const caf\xe9 = 1;", "main.js is not text in UTF-8"),
        ("main.mjs", b"while (true);", "CPU time limit"),
    ],
)
def test_a_script_that_does_not_load_ends_it_with_status_1(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "out.mjs").write_text("")
    (folder / name).write_bytes(content)
    done = holdfast("run", name, *ANY_PORT, "--cpu-ms", "200", folder=folder)
    assert done.code == 1
    assert done.err.startswith("holdfast: ") and told in done.err
    assert "listening" not in done.out


@pytest.mark.parametrize(
    ("script", "told"),
    [("gone.mjs", "gone.mjs does not exist"), (".", "name a script, or a folder with one of")],
)
def test_a_script_that_is_no_file_ends_it_with_status_1(
    tmp_path: Path, script: str, told: str
) -> None:
    done = holdfast("run", script, folder=tmp_path)
    assert done.code == 1 and done.out == ""
    assert told in done.err and done.err.count("\n") == 1


def test_a_script_whose_links_lead_in_a_circle_ends_it_with_status_1(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").symlink_to("main.mjs")
    done = holdfast("run", "main.mjs", folder=tmp_path)
    assert done.code == 1 and done.err.count("\n") == 1
    assert "main.mjs" in done.err and "symbolic links" in done.err


def test_a_script_whose_name_is_no_text_ends_it_with_status_1(tmp_path: Path) -> None:
    script = tmp_path / os.fsdecode(b"main\xff.mjs")
    script.write_text(HELLO)
    done = holdfast("run", script.name, folder=tmp_path)
    assert done.code == 1 and done.err.count("\n") == 1
    assert r"'main\udcff.mjs' is not in UTF-8" in done.err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_limit_of_open_files_that_is_too_low_ends_it_with_status_1(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    command = [HOLDFAST, "run", "main.mjs", *ANY_PORT, "--workers", workers]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 20; exec "$@"', "-", *command],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "20 open files are too few" in done.stderr and "ulimit -n" in done.stderr


def test_a_service_worker_script_has_its_variables_as_globals(tmp_path: Path) -> None:
    (tmp_path / "main.js").write_text(
        'addEventListener("fetch", (event) => event.respondWith(new Response(GREETING)));'
    )
    with Running("run", "main.js", "--var", "GREETING=hi", *ANY_PORT, folder=tmp_path) as run:
        assert get(run.ready()).text == "hi"


def test_a_binding_that_a_service_worker_lacks_is_told_at_the_request(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "calling-worker.js", tmp_path)
    with Running("run", "calling-worker.js", *ANY_PORT, folder=tmp_path) as run:
        assert get(run.ready()).status == 500
        run.line(r"^\[calling-worker\] error: ReferenceError: .*EXAMPLE_CLASS")
        run.line(r"calling-worker\.js:3")


def test_modules_of_every_kind_are_imported_from_files(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("größe")
    (tmp_path / "config.json").write_text('{"deep": [1, 2]}')
    (tmp_path / "bytes.bin").write_bytes(bytes([0, 255]))
    (tmp_path / "main.mjs").write_text(
        """
        import words from "./words.txt";
        import config from "./config.json";
        import bytes from "./bytes.bin";
        export default { fetch: () => Response.json(
          [words, config.deep[1], bytes instanceof ArrayBuffer, bytes.byteLength]) };
        """
    )
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as run:
        assert get(run.ready()).text == '["größe",2,true,2]'


def test_a_file_that_is_no_webassembly_is_named(tmp_path: Path) -> None:
    (tmp_path / "code.wasm").write_bytes(b"\0asm\1\0\0\1")
    (tmp_path / "main.mjs").write_text(f"import code from './code.wasm';\n{HELLO}")
    done = holdfast("run", "main.mjs", folder=tmp_path)
    assert done.code == 1 and '"code.wasm" cannot be compiled' in done.err


def test_a_path_may_have_spaces_and_any_letters_and_lie_anywhere(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "mein Projekt ☕", tmp_path / "elsewhere"
    for folder in (project / "src", elsewhere):
        folder.mkdir(parents=True)
    (project / "src" / "größe.txt").write_text("found")
    script = project / "src" / "mein Wörker.mjs"
    script.write_text(
        "import text from './größe.txt';\nexport default { fetch: () => new Response(text) };"
    )
    (elsewhere / "link.mjs").symlink_to(script)
    for path in (script, Path("link.mjs")):
        with Running("run", path, *ANY_PORT, folder=elsewhere) as run:
            assert get(run.ready()).text == "found"
    assert (elsewhere / ".holdfast" / "objects").is_dir()
    assert not (project / "src" / ".holdfast").exists()


def test_objects_keep_what_they_stored_in_the_data_folder(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "counter.mjs", tmp_path)
    data = tmp_path / "some" / "where"
    for count in (1, 2):
        with Running("run", "counter.mjs", "--data", data, *ANY_PORT, folder=tmp_path) as run:
            assert get(f"{run.ready()}/increment").text.endswith(f"count: {count}")
            assert run.stop(signal.SIGINT) == 0
    assert [path.name for path in (data / "objects").iterdir()] == ["counter-Counter"]
    assert not (tmp_path / ".holdfast").exists()


def test_two_processes_do_not_share_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as first:
        url = first.ready()
        for command in (["run", "main.mjs"], ["dev", "main.mjs"], ["serve", "--api-port", "0"]):
            second = holdfast(*command, *ANY_PORT, folder=tmp_path)
            assert second.code == 1 and second.err.count("\n") == 1
            assert f"another Holdfast uses it (process {first.pid})" in second.err
            assert "--data" in second.err
        assert get(url).text == "hello"
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as third:
        third.ready()


def test_a_data_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    (tmp_path / "file").write_text("no folder")
    done = holdfast("run", "main.mjs", "--data", "file", *ANY_PORT, folder=tmp_path)
    assert done.code == 1 and done.err.count("\n") == 1
    assert "the data folder file cannot be used" in done.err


def test_a_port_in_use_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = holdfast("run", "main.mjs", "--port", port, folder=tmp_path)
    assert done.code == 1
    assert done.err == (
        f"holdfast: port {port} is in use; choose another with --port (0 is any free one)\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told(tmp_path: Path, host: str) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    done = holdfast("run", "main.mjs", "--host", host, *ANY_PORT, folder=tmp_path)
    assert done.code == 1
    assert f"'{host}' is no address of this machine; choose another with --host" in done.err


def test_a_stop_lets_requests_under_way_finish(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(IN_NO_HURRY)
    answers: list[Answer] = []
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path) as run:
        url = run.ready()
        client = threading.Thread(target=lambda: answers.append(get(url)))
        client.start()
        run.line("under way")
        assert run.stop() == 0
        client.join()
    assert answers == [(200, "finished")]


def test_a_reader_that_leaves_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(
        "export default { fetch() { console.log('x'); return new Response('ok'); } };"
    )
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [HOLDFAST, "run", "main.mjs", *ANY_PORT], cwd=tmp_path, env=environment(), stdout=theirs
    ) as run:
        os.close(theirs)
        with os.fdopen(ours) as reader:
            url = reader.readline().split()[-1]
        for _ in range(3):
            assert get(url).text == "ok"
        run.terminate()
        assert run.wait(30) == 0


def test_scripts_live_in_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(
        "export default { fetch: () => new Response(`${new Date(0)} ${new Date(0).getHours()}`) };"
    )
    elsewhere = environment(TZ="America/New_York")
    with Running("run", "main.mjs", *ANY_PORT, folder=tmp_path, env=elsewhere) as run:
        told = get(run.ready()).text
    assert told.startswith("Thu Jan 01 1970 00:00:00 GMT+0000") and told.endswith(" 0")


def test_without_standard_streams_it_serves_and_ends_in_order(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    (port,) = free_ports(1)
    command = f'exec "$0" run main.mjs --port {port} <&- >&- 2>&-'
    process = subprocess.Popen(
        ["/bin/sh", "-c", command, HOLDFAST], cwd=tmp_path, env=environment()
    )
    try:
        for _ in range(300):
            with contextlib.suppress(ConnectionRefusedError):
                assert get(f"http://127.0.0.1:{port}/").text == "hello"
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
        else:
            pytest.fail("it does not listen")
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
