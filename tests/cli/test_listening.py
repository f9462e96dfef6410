"""Where servers listen: addresses of both kinds, Unix sockets, and why they cannot."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from holdfast.cli.listening import given_descriptors, listening_failure
from holdfast.server.listening import Address, CannotListen, open_address
from tests.cli.running import Answer, Running, environment, get, holdfast
from tests.serving import HOLDFAST, free_ports

pytestmark = pytest.mark.slow

ANY_PORT = ("--port", "0")
HAS_IPV6 = socket.has_dualstack_ipv6()

CLIENT = """
export default { fetch(request) {
  return new Response(String(request.headers.get("cf-connecting-ip")) + " " + request.url);
} };
"""


IN_NO_HURRY = """
export default { async fetch() {
  console.log("under way");
  await new Promise((resolve) => setTimeout(resolve, 300));
  return new Response("finished");
} };
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a path that is short enough for a socket, and a script."""
    path = Path(tempfile.mkdtemp(prefix="holdfast-test-"))
    (path / "main.mjs").write_text(CLIENT)
    yield path
    shutil.rmtree(path)


class _Connection(http.client.HTTPConnection):
    """By way of a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("site.localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(os.fspath(self._path))


def ask(path: Path, headers: Mapping[str, str] | None = None) -> Answer:
    connection = _Connection(path)
    try:
        connection.request("GET", "/", headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


def run(folder: Path, *arguments: str) -> Running:
    return Running("run", "main.mjs", *arguments, folder=folder)


def port_of(line: str) -> int:
    port = urllib.parse.urlsplit(line).port
    assert port
    return port


# ---- addresses -------------------------------------------------------------------------


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("host", ["::", "[::]"])
def test_all_of_ipv6_is_all_of_ipv4_too(folder: Path, host: str, workers: str) -> None:
    with run(folder, "--host", host, *ANY_PORT, "--workers", workers) as server:
        port = port_of(server.ready())
        assert get(f"http://127.0.0.1:{port}/").text == f"127.0.0.1 http://127.0.0.1:{port}/"
        assert get(f"http://[::1]:{port}/").text == f"::1 http://[::1]:{port}/"
        assert server.stop() == 0


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_several_addresses_share_a_port(folder: Path, workers: str) -> None:
    hosts = ("--host", "127.0.0.1", "--host", "[::1]", "--host", "127.0.0.1")
    with run(folder, *hosts, *ANY_PORT, "--workers", workers) as server:
        told = server.line(r"listening on (http://127\.0\.0\.1:\d+/) and (http://\[::1\]:\d+/)$")
        assert port_of(told[1]) == port_of(told[2])
        assert get(told[1]).text.startswith("127.0.0.1 ")
        assert get(told[2]).text.startswith("::1 ")


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
def test_with_an_address_of_ipv4_all_of_ipv6_is_that_alone(folder: Path) -> None:
    with run(folder, "--host", "::", "--host", "127.0.0.2", *ANY_PORT) as server:
        port = port_of(server.line(r"listening on (http://\[::\]:\d+/) and")[1])
        assert get(f"http://[::1]:{port}/").status == 200
        assert get(f"http://127.0.0.2:{port}/").status == 200
        with pytest.raises(ConnectionRefusedError):
            get(f"http://127.0.0.1:{port}/")


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
def test_a_proxy_of_ipv4_is_trusted_where_it_comes_by_a_socket_of_both(folder: Path) -> None:
    with run(folder, "--host", "::", *ANY_PORT, "--trusted-proxy", "127.0.0.1") as server:
        connection = http.client.HTTPConnection("127.0.0.1", port_of(server.ready()), timeout=30)
        connection.request("GET", "/", headers={"X-Forwarded-For": "192.0.2.7"})
        assert connection.getresponse().read().startswith(b"192.0.2.7 ")
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1:80", "http://127.0.0.1", "[::1]:80", "[::1"])
def test_what_is_more_than_an_address_is_told(folder: Path, host: str) -> None:
    done = holdfast("run", "main.mjs", "--host", host, folder=folder)
    assert done.code == 2
    assert f"--host: '{host}' is no address such as 127.0.0.1 or ::1" in done.err


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
def test_an_address_that_needs_its_interface_is_told(folder: Path) -> None:
    done = holdfast("run", "main.mjs", "--host", "fe80::1", *ANY_PORT, folder=folder)
    assert done.code == 1
    assert "fe80::1 needs the name of its interface, as in fe80::1%eth0" in done.err


# ---- Unix sockets ----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "dev"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_socket_takes_the_place_of_the_port(folder: Path, command: str, workers: str) -> None:
    path = folder / "http.sock"
    options = ("--socket", "http.sock", "--workers", workers)
    with Running(command, "main.mjs", *options, folder=folder) as server:
        assert server.line(r"listening on (.+)$")[1] == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        for _ in range(4):
            assert ask(path) == (200, "null http://site.localhost/")
        assert server.stop() == 0
    assert not path.exists()


def test_a_socket_and_a_port_are_served_both(folder: Path) -> None:
    with run(folder, "--socket", "http.sock", *ANY_PORT) as server:
        told = server.line(r"listening on (http://127\.0\.0\.1:\d+/) and unix:")
        assert get(told[1]).text == f"127.0.0.1 {told[1]}"
        assert ask(folder / "http.sock").status == 200


def test_the_platform_answers_at_a_socket(folder: Path) -> None:
    options = ("--socket", f"unix:{folder}/http.sock", "--api-port", "0", "--workers", "2")
    with Running("serve", *options, folder=folder) as server:
        told = f"^Workers: unix:{folder}/http.sock, with <script>.localhost as the Host$"
        server.line(told)
        assert ask(folder / "http.sock") == (404, 'There is no Worker named "site".\n')


def test_a_proxy_at_the_socket_is_trusted_by_its_kind(folder: Path) -> None:
    path, headers = folder / "http.sock", {"X-Forwarded-For": "192.0.2.7"}
    with run(folder, "--socket", "http.sock") as server:
        server.line("listening")
        claims = {**headers, "CF-Connecting-IP": "192.0.2.8"}
        assert ask(path, claims).text == "null http://site.localhost/"
        server.stop()
    with run(folder, "--socket", "http.sock", "--trusted-proxy", "unix:") as server:
        server.line("listening")
        headers["X-Forwarded-Proto"] = "https"
        assert ask(path, headers).text == "192.0.2.7 https://site.localhost/"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_killed_server_has_left_is_no_hindrance(folder: Path, workers: str) -> None:
    path = folder / "http.sock"
    options = ("--socket", "http.sock", "--workers", workers)
    with run(folder, *options) as server:
        server.line("listening")
        server.send(signal.SIGKILL)
        server.wait()
    assert path.is_socket()
    with run(folder, *options) as server:
        server.line("listening")
        assert ask(path).status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="shards are found in /proc")
def test_a_shard_that_dies_is_no_end_of_the_socket(folder: Path) -> None:
    with run(folder, "--socket", "http.sock", "--workers", "2") as server:
        server.line("listening")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        while len(children.read_text().split()) < 2:  # until then, one that dies ends all
            assert ask(folder / "http.sock").status == 200
        victim = children.read_text().split()[0]
        os.kill(int(victim), signal.SIGKILL)
        while victim in children.read_text().split():
            with contextlib.suppress(ConnectionError):  # it may have taken this one
                ask(folder / "http.sock")
        for _ in range(8):
            assert ask(folder / "http.sock").status == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nobody_can_connect_to_a_server_that_ends(folder: Path, workers: str) -> None:
    path = folder / "http.sock"
    (folder / "main.mjs").write_text(IN_NO_HURRY)
    answers: list[Answer] = []
    with run(folder, "--socket", "http.sock", "--workers", workers) as server:
        server.line("listening")
        client = threading.Thread(target=lambda: answers.append(ask(path)))
        client.start()
        server.line("under way")
        server.send(signal.SIGTERM)
        server.line("Finishing what is under way")
        assert not path.exists()
        assert server.wait() == 0
        client.join()
    assert answers == [(200, "finished")]


def test_a_socket_that_somebody_serves_is_left_to_them(folder: Path) -> None:
    path = folder / "http.sock"
    with run(folder, "--socket", "http.sock") as server:
        server.line("listening")
        done = holdfast("run", "main.mjs", "--socket", path, "--data", "other", folder=folder)
        expected = f"holdfast: another process listens on {path}; choose another with --socket\n"
        assert (done.code, done.err) == (1, expected)
        assert ask(path).status == 200


def test_a_socket_that_another_server_has_put_there_stays(folder: Path) -> None:
    path = folder / "http.sock"
    with run(folder, "--socket", "http.sock") as server:
        server.line("listening")
        path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(os.fspath(path))
            assert server.stop() == 0
            assert path.is_socket()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("main.mjs", "main.mjs is there and is no socket; choose another with --socket"),
        ("no/such.sock", "the folder of no/such.sock does not exist; make it, or choose another"),
        ("x" * 200, f"the path {'x' * 200} is too long for a socket; choose a shorter one"),
        ("/proc/http.sock", "/proc/http.sock"),
    ],
)
def test_why_a_socket_cannot_be_is_told(folder: Path, path: str, reason: str, workers: str) -> None:
    done = holdfast("run", "main.mjs", "--socket", path, "--workers", workers, folder=folder)
    assert done.code == 1
    assert done.err.startswith("holdfast: ") and done.err.count("\n") == 1
    assert reason in done.err


