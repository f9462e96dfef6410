"""What storage costs as a script sees it: `python -m benchmarks.storage_script`.

Prints a table, of Holdfast and, where npm has installed it, of workerd. An operation is done many
times in one request, and what the request costs without it is taken off. The best of several
runs counts. `--write` puts the table into RESULTS.md.
"""

import argparse
import http.client
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.base import REPOSITORY
from benchmarks.process import Server, free_port
from benchmarks.report import write_section

SCRIPT = REPOSITORY / "benchmarks" / "scripts" / "storage.mjs"
WORKERD = REPOSITORY / "node_modules" / ".bin" / "workerd"
TITLE = "Storage as a script sees it"
REPEATS = 5
WARM_UP = 200

# Operation of storage.mjs: title, how often, and the bar in microseconds.
OPERATIONS = {
    "get": ("`await storage.get()`", 5_000, 8),
    "put": ("`await storage.put()`", 5_000, 15),
    "list": ("`await storage.list()` of 1,000 keys", 40, 5_000),
    "kvGet": ("`storage.kv.get()`", 5_000, 8),
    "kvPut": ("`storage.kv.put()`", 5_000, 15),
    "kvList": ("`[...storage.kv.list()]` of 1,000 keys", 40, 5_000),
    "point": ("`sql.exec()` of a point query, `one()`", 5_000, 20),
    "insert": ("`sql.exec()` of an insert", 5_000, None),
    "select": ("`sql.exec()`, `toArray()` of 1,000 rows", 40, None),
    "iterate": ("`for … of sql.exec()`, 1,000 rows", 40, None),
    "transactionSync": ("`transactionSync()` with a write", 5_000, None),
    "setAlarm": ("`await setAlarm()`", 5_000, None),
}

_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .script),
    (name = "disk", disk = (path = "{data}", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
const script :Workerd.Worker = (
  modules = [(name = "storage.mjs", esModule = embed "storage.mjs")],
  compatibilityDate = "2026-07-01",
  durableObjectNamespaces = [(className = "Measured", uniqueKey = "k", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "Measured", durableObjectNamespace = "Measured")],
);
"""


@contextmanager
def holdfast() -> Iterator[Server]:
    """`holdfast run`."""
    with tempfile.TemporaryDirectory(prefix="bench-storage-") as folder:
        port = free_port()
        command = (
            *(Path(sys.executable).parent / "holdfast", "run", SCRIPT, "--cpu-ms", "60000"),
            *("--host", "127.0.0.1", "--port", str(port), "--data", Path(folder) / "data"),
        )
        with Server([str(part) for part in command], port, Path(folder) / "log") as server:
            yield server


@contextmanager
def workerd() -> Iterator[Server]:
    """`workerd serve`."""
    with tempfile.TemporaryDirectory(prefix="bench-storage-") as name:
        folder, port = Path(name), free_port()
        data = folder / "data"
        data.mkdir()
        (folder / "storage.mjs").write_bytes(SCRIPT.read_bytes())
        config = folder / "config.capnp"
        config.write_text(_CONFIG.format(port=port, data=data))
        with Server([str(WORKERD), "serve", str(config)], port, folder / "log") as server:
            yield server


def measure(server: Server) -> dict[str, float]:
    """Microseconds of each operation."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    _ask(connection, "/fill")
    figures = {}
    for name, (_, count, _) in OPERATIONS.items():
        _ask(connection, f"/{name}?count={min(count, WARM_UP)}")
        idle = min(_ask(connection, f"/{name}?count=0") for _ in range(REPEATS))
        busy = min(_ask(connection, f"/{name}?count={count}") for _ in range(REPEATS))
        figures[name] = (busy - idle) / count * 1e6
    connection.close()
    return figures


def _ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Seconds until the answer is here."""
    start = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    text = response.read()
    assert response.status == 200, f"{path}: {response.status} {text!r}"
    return time.perf_counter() - start


def table(ours: dict[str, float], theirs: dict[str, float]) -> str:
    """The figures in Markdown."""
    lines = ["| µs | Holdfast | workerd | bar |", "| --- | ---: | ---: | ---: |"]
    for name, (title, _, bar) in OPERATIONS.items():
        other = f"{theirs[name]:,.1f}" if theirs else "–"
        verdict = "" if bar is None else f"≤ {bar:,} {'✔' if ours[name] <= bar else '✘'}"
        lines.append(f"| {title} | {ours[name]:,.1f} | {other} | {verdict} |")
    return "\n".join(lines)


def main(*, write: bool) -> None:
    """Measure, print, and keep the table in RESULTS.md if `write`."""
    with holdfast() as server:
        ours = measure(server)
    theirs: dict[str, float] = {}
    if WORKERD.exists():
        with workerd() as server:
            theirs = measure(server)
    text = table(ours, theirs)
    print(text)
    if write:
        write_section(TITLE, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    main(write=parser.parse_args().write)
