"""`python -m benchmarks.overload`: ten times the load that Holdfast can carry.

First a fixed number of connections finds out how many requests a second it answers, each of which
computes for some milliseconds. Then ten times as many a second are sent, whether it answers or
not (on as many connections as that takes), and at the end it is asked until it answers as fast
as before. What it answered has to be counted in the object, once each.
"""

import argparse
import asyncio
import itertools
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks.memory import memory_of
from benchmarks.process import Server, free_port

SCRIPT = Path(__file__).parent / "scripts" / "overload.mjs"
TIMES = 10
BUSY = 32  # connections that find the capacity
MAX_CONNECTIONS = 8_000
TICK_S = 0.005
ONSET_S = 5  # the load might be a burst, which is answered whole
PROBES = 5  # answers in a row, as fast as before, that show that it is over


@dataclass
class Seen:
    """What a phase saw: latencies in seconds by status, and memory every second."""

    seconds: float = 0.0
    sent: int = 0
    not_sent: int = 0  # for lack of connections
    broken: int = 0
    latencies: dict[int, list[float]] = field(default_factory=dict)
    rss_mb: list[float] = field(default_factory=list)

    def count(self, status: int) -> int:
        """How many answers had this status."""
        return len(self.latencies.get(status, ()))

    def percentile_ms(self, status: int, percent: int) -> float:
        """What so many percent of the answers with this status were faster than."""
        found = self.latencies.get(status, [])
        if len(found) < 2:
            return 0.0
        return statistics.quantiles(found, n=100)[percent - 1] * 1000


