"""The rows of the report, in the order in which they run."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """One kind of request to `scripts/rows.mjs`.

    `bar` is the least ratio of Holdfast's throughput to workerd's that the project is
    content with.
    """

    name: str
    title: str
    path: str
    bar: float
    objects: int = 0  # asked for in turn; 0 asks for `path` alone
    sockets: Literal["", "echo", "broadcast"] = ""  # over WebSockets, and how


ROWS = (
    Row("hello", "hello world", "/hello", bar=0.5),
    Row("read", "Counter read", "/read", bar=1.0),
    Row("rpc", "Counter read by RPC", "/rpc", bar=1.0),
    Row("increment", "Counter increment, durable", "/increment", bar=2.0),
    Row("objects", "increments over 1,000 objects", "/objects/1", bar=2.0, objects=1_000),
    Row("fresh", "creation of objects", "/fresh", bar=3.0),
    Row("echo", "WebSocket echo", "/sockets/echo", bar=1.0, sockets="echo"),
    Row("broadcast", "broadcast to 1,000 sockets", "/sockets/all", bar=1.0, sockets="broadcast"),
)

# Memory is read when these rows have run.
MEMORY_AFTER = ("increment", "fresh")


def rows_named(names: str) -> tuple[Row, ...]:
    """The rows of a comma-separated list, in the order of ROWS. ValueError for other names."""
    wanted = {name.strip() for name in names.split(",")}
    if unknown := wanted - {row.name for row in ROWS}:
        known = ", ".join(row.name for row in ROWS)
        raise ValueError(f"no such row: {', '.join(sorted(unknown))} (there are {known})")
    return tuple(row for row in ROWS if row.name in wanted)
