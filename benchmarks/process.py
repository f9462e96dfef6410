"""A server under test: started, waited for, stopped with everything it started."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
POLL_INTERVAL_S = 0.002


class ServerFailed(Exception):
    """The server ended, or never answered; the message ends with its log."""


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A process group that serves HTTP on a loopback port.

    As a context manager it is ready on entry and gone on exit. `startup_ms` is the time
    from its spawn to the first answer of `path` with this status.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        port: int,
        log: Path,
        *,
        path: str = "/hello",
        status: int = 200,
    ) -> None:
        self.port = port
        self._path, self._status = path, status
        self.startup_ms = 0.0
        self._log = log
        started = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_first_answer(started + START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        self.startup_ms = (time.perf_counter() - started) * 1000

    @property
    def pid(self) -> int:
        """The process that was started; it may have children."""
        return self._process.pid

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one request on a connection of its own. Blocks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def stop(self) -> None:
        """End the whole process group: politely, then by force. Blocks until it is gone."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _await_first_answer(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise ServerFailed(
                    f"it ended with code {self._process.returncode}:\n{self._tail()}"
                )
            try:
                if self.get(self._path)[0] == self._status:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(POLL_INTERVAL_S)
        raise ServerFailed(f"it did not answer within {START_TIMEOUT_S} s:\n{self._tail()}")

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