class Client(asyncio.Protocol):
    """A connection with one request at a time under way."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._transport: asyncio.Transport
        self._received = b""
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]

    def send(self) -> None:
        """Send the request."""
        self._since = time.perf_counter()
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """Note the response once all of it is here."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split()[0]):
            return
        self._received = b""
        self._load.answered(self, int(head[9:12]), time.perf_counter() - self._since)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the load."""
        self._load.lost(self)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


class Load:
    """Requests for a path, over as many connections as it takes."""

    def __init__(self, server: Server, path: str) -> None:
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._server = server
        self._idle: list[Client] = []
        self._all: set[Client] = set()
        self._opening = 0
        self._keeps_busy = False
        self.seen = Seen()

    def answered(self, client: Client, status: int, seconds: float) -> None:
        """A client has its response."""
        self.seen.latencies.setdefault(status, []).append(seconds)
        if self._keeps_busy:
            client.send()
            self.seen.sent += 1
        else:
            self._idle.append(client)

    def lost(self, client: Client) -> None:
        """A connection has ended."""
        self._all.discard(client)
        if client in self._idle:
            self._idle.remove(client)
        else:
            self.seen.broken += 1

    async def _open(self) -> Client | None:
        loop = asyncio.get_running_loop()
        try:
            _, client = await loop.create_connection(
                lambda: Client(self), "127.0.0.1", self._server.port
            )
        except OSError:
            self.seen.broken += 1
            return None
        finally:
            self._opening -= 1
        self._all.add(client)
        return client

    async def _open_and_send(self) -> None:
        client = await self._open()
        if client is not None:
            client.send()

    async def closed_loop(self, connections: int, seconds: float) -> Seen:
        """Keep so many connections busy."""
        self._keeps_busy = True
        began = time.perf_counter()
        for _ in range(connections):
            self._opening += 1
            await self._open_and_send()
        await asyncio.sleep(seconds)
        self._keeps_busy = False
        return await self._finish(began)

    async def open_loop(self, rate: float, seconds: float) -> Seen:
        """Send so many a second, whatever becomes of them."""
        began, next_look = time.perf_counter(), 0.0
        due_before = 0
        opening: set[asyncio.Task[None]] = set()
        while (elapsed := time.perf_counter() - began) < seconds:
            if elapsed >= next_look:
                next_look += 1
                self._look()
            due = int(rate * elapsed)
            for _ in range(due - due_before):
                if self._idle:
                    self._idle.pop().send()
                elif len(self._all) + self._opening < MAX_CONNECTIONS:
                    self._opening += 1
                    task = asyncio.create_task(self._open_and_send())
                    opening.add(task)
                    task.add_done_callback(opening.discard)
                else:
                    self.seen.not_sent += 1
                    continue
                self.seen.sent += 1
            due_before = due
            await asyncio.sleep(TICK_S)
        return await self._finish(began)

    async def _finish(self, began: float) -> Seen:
        self.seen.seconds = time.perf_counter() - began
        self._look()
        return self.seen

    def _look(self) -> None:
        memory = memory_of(self._server.pid)
        if memory is not None:
            self.seen.rss_mb.append(memory.rss / 1e6)

    async def until_answered(self) -> None:
        """Wait for what is under way, then close."""
        deadline = time.perf_counter() + 60
        while self._opening or len(self._idle) < len(self._all):
            if time.perf_counter() > deadline:
                break
            await asyncio.sleep(TICK_S)
        for client in [*self._all]:
            client.close()
        await asyncio.sleep(0.05)


async def recovery(server: Server, path: str, usual_s: float) -> float:
    """Seconds until as many answers as PROBES in a row came as fast as usual."""
    began = since = time.perf_counter()
    in_a_row = 0
    while in_a_row < PROBES:
        asked = time.perf_counter()
        status, _ = await asyncio.to_thread(server.get, path)
        if status == 200 and time.perf_counter() - asked <= usual_s:
            in_a_row += 1
        else:
            in_a_row, since = 0, time.perf_counter()
    return since - began


@dataclass(frozen=True)
class Result:
    """One row: before, during and after."""

    path: str
    workers: int
    before: Seen
    onset: Seen
    during: Seen
    recovery_s: float
    counted: bool  # whether the object counted what was answered, once each

    def lines(self) -> list[str]:
        """The row as people read it."""
        before, onset, during = self.before, self.onset, self.during
        capacity = before.count(200) / before.seconds
        accepted = during.count(200) / during.seconds
        refused = during.count(503) / during.seconds
        memory = during.rss_mb
        looks = ", ".join(f"{memory[i]:.0f}" for i in (0, len(memory) // 2, -1))
        others = {code: len(found) for code, found in during.latencies.items()}
        others = {code: count for code, count in others.items() if code not in (200, 503)}
        p50, p99 = (during.percentile_ms(200, percent) for percent in (50, 99))
        lines = [
            f"{self.path}, {self.workers} process{'es' * (self.workers > 1)}",
            f"  capacity   {capacity:7,.0f} /s, p99 {before.percentile_ms(200, 99):,.0f} ms",
            f"  offered    {during.sent / during.seconds:7,.0f} /s for {during.seconds:.0f} s",
            f"  answered   {accepted:7,.0f} /s, {accepted / capacity:.0%} of the capacity",
            f"    in       {p50:7,.0f} ms (p50), {p99:,.0f} ms (p99)",
            f"    at first {onset.percentile_ms(200, 99):7,.0f} ms (p99 of the first {ONSET_S} s)",
            f"  refused    {refused:7,.0f} /s, p99 {during.percentile_ms(503, 99):,.0f} ms",
            f"  memory     {before.rss_mb[-1]:7.0f} MB, in {during.seconds:.0f} s {looks}",
            f"  recovered  {self.recovery_s:7.2f} s after the end",
        ]
        if during.not_sent:
            lines.append(
                f"  not sent   {during.not_sent / during.seconds:7,.0f} /s for lack of connections"
            )
        if others or during.broken:
            lines.append(f"  failed     {others} by status, {during.broken} connections broke")
        if not self.counted:
            lines.append("  The object did not count what was answered!")
        return lines


async def measure(path: str, workers: int, seconds: float, options: list[str]) -> Result:
    """One row, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-overload-") as folder:
        port = free_port()
        command = [
            str(Path(sys.executable).parent / "holdfast"),
            *("run", str(SCRIPT), "--port", str(port), "--data", str(Path(folder) / "data")),
            *("--workers", str(workers), *options),
        ]
        with Server(command, port, Path(folder) / "log") as server:
            load = Load(server, path)
            before = await load.closed_loop(BUSY, seconds / 3)
            await load.until_answered()
            usual_s = max(before.latencies[200])
            load = Load(server, path)
            rate = TIMES * before.count(200) / before.seconds
            onset = await load.open_loop(rate, ONSET_S)
            load.seen = Seen()
            during = await load.open_loop(rate, seconds)
            recovery_s = await recovery(server, path, usual_s)
            probes = int(server.get("/count")[1])
            await load.until_answered()
            answered = sum(seen.count(200) for seen in (before, onset, during))
            counted = path != "/object" or probes >= answered
            return Result(path, workers, before, onset, during, recovery_s, counted)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of overload, per row")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], metavar="N")
    parser.add_argument("--paths", nargs="*", default=["/worker", "/object"])
    parser.add_argument("options", nargs="*", help="for `holdfast run`, behind --")
    options = parser.parse_args()
    raise_descriptor_limit()
    for workers, path in itertools.product(options.workers, options.paths):
        result = uvloop.run(measure(path, workers, options.seconds, options.options))
        print("\n".join(result.lines()), flush=True)


def raise_descriptor_limit() -> None:
    """Each connection is an open file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
