"""Bodies of 1 kB to 100 MB, sent back as they are; JSON up to 10 MB, parsed and answered."""

import asyncio
import http.client
import tempfile
import time
from pathlib import Path

from benchmarks.growth.series import Axis, Point, Series
from benchmarks.load import json_body
from benchmarks.peers.holdfast import Holdfast
from benchmarks.platform_micro import SCRIPTS, echo
from benchmarks.process import Server

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
LARGEST_JSON = 10_000_000
REPEATS = 5


def measure() -> Axis:
    """Milliseconds of each."""
    echoed: list[Point] = []
    parsed: list[Point] = []
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as name:
        with Holdfast(script=SCRIPTS / "echo.mjs").start(Path(name)) as server:
            for size in SIZES:
                runs = [asyncio.run(echo(server, "/untouched", size)) for _ in range(REPEATS)]
                echoed.append((size, min(seconds for seconds, _ in runs) * 1e3))
        with Holdfast(options=("--cpu-ms", "60000", "--memory-mb", "1024")).start(
            Path(name)
        ) as server:
            for size in SIZES:
                if size <= LARGEST_JSON:
                    body = json_body(size)
                    parsed.append((size, min(_post_ms(server, body) for _ in range(REPEATS))))
    return Axis(
        "bodies",
        "bytes of a body",
        (
            Series("a body sent back", "ms", tuple(echoed)),
            Series("JSON parsed and answered", "ms", tuple(parsed)),
        ),
    )


def _post_ms(server: Server, body: bytes) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    begun = time.perf_counter()
    connection.request("POST", "/json", body)
    answer = connection.getresponse()
    answer.read()
    elapsed = time.perf_counter() - begun
    connection.close()
    assert answer.status == http.client.OK, answer.status
    return elapsed * 1e3
