"""Objects on the disk, 1 to 1,000,000.

The first thousand are made by the server. The others are files of the same content under ids
that nobody asks for: hard links, since a million copies would measure the copying. What a
server could look through, the folder and its entries, is all there.
"""

import hashlib
import itertools
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.growth.series import Axis, Series
from benchmarks.many import SCRIPT, first_and_second_ms, touch
from benchmarks.memory import resident
from benchmarks.peers.holdfast import Holdfast
from benchmarks.process import Server

COUNTS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
MADE = 1_000
LINKS = 50_000  # of one file; ext4 allows 65,000
OPENED, CREATED, STARTS = 200, 9, 3


def measure() -> Axis:
    """Starts, openings and creations with so many objects there. Blocks for minutes."""
    started, opened, first_made, created, occupied = [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as name:
        folder = Path(name)
        for before, count in itertools.pairwise((0, *COUNTS)):
            _grow(folder, before, count)
            started.append((count, min(_start_ms(folder) for _ in range(STARTS))))
            with Holdfast(script=SCRIPT).start(folder) as server:
                first_made.append((count, _creation_ms(server, -count)))
                opened.append((count, first_and_second_ms(server, min(count, OPENED))[0]))
                numbers = range(10 * count, 10 * count + CREATED)
                times = [_creation_ms(server, number) for number in numbers]
                created.append((count, statistics.median(times)))
                occupied.append((count, resident(server.pid) / 1e6))
    return Axis(
        "objects",
        "objects on the disk",
        (
            Series("start until an object answers", "ms", tuple(started)),
            Series("the first request to one", "ms", tuple(opened)),
            Series("making the first one after a start", "ms", tuple(first_made)),
            Series("making one more", "ms", tuple(created)),
            Series("memory of the process", "MB", tuple(occupied)),
        ),
    )


def _start_ms(folder: Path) -> float:
    path = "/read?first=0&count=1"
    with Holdfast(script=SCRIPT).start(folder, path=path) as server:
        return server.startup_ms


def _grow(folder: Path, before: int, count: int) -> None:
    if before < MADE:
        with Holdfast(script=SCRIPT).start(folder) as server:
            touch(server, "store", range(before, min(count, MADE)))
    files = folder / "data" / "objects" / "many-Kept"
    template = next(path for path in files.glob("*.sqlite") if len(path.stem) == 64)
    for path, number in zip(
        _copies(template, folder), range(max(before, MADE), count), strict=False
    ):
        (files / f"{_id(number)}.sqlite").hardlink_to(path)


def _id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _copies(template: Path, folder: Path) -> Iterator[Path]:
    """A copy of the file as often as it may be linked, then the next one."""
    for number in itertools.count():
        copy = folder / f"copy-{time.monotonic_ns()}-{number}"
        shutil.copy(template, copy)
        yield from itertools.repeat(copy, LINKS)


def _creation_ms(server: Server, number: int) -> float:
    begun = time.perf_counter()
    touch(server, "store", range(number, number + 1))
    return (time.perf_counter() - begun) * 1e3
