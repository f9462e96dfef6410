"""From the command to a Durable Object's first answer, and from a saved file to its answer."""

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.peers.base import REPOSITORY, SCRIPT, Unavailable
from benchmarks.peers.holdfast import Holdfast
from benchmarks.process import Server, free_port

RUNS = 5
RELOADS = 9
RELOAD_TIMEOUT_S = 5
RUN_BAR_S, DEV_BAR_S, RELOAD_BAR_MS = 0.3, 0.4, 100.0
OBJECT = "/read"  # of rows.mjs, whose answer takes a Durable Object

Start = Callable[[Path], Server]

_WRANGLER = REPOSITORY / "node_modules" / ".bin" / "wrangler"
_WRANGLER_CONFIG = """\
name = "rows"
main = "rows.mjs"
compatibility_date = "2026-01-01"
durable_objects.bindings = [
  { name = "Counter", class_name = "Counter" },
  { name = "Fresh", class_name = "Fresh" },
  { name = "Room", class_name = "Room" },
]
migrations = [{ tag = "v1", new_sqlite_classes = ["Counter", "Fresh", "Room"] }]
"""


def starts() -> list[Figure]:
    """Seconds and milliseconds, the best of some. Blocks; raises ServerFailed."""
    figures = [
        Figure(
            f"`holdfast {command}`: an object's first answer",
            *(_best_start_s(partial(_holdfast, command)), "s", bar),
        )
        for command, bar in (("run", RUN_BAR_S), ("dev", DEV_BAR_S))
    ]
    figures.append(
        Figure("`holdfast dev`: from a saved file to its answer", _reload_ms(), "ms", RELOAD_BAR_MS)
    )
    try:
        figures.append(
            Figure("`wrangler dev`: an object's first answer", _best_start_s(_wrangler), "s")
        )
    except Unavailable as reason:
        print(reason)
    return figures


def _best_start_s(start: Start) -> float:
    times = []
    for _ in range(RUNS):
        with (
            tempfile.TemporaryDirectory(prefix="bench-start-") as name,
            start(Path(name)) as server,
        ):
            times.append(server.startup_ms / 1000)
    return min(times)


def _holdfast(command: str, folder: Path) -> Server:
    return Holdfast(command=command).start(folder, path=OBJECT)


def _wrangler(folder: Path) -> Server:
    """Raises Unavailable where `make peers` has not installed it."""
    if not _WRANGLER.exists():
        raise Unavailable("Wrangler is not installed, and not measured: run `make peers`")
    shutil.copy(SCRIPT, folder)
    (folder / "wrangler.toml").write_text(_WRANGLER_CONFIG)
    port = free_port()
    options = ("--local", "--ip", "127.0.0.1", "--port", str(port), "--inspector-port", "0")
    command = (_WRANGLER, "dev", "--cwd", folder, "--show-interactive-dev-session=false", *options)
    return Server(command, port, folder / "log", path=OBJECT)


def _reload_ms() -> float:
    """Milliseconds until a change of the script is served, the best of some."""
    times = []
    with tempfile.TemporaryDirectory(prefix="bench-reload-") as name:
        script = Path(name) / SCRIPT.name
        source = SCRIPT.read_text()
        script.write_text(source)
        with Holdfast(command="dev", script=script).start(Path(name)) as server:
            for number in range(RELOADS):
                greeting = f"Hello {number}"
                script.write_text(source.replace("Hello World", greeting))
                times.append(_seconds_until(server, greeting))
    return min(times) * 1000


def _seconds_until(server: Server, greeting: str) -> float:
    started = time.perf_counter()
    while server.get("/hello")[1] != greeting:
        elapsed = time.perf_counter() - started
        assert elapsed < RELOAD_TIMEOUT_S, "the change was never served"
        time.sleep(0.002)
    return time.perf_counter() - started
