"""The comparison itself: the sides stand side by side and take turns under load.

A busy machine slows one run and not the next, so runs of the two sides alternate and the
best run of each side counts, for each row. Both servers live through all rows, so that
memory is what a server occupies after that much work, not at its start.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.load import Run, run_load
from benchmarks.memory import Memory, cpu_seconds, memory_of
from benchmarks.peers import Peer
from benchmarks.process import Server
from benchmarks.rows import MEMORY_BARS, Row
from benchmarks.sockets import run_sockets

STARTS = 3

Progress = Callable[[str], None]


class LostWrites(Exception):
    """A counter stands below the number of its acknowledged increments."""


@dataclass(frozen=True)
class Settings:
    """How hard and how long; the same for both sides."""

    seconds: int = 5
    runs: int = 3
    connections: int = 32


@dataclass
class Side:
    """What was measured of one runtime; rows by name."""

    name: str
    version: str
    startup_ms: float = 0.0
    runs: dict[str, Run] = field(default_factory=dict)
    memory: dict[str, Memory | None] = field(default_factory=dict)
    cpu_us: dict[str, float] = field(default_factory=dict)  # per request, the least of the runs


def compare(
    peers: Sequence[Peer], rows: Sequence[Row], settings: Settings, progress: Progress
) -> list[Side]:
    """Measure every row on every peer. Blocks for about runs × seconds × rows × peers.

    Raises Unavailable, ServerFailed, LoadFailed or LostWrites; nothing is measured by halves.
    """
    sides = [Side(peer.name, peer.version()) for peer in peers]
    _measure_startup(peers, sides, progress)
    with ExitStack() as stack:
        servers = [stack.enter_context(_fresh_server(peer, stack)) for peer in peers]
        for row in rows:
            for number in range(1, settings.runs + 1):
                for side, server in zip(sides, servers, strict=True):
                    before = cpu_seconds(server.pid)
                    run = _checked_run(server, row, settings)
                    after = cpu_seconds(server.pid)
                    if before is not None and after is not None:
                        cpu_us = (after - before) / run.requests * 1e6
                        side.cpu_us[row.name] = min(cpu_us, side.cpu_us.get(row.name, cpu_us))
                    progress(
                        f"{row.name:10} {side.name:9} {number}/{settings.runs}  "
                        f"{row.throughput(run.requests_per_s):>10}   p99 {run.p99_ms:8.2f} ms"
                    )
                    best = side.runs.get(row.name)
                    if best is None or run.requests_per_s > best.requests_per_s:
                        side.runs[row.name] = run
            if row.name in MEMORY_BARS:
                for side, server in zip(sides, servers, strict=True):
                    side.memory[row.name] = memory_of(server.pid)
    return sides


def _fresh_server(peer: Peer, stack: ExitStack) -> Server:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"bench-{peer.name}-"))
    return peer.start(Path(folder))


def _measure_startup(peers: Sequence[Peer], sides: Sequence[Side], progress: Progress) -> None:
    """The best of STARTS starts of each side, in turn, each on an empty folder."""
    for _ in range(STARTS):
        for peer, side in zip(peers, sides, strict=True):
            with ExitStack() as stack:
                took = stack.enter_context(_fresh_server(peer, stack)).startup_ms
            side.startup_ms = min(took, side.startup_ms or took)
    for side in sides:
        progress(f"{'start-up':10} {side.name:9}      {side.startup_ms:9,.0f} ms")


def _checked_run(server: Server, row: Row, settings: Settings) -> Run:
    """One run of the load; an increment row must have kept what it acknowledged."""
    if row.sockets:
        return run_sockets(
            server.url, row, seconds=settings.seconds, connections=settings.connections
        )
    if row.name != "increment":
        return run_load(server.url, row, seconds=settings.seconds, connections=settings.connections)
    before = _counted(server, row)
    run = run_load(server.url, row, seconds=settings.seconds, connections=settings.connections)
    if _counted(server, row) - before < run.requests:
        raise LostWrites(f"{server.url}{row.path} acknowledged more increments than it counts")
    return run


def _counted(server: Server, row: Row) -> int:
    """The counter's number. Raises AssertionError."""
    status, text = server.get(row.path)
    assert status == 200, f"{row.path} answers {status}: {text}"
    return int(text.removeprefix("count: "))
