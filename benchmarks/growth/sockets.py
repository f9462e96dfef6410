"""Idle WebSockets of one object, 1 to 10,000, and an echo among them."""

import resource
import statistics
import tempfile
from pathlib import Path

from benchmarks.growth.series import Axis, Point, Series
from benchmarks.memory import resident
from benchmarks.peers.holdfast import Holdfast
from benchmarks.rows import ROWS
from benchmarks.sockets import opened, run_sockets

COUNTS = (1, 10, 100, 1_000, 10_000)
SECONDS, RUNS = 1, 3
_ECHO = next(row for row in ROWS if row.name == "echo")


def measure() -> Axis:
    """Memory, and the time of an echo."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * COUNTS[-1])), hard))
    occupied: list[Point] = []
    echoed: list[Point] = []
    for count in COUNTS:
        with (
            tempfile.TemporaryDirectory(prefix="bench-growth-") as name,
            Holdfast().start(Path(name)) as server,
        ):
            run_sockets(server.url, _ECHO, seconds=1, connections=1)  # the object is there
            with opened(server.url, _ECHO.path, count):
                occupied.append((count, resident(server.pid) / 1e6))
                runs = [
                    run_sockets(server.url, _ECHO, seconds=SECONDS, connections=1)
                    for _ in range(RUNS)
                ]
            echoed.append((count, statistics.median(run.p50_ms for run in runs) * 1e3))
    return Axis(
        "sockets",
        "idle WebSockets of an object",
        (
            Series("memory of the process", "MB", tuple(occupied)),
            Series("echo on one more, median", "µs", tuple(echoed)),
        ),
    )
