"""A `holdfast` command with its output read line by line, as it comes."""

import http.client
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

from tests.patience import PATIENCE_S
from tests.serving import HOLDFAST

HELLO = 'export default { fetch: () => new Response("hello") };\n'


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what changes the commands, and with `changes`."""
    ours = ("HOLDFAST_", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"HOLDFAST_CACHE": os.environ.get("HOLDFAST_CACHE", "")} | changes


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def holdfast(*arguments: str | Path, folder: Path, env: Mapping[str, str] | None = None) -> Done:
    """Run a command to its end. A traceback is nothing that anybody should ever see."""
    done = subprocess.run(
        [HOLDFAST, *arguments],
        cwd=folder,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


class Answer(NamedTuple):
    """A response."""

    status: int
    text: str


class Running:
    """A `holdfast` command under way; ended at the end of the `with` block."""

    def __init__(
        self, *arguments: str | Path, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [HOLDFAST, *arguments],
            cwd=folder,
            env=env or environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._read = 0
        self._news = threading.Condition()
        assert self._process.stdout and self._process.stderr
        self._threads = [
            threading.Thread(target=self._collect, args=(stream, lines))
            for stream, lines in (
                (self._process.stdout, self.out),
                (self._process.stderr, self.err),
            )
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def line(self, pattern: str) -> re.Match[str]:
        """The next line of stdout that matches, once it is there; those before it are past."""
        deadline = time.monotonic() + PATIENCE_S
        with self._news:
            while True:
                while self._read < len(self.out):
                    self._read += 1
                    if found := re.search(pattern, self.out[self._read - 1]):
                        return found
                patience = deadline - time.monotonic()
                over = self._process.poll() is not None and not self._threads[0].is_alive()
                assert patience > 0 and not over, f"no {pattern!r} in {self.out} {self.err}"
                self._news.wait(min(patience, 0.2))

    def ready(self) -> str:
        """The URL that `dev` and `run` listen on, once they say so."""
        return self.line(r"listening on (http://\S+)/$")[1]

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once everything that was printed is there."""
        code = self._process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert "Traceback" not in "\n".join(self.err), self.err
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join(PATIENCE_S)


def get(url: str, host: str | None = None) -> Answer:
    """One GET request on a connection of its own."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"Host": host} if host else {})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()
