"""`python -m benchmarks.tests`: 200 small tests of a Counter, with pytest and Holdfast's plugin.

Five files of 40 tests; each makes four requests to an object of its own, on storage of its own.
Beside that, the same tests with vitest and workerd, where npm has installed these in the folder
that VITEST_DIR names:

    npm install vitest @cloudflare/vitest-pool-workers
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import report

FILES, TESTS, REQUESTS = 5, 40, 4
BAR_S = 1.5
PLUGIN_BAR_MS = 100
TITLE = "Tests"
RUNS = 5

# As after `pip install holdfast pytest`: without the plugins of our own tests.
_PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-p", "no:hypothesispytest"]
_REPOSITORY = Path(__file__).parents[1]
_COUNTER = _REPOSITORY / "js-examples" / "counter.mjs"

_PYTHON = """
def test_{number}(holdfast):
    counter = holdfast.worker("counter.mjs").object("Counter", name="{number}")
    for count in range(1, {requests} + 1):
        assert counter.fetch("/increment").text() == str(count)
"""
_JAVASCRIPT = """
it("counts {number}", async () => {{
  const stub = env.Counter.get(env.Counter.newUniqueId());
  for (let count = 1; count <= {requests}; count++) {{
    const answer = await stub.fetch("http://counter/increment");
    expect(await answer.text()).toBe(String(count));
  }}
}});
"""
_VITEST_CONFIG = """
import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
const miniflare = {
  compatibilityDate: "2026-01-01",
  durableObjects: { Counter: { className: "Counter", useSQLite: true } },
};
export default defineConfig({
  plugins: [cloudflareTest({ main: "./counter.mjs", miniflare })],
});
"""


def write_python_tests(folder: Path) -> None:
    """The tests as files for pytest."""
    shutil.copy(_COUNTER, folder)
    (folder / "pytest.ini").write_text("[pytest]\n")
    for file in range(FILES):
        numbers = range(file * TESTS, (file + 1) * TESTS)
        tests = (_PYTHON.format(number=number, requests=REQUESTS) for number in numbers)
        (folder / f"test_counter_{file}.py").write_text("\n".join(tests))


def write_javascript_tests(folder: Path) -> None:
    """The tests as files for vitest."""
    shutil.copy(_COUNTER, folder)
    (folder / "vitest.config.mjs").write_text(_VITEST_CONFIG)
    head = 'import { env } from "cloudflare:test";\nimport { expect, it } from "vitest";\n'
    for file in range(FILES):
        numbers = range(file * TESTS, (file + 1) * TESTS)
        tests = (_JAVASCRIPT.format(number=number, requests=REQUESTS) for number in numbers)
        (folder / f"counter-{file}.spec.mjs").write_text(head + "\n".join(tests))


class Times(NamedTuple):
    """The wall time of a first run, which fills caches, and of the fastest that followed."""

    first_s: float
    best_s: float


def measured(command: list[str], folder: Path, runs: int) -> Times:
    """Run a command once, and then so often. Raises CalledProcessError where it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    times = []
    for _ in range(runs + 1):
        began = time.monotonic()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        times.append(time.monotonic() - began)
    return Times(times[0], min(times[1:]))


def with_pytest(runs: int) -> Times:
    """The 200 tests with pytest, which compiles them in the first run."""
    with tempfile.TemporaryDirectory(prefix="tests-") as name:
        write_python_tests(Path(name))
        return measured(_PYTEST, Path(name), runs)


def plugin_ms(runs: int) -> float:
    """What the plugin adds to a run of pytest that does not use it, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="tests-") as name:
        (Path(name) / "pytest.ini").write_text("[pytest]\n")
        (Path(name) / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        without = measured([*_PYTEST, "-p", "no:holdfast"], Path(name), runs)
        return (measured(_PYTEST, Path(name), runs).best_s - without.best_s) * 1000


def with_vitest(runs: int) -> Times | None:
    """The same with vitest; None where that is not installed."""
    installed = Path(os.environ.get("VITEST_DIR", _REPOSITORY)) / "node_modules"
    if not (installed / "@cloudflare" / "vitest-pool-workers").is_dir():
        return None
    with tempfile.TemporaryDirectory(prefix="tests-") as name:
        write_javascript_tests(Path(name))
        (Path(name) / "node_modules").symlink_to(installed)
        return measured([str(installed / ".bin" / "vitest"), "run"], Path(name), runs)


def measure(runs: int) -> str:
    """The table in Markdown."""
    ours, added, theirs = with_pytest(runs), plugin_ms(runs), with_vitest(runs)
    met, plugin_met = _met(ours.best_s <= BAR_S), _met(added <= PLUGIN_BAR_MS)
    return "\n".join(
        [
            f"{FILES} files of {TESTS} tests; each makes {REQUESTS} requests to a Counter of its",
            f"own. Wall time of the whole command, the best of {runs}; and of the run before them,",
            "in which pytest compiles the tests.",
            "",
            "| | measured | bar | first run |",
            "|---|---:|---:|---:|",
            _row("pytest with Holdfast", ours, f"≤ {BAR_S:g} s {met}"),
            _row("vitest with workerd", theirs, ""),
            f"| the plugin, unused | {added:.0f} ms | ≤ {PLUGIN_BAR_MS} ms {plugin_met} | |",
        ]
    )


def _row(name: str, times: Times | None, bar: str) -> str:
    if times is None:
        return f"| {name} | not installed | {bar} | |"
    return f"| {name} | {times.best_s:.2f} s | {bar} | {times.first_s:.2f} s |"


def _met(is_met: object) -> str:
    return "✔" if is_met else "✘"


def main(*, write: bool = False, runs: int = RUNS) -> None:
    """Measure, print, and put the section into RESULTS.md where that is asked for."""
    table = measure(runs)
    print(table)
    if write:
        report.write_section(TITLE, table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put it into RESULTS.md")
    parser.add_argument("--runs", type=int, default=RUNS)
    chosen = parser.parse_args()
    main(write=chosen.write, runs=chosen.runs)