@pytest.mark.skipif(os.getuid() == 0, reason="root may do anything")
def test_a_folder_of_somebody_else_is_told(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o500)
    done = holdfast("run", "main.mjs", "--socket", "closed/http.sock", folder=folder)
    assert done.code == 1
    assert "this user may not listen on closed/http.sock; choose another" in done.err


# ---- a project's own words -------------------------------------------------------------


def test_dev_listens_where_the_project_says_unless_the_options_do(folder: Path) -> None:
    [port] = free_ports(1)
    dev = {"port": port, "ip": "127.0.0.2"}
    fields = {"name": "shop", "main": "main.mjs", "dev": dev}
    (folder / "wrangler.json").write_text(json.dumps(fields))
    with Running("dev", folder=folder) as server:
        assert server.ready() == f"http://127.0.0.2:{port}"
    with Running("dev", "--host", "127.0.0.1", folder=folder) as server:
        assert server.ready() == f"http://127.0.0.1:{port}"
    with Running("dev", *ANY_PORT, folder=folder) as server:
        told = server.ready()
        assert told.startswith("http://127.0.0.2:") and port_of(told) != port
    with Running("dev", "--socket", "http.sock", folder=folder) as server:
        assert server.line(r"listening on (.+)$")[1] == f"unix:{folder}/http.sock"
    with Running("run", *ANY_PORT, folder=folder) as server:
        assert server.ready().startswith("http://127.0.0.1:")


