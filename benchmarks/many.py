"""100,000 objects with one stored value each: what they occupy live, what is left of them.

The first server makes all of them and keeps them. The second finds them on the disk: it opens
some one by one, and then all, quarter by quarter, and evicts each before the next. What a process
keeps of the first thousands is the C library's and Python's: pages that are not wholly free. What
each more leaves is therefore told of the second half.
"""

import http.client
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.memory import resident
from benchmarks.peers.base import REPOSITORY
from benchmarks.peers.holdfast import Holdfast
from benchmarks.process import Server

SCRIPT = REPOSITORY / "benchmarks" / "scripts" / "many.mjs"
OBJECTS = 100_000
AT_ONCE = 250  # objects that one request touches
QUARTERS = 4
ONE_BY_ONE = 1_000
LIVE_BAR_KB, EVICTED_BAR_KB, OPEN_BAR_MS = 10.0, 0.1, 1.0

_FOREVER_S, _BRIEFLY_S = 86_400, 5
_LIMITS = ("--memory-mb", "4096", "--cpu-ms", "60000")


def many(objects: int = OBJECTS) -> list[Figure]:
    """Kilobytes per object and milliseconds to open one. Blocks for a minute or two."""
    with tempfile.TemporaryDirectory(prefix="bench-many-") as name:
        folder = Path(name)
        with _server(folder, _FOREVER_S) as server:
            empty = resident(server.pid)
            started = time.perf_counter()
            touch(server, "store", range(objects))
            making_s = time.perf_counter() - started
            live = resident(server.pid) - empty
        with _server(folder, _BRIEFLY_S) as server:
            empty = resident(server.pid)
            first, second = first_and_second_ms(server, min(objects, ONE_BY_ONE))
            quarter = objects // QUARTERS
            firsts = range(0, QUARTERS * quarter, quarter)
            left = [_left_by(server, range(first, first + quarter)) for first in firsts]
    of = f"of {objects:,}"
    return [
        Figure(f"making one {of}, with its first value", making_s / objects * 1e3, "ms"),
        Figure(f"memory for each {of} live and idle", live / objects / 1e3, "kB", LIVE_BAR_KB),
        Figure(
            "memory for each more that was evicted",
            *((left[3] - left[1]) / (2 * quarter) / 1e3, "kB", EVICTED_BAR_KB),
        ),
        Figure("what stays with the process when all have left", (left[3] - empty) / 1e6, "MB"),
        Figure("opening one that was evicted, median", first - second, "ms", OPEN_BAR_MS),
    ]


@contextmanager
def _server(folder: Path, idle_s: int) -> Iterator[Server]:
    options = (*_LIMITS, "--idle-seconds", str(idle_s))
    with Holdfast(script=SCRIPT, options=options).start(folder) as server:
        yield server


def touch(server: Server, action: str, objects: range) -> None:
    """Have each object do `action`, one after another a few hundred at once."""
    for first in range(objects.start, objects.stop, AT_ONCE):
        count = min(AT_ONCE, objects.stop - first)
        answer = server.get(f"/{action}?first={first}&count={count}")
        assert answer == (200, str(count)), answer


def _left_by(server: Server, objects: range) -> int:
    """The memory that is occupied when these have been read and evicted."""
    touch(server, "read", objects)
    time.sleep(_BRIEFLY_S * 3)  # idle for once, and time to evict some ten thousand
    return resident(server.pid)


def first_and_second_ms(server: Server, objects: int) -> tuple[float, float]:
    """What the first request to an object takes, and the second; medians."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(objects):
        for times in took:
            started = time.perf_counter()
            connection.request("GET", f"/read?first={number}&count=1")
            answer = connection.getresponse().read()
            times.append((time.perf_counter() - started) * 1e3)
            assert answer == b"1", answer
    connection.close()
    return statistics.median(took[0]), statistics.median(took[1])
