"""Does the loop ever wait for the disk? Every sync of the real server takes 5 ms longer.

strace holds each `fsync`, `fdatasync` and `syncfs` back in the kernel's name, SQLite's own
among them, and no other call. Two wrk at once: one increments a thousand objects, the other
reads another object.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.durability import strace
from benchmarks.figures import Figure
from benchmarks.load import run_load
from benchmarks.peers.holdfast import Holdfast
from benchmarks.rows import ROWS

SECONDS, RUNS = 5, 3
WRITERS, READERS = 64, 2
INCREMENTS_BAR, P99_BAR_MS = 3_000.0, 10.0

_SYNCS = "fsync,fdatasync,syncfs"
_SLOW = (
    *("-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={_SYNCS}"),
    *("-e", f"inject={_SYNCS}:delay_exit=5ms"),
)
_ROW = {row.name: row for row in ROWS}


def slow_disk() -> list[Figure]:
    """Increments a second, and how long reads take meanwhile. Raises Unavailable, LoadFailed."""
    runs = []
    with tempfile.TemporaryDirectory(prefix="bench-slow-disk-") as name:
        folder = Path(name)
        with Holdfast().start(folder, prefix=(strace(), *_SLOW)) as server:
            run_load(server.url, _ROW["objects"], seconds=1, connections=WRITERS)  # makes them
            for _ in range(RUNS):
                with ThreadPoolExecutor() as threads:
                    load = partial(run_load, server.url, seconds=SECONDS)
                    writes = threads.submit(load, _ROW["objects"], connections=WRITERS)
                    reads = load(_ROW["read"], connections=READERS)
                    runs.append((writes.result(), reads))
    written, read = max(runs, key=lambda run: run[0].requests_per_s)
    return [
        Figure(
            *("increments over 1,000 objects, each sync 5 ms slower", written.requests_per_s),
            *("/s", INCREMENTS_BAR),
        ),
        Figure("reads of another object meanwhile, p99", read.p99_ms, "ms", P99_BAR_MS),
        Figure("the same reads", read.requests_per_s, "/s"),
    ]
