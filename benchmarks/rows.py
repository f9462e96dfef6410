"""The rows of the report, in the order in which they run, and the bars that they are to keep."""

from dataclasses import dataclass
from typing import Literal

P99_BAR = 0.2


@dataclass(frozen=True)
class Bar:
    """A ratio of Holdfast to workerd that the project is content with.

    `two` is for Holdfast with two processes. None is no bar.
    """

    one: float | None = None
    two: float | None = None

    def of(self, workers: int | None) -> float | None:
        """The bar for so many processes; None where there is nothing to judge."""
        return {None: None, 1: self.one}.get(workers, self.two)


@dataclass(frozen=True)
class Row:
    """One kind of request to `scripts/rows.mjs`.

    Throughput is to be at least `bar` times workerd's; where `has_p99_bar`, the 99th
    percentile of latency at most P99_BAR times workerd's.
    """

    name: str
    title: str
    path: str
    bar: Bar
    has_p99_bar: bool = False
    objects: int = 0  # asked for in turn; 0 asks for `path` alone
    sockets: Literal["", "echo", "broadcast"] = ""  # over WebSockets, and how
    body: Literal["", "bytes", "json"] = ""  # of each request
    megabytes: int = 0  # of the body, 10^6 bytes each
    connections: int = 0  # 0 is as many as the settings say

    def throughput(self, requests_per_s: float) -> str:
        """In words: requests, or what bodies amount to."""
        if self.megabytes:
            return f"{requests_per_s * self.megabytes:,.0f} MB/s"
        return f"{requests_per_s:,.0f}"


ROWS = (
    Row("hello", "hello world", "/hello", Bar(0.8, 1.2), has_p99_bar=True),
    Row("read", "Counter read", "/read", Bar(1.4, 1.8), has_p99_bar=True),
    Row("rpc", "Counter read by RPC", "/rpc", Bar(1.0)),
    Row("increment", "Counter increment, durable", "/increment", Bar(2.5, 2.5), has_p99_bar=True),
    Row(
        *("objects", "increments over 1,000 objects", "/objects/1", Bar(4.0, 6.0)),
        has_p99_bar=True,
        objects=1_000,
    ),
    Row("fresh", "creation of objects", "/fresh", Bar(6.0, 8.0), has_p99_bar=True),
    Row(
        *("body", "10 MB body echoed", "/body", Bar(0.5)),
        body="bytes",
        megabytes=10,
        connections=4,
    ),
    Row(
        *("json", "1 MB JSON body parsed and answered", "/json", Bar(0.3)),
        body="json",
        megabytes=1,
        connections=4,
    ),
    Row("echo", "WebSocket echo", "/sockets/echo", Bar(1.0), sockets="echo"),
    Row("broadcast", "broadcast to 1,000 sockets", "/sockets/all", Bar(1.0), sockets="broadcast"),
)

# Memory is read when these rows have run; Holdfast's to workerd's at most.
MEMORY_BARS = {"increment": Bar(0.3, 0.5), "fresh": Bar(0.15, 0.25)}


def rows_named(names: str) -> tuple[Row, ...]:
    """The rows of a comma-separated list, in the order of ROWS. ValueError for other names."""
    wanted = {name.strip() for name in names.split(",")}
    if unknown := wanted - {row.name for row in ROWS}:
        known = ", ".join(row.name for row in ROWS)
        raise ValueError(f"no such row: {', '.join(sorted(unknown))} (there are {known})")
    return tuple(row for row in ROWS if row.name in wanted)
