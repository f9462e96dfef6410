"""Scripts on one `holdfast serve`, 1 to 1,000, each of them loaded."""

import http.client
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.growth.series import Axis, Point, Series
from benchmarks.memory import resident
from benchmarks.process import Server, free_port

COUNTS = (1, 10, 100, 1_000)
ASKED = 100
_SCRIPT = "export default { fetch: () => new Response('ready') };"
_BODY = (
    '--b\r\nContent-Disposition: form-data; name="metadata"\r\n'
    "Content-Type: application/json\r\n\r\n"
    '{"main_module": "main.mjs"}\r\n--b\r\n'
    'Content-Disposition: form-data; name="main.mjs"; filename="main.mjs"\r\n'
    f"Content-Type: application/javascript+module\r\n\r\n{_SCRIPT}\r\n--b--\r\n"
)
_API = "/client/v4/accounts/local/workers/scripts"


class _Platform(Server):
    """`holdfast serve`; ready when its API answers."""

    def __init__(self, folder: Path) -> None:
        self._data, self.workers_port, port = folder / "data", free_port(), free_port()
        options = ("--port", str(self.workers_port), "--api-port", str(port), "--workers", "1")
        holdfast = Path(sys.executable).parent / "holdfast"
        command = (holdfast, "serve", *options, "--data", self._data)
        super().__init__([*map(str, command)], port, folder / "log", path=_API, status=401)

    def upload(self, number: int) -> float:
        """Seconds that it takes."""
        token = (self._data / "api-token").read_text().strip()
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        return _ask(self.port, "PUT", f"{_API}/script-{number}", headers, _BODY)

    def ask(self, number: int) -> float:
        """Seconds until the script has answered."""
        return _ask(self.workers_port, "GET", "/", {"Host": f"script-{number}.localhost"}, None)


def measure() -> Axis:
    """Uploads, starts, answers, and memory."""
    uploaded: list[Point] = []
    started: list[Point] = []
    answered: list[Point] = []
    occupied: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as name:
        folder = Path(name)
        for before, count in itertools.pairwise((0, *COUNTS)):
            with _Platform(folder) as server:
                times = [server.upload(number) for number in range(before, count)]
                uploaded.append((count, statistics.median(times[-ASKED:]) * 1e3))
            with _Platform(folder) as server:
                first = server.ask(count - 1)
                started.append((count, server.startup_ms + first * 1e3))
                for number in range(count):
                    server.ask(number)
                occupied.append((count, resident(server.pid) / 1e6))
                asked = (server.ask(number % count) for number in range(ASKED))
                answered.append((count, statistics.median(asked) * 1e3))
    return Axis(
        "scripts",
        "scripts, all loaded",
        (
            Series("uploading one more", "ms", tuple(uploaded)),
            Series("start until one answers", "ms", tuple(started)),
            Series("an answer of a loaded one", "ms", tuple(answered)),
            Series("memory of the process", "MB", tuple(occupied)),
        ),
    )


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: str | None) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begun = time.perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    elapsed = time.perf_counter() - begun
    connection.close()
    assert answer.status == http.client.OK, f"{path}: {answer.status} {text!r}"
    return elapsed
