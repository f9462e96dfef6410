"""`holdfast serve`, and the commands that talk to it."""

import json
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.api import create_namespace, deploy, list_namespaces
from tests.cli.running import HELLO, Answer, Running, environment, holdfast
from tests.cli.serving import ANY_PORTS, Served
from tests.serving import EXAMPLES, free_ports

pytestmark = pytest.mark.slow

TOKEN_LINE = r"The API's token, told this once: (\S+)$"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(folder=tmp_path) as server:
        yield server


def test_the_token_is_made_once_told_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    with Served(folder=tmp_path) as first:
        token = first.line(TOKEN_LINE)[1]
        assert len(token) >= 32
        assert first.stop() == 0
    kept = tmp_path / ".holdfast" / "api-token"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().strip() == token
    with Served(folder=tmp_path) as second:
        assert second.tell("namespace", "list", "--token", token).code == 0
        assert second.stop() == 0
    assert token not in "\n".join(second.out + second.err)


def test_the_environments_token_wins_and_is_neither_told_nor_kept(tmp_path: Path) -> None:
    with Served(folder=tmp_path, HOLDFAST_API_TOKEN="from outside") as server:
        assert server.tell("namespace", "list", HOLDFAST_API_TOKEN="from outside").code == 0
        refused = server.tell("namespace", "list", "--token", "another")
        assert refused.code == 1 and refused.err.count("\n") == 1
        assert "Authentication error" in refused.err
        assert server.stop() == 0
    assert "from outside" not in "\n".join(server.out + server.err)
    assert not (tmp_path / ".holdfast" / "api-token").exists()


