"""A real `holdfast` process, and the real curl to talk to it."""

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

REPOSITORY = Path(__file__).parent.parent
EXAMPLES = REPOSITORY / "js-examples"
HOLDFAST = Path(sys.executable).parent / "holdfast"
TOKEN = "a token for tests"
TOKEN_VARIABLE = "HOLDFAST_API_TOKEN"

START_TIMEOUT_S = PATIENCE_S
STOP_TIMEOUT_S = 25  # less than what a stop waits for at most


# Below those that kernels give out by themselves (32768 on Linux, 49152 on macOS).
PORTS = range(20_000, 32_000)
SLICE = 1_000


def _ports_of_this_process() -> Iterator[int]:
    """Ports that no other process of this run takes, in a circle; others may begin anywhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = PORTS[worker * SLICE % len(PORTS) :][:SLICE]
    first = random.randrange(SLICE)
    return itertools.cycle([*own[first:], *own[:first]])


_ports = _ports_of_this_process()


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback interface that nothing listens on.

    They stay free until they are listened on: no connection, and no listener at port 0, gets them.
    """
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class HoldfastProcess:
    """A `holdfast` command that serves until it is stopped; ready once made.

    `ports` are those it must listen on. It runs in `folder`, which gets its log too.
    `prefix` comes before the command: a tracer, say.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        ports: Sequence[int],
        folder: Path,
        *,
        env: Mapping[str, str] = os.environ,
        prefix: Sequence[str] = (),
    ) -> None:
        self._ports = ports
        self._log = log = folder / "holdfast.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*prefix, HOLDFAST, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
            )
        try:
            self._wait_until_it_listens(ports)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def wait(self, timeout_s: float) -> int:
        """The exit code, once there is one; negative after a signal that killed it."""
        return self._process.wait(timeout_s)

    def stop(self) -> int:
        """Ask it to end, as a user's Ctrl-C or a service manager does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self.wait(STOP_TIMEOUT_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it without a chance to tidy up, as a crash does; its shards end with it."""
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while any(accepts(port) for port in self._ports) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _wait_until_it_listens(self, ports: Sequence[int]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not all(accepts(port) for port in ports):
            try:
                code = self._process.wait(0.01)
            except subprocess.TimeoutExpired:
                assert time.monotonic() < deadline, f"it never listened:\n{self._log.read_text()}"
            else:
                pytest.fail(f"holdfast ended with code {code}:\n{self._log.read_text()}")


@dataclass(frozen=True)
class Answer:
    """What curl printed, and the status it saw."""

    status: int
    text: str


def curl(*arguments: str | Path) -> Answer:
    """One request with the real curl."""
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text, _, status = printed.rpartition("\n")
    return Answer(int(status), text)


class Platform:
    """`holdfast serve` on a data folder that outlives its processes."""

    def __init__(self, folder: Path) -> None:
        self.port, self.api_port = free_ports(2)
        self._folder = folder
        self.process = self._start()

    def _start(self) -> HoldfastProcess:
        arguments = ["serve", "--port", str(self.port), "--api-port", str(self.api_port)]
        arguments += ["--data", str(self._folder / "data")]
        env = os.environ | {TOKEN_VARIABLE: TOKEN}
        return HoldfastProcess(arguments, (self.port, self.api_port), self._folder, env=env)

    def restart(self) -> None:
        """Start again after `process.stop()` or `process.kill()`, on the same data."""
        self.process = self._start()

    @property
    def api(self) -> str:
        """The API's base URL, as `publish-durable-object.sh` takes it."""
        return f"http://127.0.0.1:{self.api_port}/client/v4"

    def url(self, script: str, path: str = "/") -> str:
        return f"http://{script}.localhost:{self.port}{path}"

    def ask(self, script: str, path: str = "/", *arguments: str | Path) -> Answer:
        """One request to a Worker; further arguments go to curl."""
        return curl(*arguments, self.url(script, path))

    def call_api(self, path: str, *arguments: str | Path) -> Answer:
        """One request to the account's API, with the token."""
        authorization = f"Authorization: Bearer {TOKEN}"
        url = f"{self.api}/accounts/local/workers/{path}"
        return curl("--header", authorization, *arguments, url)

    def publish(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `publish-durable-object.sh` with these settings added to its environment."""
        return run_publish(BASE_URL=self.api, API_TOKEN=TOKEN, **settings)


def run_publish(**settings: str) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing but PATH and these settings in its environment."""
    return subprocess.run(
        ["sh", EXAMPLES / "publish-durable-object.sh"],
        cwd="/",  # where no .holdfast/api-token lies
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )
