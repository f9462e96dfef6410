"""Stored keys of one object, 1 to 1,000,000."""

import http.client
import itertools
import tempfile
import time
from pathlib import Path

from benchmarks.growth.series import Axis, Point, Series
from benchmarks.peers.base import REPOSITORY
from benchmarks.peers.holdfast import Holdfast
from benchmarks.process import Server

SCRIPT = REPOSITORY / "benchmarks" / "scripts" / "keys.mjs"
COUNTS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
AT_ONCE = 20_000  # keys that one request adds
REPEATS, STARTS = 5, 3
OPERATIONS = {
    "get": ("get of any key", 2_000),
    "put": ("put of any key", 2_000),
    "list": ("list of 100 from any key on", 200),
}
OPTIONS = ("--cpu-ms", "60000")


def measure() -> Axis:
    """Microseconds of each operation, and milliseconds until the first one."""
    points: dict[str, list[Point]] = {name: [] for name in OPERATIONS}
    opened: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as name:
        folder = Path(name)
        for before, count in itertools.pairwise((0, *COUNTS)):
            with Holdfast(script=SCRIPT, options=OPTIONS).start(folder) as server:
                _fill(server, before, count)
            opened.append((count, min(_first_ms(folder, count) for _ in range(STARTS))))
            with Holdfast(script=SCRIPT, options=OPTIONS).start(folder) as server:
                for operation, (_, times) in OPERATIONS.items():
                    each_s = _seconds(server, operation, count, times)
                    points[operation].append((count, each_s * 1e6))
    series = [Series(OPERATIONS[name][0], "µs", tuple(points[name])) for name in points]
    opening = Series("the object's first request", "ms", tuple(opened))
    return Axis("keys", "stored keys of an object", (*series, opening))


def _first_ms(folder: Path, keys: int) -> float:
    """What the object's first request takes, which opens it."""
    with Holdfast(script=SCRIPT, options=OPTIONS).start(folder) as server:
        _ask(server, "/get?of=another&keys=1&count=1")
        return _ask(server, f"/get?of=one&keys={keys}&count=1") * 1e3


def _fill(server: Server, before: int, count: int) -> None:
    for first in range(before, count, AT_ONCE):
        _ask(server, f"/fill?of=one&keys={first}&count={min(AT_ONCE, count - first)}")


def _seconds(server: Server, operation: str, keys: int, times: int) -> float:
    """What one operation takes, without the request that asks for many."""
    path = f"/{operation}?of=one&keys={keys}"
    idle = min(_ask(server, f"{path}&count=0") for _ in range(REPEATS))
    return (min(_ask(server, f"{path}&count={times}") for _ in range(REPEATS)) - idle) / times


def _ask(server: Server, path: str) -> float:
    """Seconds until the answer is here."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse().read()
    elapsed = time.perf_counter() - started
    connection.close()
    assert answer == b"done", answer
    return elapsed