def test_a_script_is_deployed_and_its_namespace_made_and_listed(
    served: Served, tmp_path: Path
) -> None:
    """With the token that the data folder keeps, so without any option."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "name.txt").write_text("world")
    (tmp_path / "greet.mjs").write_text(
        """
        import name from "./lib/name.txt";
        export class Room { fetch() { return new Response("in the room"); } }
        export default { fetch: (request, env) => new URL(request.url).pathname === "/room"
          ? env.ROOM.get(env.ROOM.idFromName("a")).fetch(request)
          : new Response(`${env.GREETING} ${name} ${env.SECRET}`) };
        """
    )
    values = ["--var", "GREETING=hello", "--secret", "SECRET=s3"]
    done = served.tell("deploy", "greet.mjs", *values, "--object", "ROOM=Room")
    assert done == (0, "greet is live (handlers: fetch).\n", "")
    assert served.ask("greet") == (200, "hello world s3")
    assert served.ask("greet", "/room").text == "in the room"
    listed = json.loads(served.tell("namespace", "list").out)
    assert [(entry["script"], entry["class"]) for entry in listed] == [("greet", "Room")]
    assert listed[0]["use_sqlite"], "as in run"
    assert served.tell("deploy", "greet.mjs", *values, "--object", "ROOM=Room").code == 0


def test_secrets_for_development_stay_at_home_and_that_is_told(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    fields = {"name": "house", "main": "main.mjs", "vars": {"B": "b"}}
    (tmp_path / "wrangler.json").write_text(json.dumps(fields))
    (tmp_path / ".dev.vars").write_text("A=1\nB=2\n")
    done = served.tell("deploy")
    assert done.code == 0 and done.err.count("\n") == 1
    assert "A is set for development alone" in done.err
    assert served.tell("deploy", "--secret", "A=1").err == ""
    assert served.tell("deploy").err == "", "secrets stay"


def test_a_namespace_is_made_by_command(served: Served, tmp_path: Path) -> None:
    (tmp_path / "house.mjs").write_text(f"export class Room {{ fetch() {{}} }}\n{HELLO}")
    told = served.tell("deploy", "house.mjs")
    assert told.code == 0
    assert "the class Room is not bound" in told.err and "--object Room=Room" in told.err
    made = served.tell("namespace", "create", "rooms", "--script", "house", "--class", "Room")
    assert made.code == 0
    namespace = json.loads(made.out)
    assert (namespace["name"], namespace["class"]) == ("rooms", "Room")
    assert json.loads(served.tell("namespace", "list").out) == [namespace]
    assert served.tell("deploy", "house.mjs").err == "", "another Worker may be bound to it"
    for wrong in (["--script", "house", "--class", "Roof"], ["--script", "hut", "--class", "Room"]):
        refused = served.tell("namespace", "create", "others", *wrong)
        assert refused.code == 1 and refused.out == "" and refused.err.count("\n") == 1


def test_the_commands_are_functions_too(served: Served) -> None:
    token = served.line(TOKEN_LINE)[1]
    result = deploy(
        EXAMPLES / "counter.mjs",
        "counter",
        base_url=served.api,
        token=token,
        bindings=[{"type": "durable_object_namespace", "name": "Counter", "class_name": "Counter"}],
    )
    assert result["id"] == "counter"
    assert served.ask("counter", "/increment").text.endswith("count: 1")
    assert len(list_namespaces(base_url=served.api, token=token)) == 1
    with pytest.raises(Exception, match="class"):
        create_namespace("x", "counter", "Gone", base_url=served.api, token=token)


def test_a_restart_keeps_scripts_namespaces_and_objects(tmp_path: Path) -> None:
    with Served(folder=tmp_path) as first:
        deployed = first.tell("deploy", EXAMPLES / "counter.mjs", "--object", "Counter=Counter")
        assert deployed.code == 0
        assert first.ask("counter", "/increment").text.endswith("count: 1")
        before = first.tell("namespace", "list").out
        assert first.stop() == 0
    with Served(folder=tmp_path) as second:
        assert second.ask("counter", "/increment").text.endswith("count: 2")
        assert second.tell("namespace", "list").out == before


def test_a_stop_lets_requests_under_way_finish(served: Served, tmp_path: Path) -> None:
    (tmp_path / "slow.mjs").write_text(
        """
        export default { async fetch() {
          console.log("under way");
          await new Promise((resolve) => setTimeout(resolve, 300));
          return new Response("finished");
        } };
        """
    )
    assert served.tell("deploy", "slow.mjs").code == 0
    answers: list[Answer] = []
    client = threading.Thread(target=lambda: answers.append(served.ask("slow")))
    client.start()
    served.line(r"\[slow\] under way")
    assert served.stop(signal.SIGTERM) == 0
    client.join()
    assert answers == [(200, "finished")]


def test_the_api_listens_on_the_loopback_interface_unless_told_otherwise(tmp_path: Path) -> None:
    with Served("--host", "0.0.0.0", folder=tmp_path) as server:
        assert server.api.startswith("http://127.0.0.1:")
        assert server.stop() == 0
    assert server.err == []
    with Running("serve", *ANY_PORTS, "--api-host", "0.0.0.0", folder=tmp_path) as open_to_all:
        open_to_all.line("API: ")
        assert open_to_all.stop() == 0
    assert any("WARNING" in line and "--api-host" in line for line in open_to_all.err)


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_port_in_use_is_told_with_its_option(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = holdfast("serve", *ANY_PORTS, option, port, folder=tmp_path)
    assert done.code == 1
    assert done.err.startswith(f"holdfast: port {port} is in use; choose another with {option} ")


def test_a_damaged_catalog_is_told_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / ".holdfast"
    data.mkdir()
    (data / "catalog.sqlite").write_bytes(b"no database at all" * 500)
    done = holdfast("serve", *ANY_PORTS, folder=tmp_path)
    assert done.code == 1 and done.err.count("\n") == 1
    assert "catalog" in done.err


def test_a_deployment_that_is_refused_says_why(served: Served, tmp_path: Path) -> None:
    (tmp_path / "bad.mjs").write_text("export default {\n  fetch( }\n};")
    refused = served.tell("deploy", "bad.mjs")
    assert refused.code == 1 and refused.out == ""
    assert "SyntaxError" in refused.err and "bad.mjs:2:" in refused.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["deploy", "gone.mjs"], "gone.mjs does not exist"),
        (["deploy", "."], "name a script, or a folder with one of"),
        (["deploy", "main.mjs", "--module", "gone.txt"], "gone.txt does not exist"),
        (["namespace", "list"], "does not answer (Connection refused)"),
        (["namespace", "list", "--api-url", "localhost:1"], "is not an http or https URL"),
        (["namespace", "list", "--api-url", "http://a b/"], "is no URL"),
        (["namespace", "list", "--api-url", "http://no-such.invalid"], "does not answer"),
    ],
)
def test_what_cannot_be_sent_is_told_in_one_line(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    env = environment(HOLDFAST_API_TOKEN="t", HOLDFAST_API_URL=nobody)
    done = holdfast(*arguments, folder=tmp_path, env=env)
    assert done.code == 1 and done.out == ""
    assert told in done.err and done.err.count("\n") == 1


def test_a_backup_that_is_cut_off_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def answer_in_part() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer_in_part)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = holdfast("backup", "all.tar", "--token", "t", "--api-url", url, folder=tmp_path)
        thread.join()
    assert done.code == 1 and "was cut off" in done.err and done.err.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_a_server_that_is_no_api_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.mjs").write_text(HELLO)
    with Running("run", "main.mjs", "--port", "0", folder=tmp_path) as other:
        arguments = ["--api-url", other.ready(), "--token", "t"]
        done = holdfast("namespace", "list", *arguments, folder=tmp_path)
    assert done.code == 1 and "not an answer of Holdfast's API" in done.err
    assert done.err.count("\n") == 1

    def answer_gibberish() -> None:
        connection, _ = gibberish.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socket.create_server(("127.0.0.1", 0)) as gibberish:
        thread = threading.Thread(target=answer_gibberish)
        thread.start()
        url = f"http://127.0.0.1:{gibberish.getsockname()[1]}"
        done = holdfast("namespace", "list", "--token", "t", "--api-url", url, folder=tmp_path)
        thread.join()
    assert done.code == 1 and "is no Holdfast API" in done.err and done.err.count("\n") == 1


def test_without_a_token_the_ways_to_give_one_are_told(tmp_path: Path) -> None:
    done = holdfast("namespace", "list", folder=tmp_path)
    assert done.code == 1 and done.err.count("\n") == 1
    assert all(way in done.err for way in ("--token", "HOLDFAST_API_TOKEN", "--data"))