def test_an_address_of_the_project_that_is_none_is_told(folder: Path) -> None:
    fields = {"name": "shop", "main": "main.mjs", "dev": {"ip": "192.0.2.1"}}
    (folder / "wrangler.json").write_text(json.dumps(fields))
    done = holdfast("dev", folder=folder)
    assert (done.code, done.err) == (
        1,
        "holdfast: '192.0.2.1' is no address of this machine; choose another with --host\n",
    )


@pytest.mark.parametrize("hosts", [(), ("--host", "0.0.0.0")])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_and_the_api_cannot_have_one_port(
    folder: Path, hosts: tuple[str, ...], workers: str
) -> None:
    (port,) = free_ports(1)
    ports = ("--port", str(port), "--api-port", str(port))
    done = holdfast("serve", *ports, *hosts, "--workers", workers, folder=folder)
    told = f"port {port} is asked for twice; choose another with --port or --api-port"
    assert (done.code, done.err) == (1, f"holdfast: {told}\n")


def test_who_connects_while_a_server_is_restarted_waits_at_a_socket_that_systemd_keeps(
    folder: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for workers in ("1", "2"):
            asking = socket.create_connection(listener.getsockname())
            asking.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            started = f"LISTEN_FDS=1 LISTEN_PID=$$ exec {HOLDFAST} run main.mjs --workers {workers}"
            with subprocess.Popen(
                ["sh", "-c", started],
                cwd=folder,
                env=environment(),
                stdout=subprocess.PIPE,
                preexec_fn=partial(os.dup2, listener.fileno(), 3),
                pass_fds=(3,),
            ) as server:
                assert server.stdout is not None
                assert b"the sockets that it was given" in server.stdout.readline()
                with asking, asking.makefile("rb") as answer:
                    assert answer.read().endswith(b"127.0.0.1 http://a/")
                server.terminate()


def test_given_sockets_are_for_one_process_and_must_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    assert given_descriptors.__wrapped__() == () and "LISTEN_FDS" not in os.environ
    with socket.socket() as silent:
        for descriptor in (silent.fileno(), 12_345):
            opening = open_address(Address((), 0, "--port", given=(descriptor,)), 1)
            with pytest.raises(CannotListen) as caught, opening:
                pass
            assert "LISTEN_FDS" in listening_failure(caught.value)
