"""Processes, one to as many as there are cores. The load takes its part of the same cores."""

import os
import tempfile
from pathlib import Path

from benchmarks.growth.series import Axis, Point, Series
from benchmarks.load import run_load
from benchmarks.peers.holdfast import Holdfast
from benchmarks.rows import rows_named

ROWS = rows_named("hello,read,objects")
SECONDS, RUNS, CONNECTIONS = 3, 3, 32


def measure() -> Axis:
    """Requests a second, the best of some runs."""
    points: dict[str, list[Point]] = {row.name: [] for row in ROWS}
    for workers in range(1, (os.cpu_count() or 1) + 1):
        with (
            tempfile.TemporaryDirectory(prefix="bench-growth-") as name,
            Holdfast(workers=workers).start(Path(name)) as server,
        ):
            for row in ROWS:
                runs = (
                    run_load(server.url, row, seconds=SECONDS, connections=CONNECTIONS)
                    for _ in range(RUNS)
                )
                points[row.name].append((workers, max(run.requests_per_s for run in runs)))
    series = tuple(Series(row.title, "requests/s", tuple(points[row.name])) for row in ROWS)
    return Axis("cores", "processes", series)
