"""Code that only computes, in the engine and in V8: `python -m benchmarks.cpu`.

The same module runs in an isolate and in node, which is V8 with its compilers warm. `make bench`
puts the table into docs/performance.md, where it stands with advice.
"""

import argparse
import asyncio
import json
import shutil
import subprocess

from benchmarks.figures import best
from benchmarks.peers.base import REPOSITORY
from benchmarks.report import write_between
from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

SCRIPT = REPOSITORY / "benchmarks" / "scripts" / "cpu.mjs"
PAGE = REPOSITORY / "docs" / "performance.md"
MARK = "benchmarks.cpu"
NAME = "holdfast:benchmark/cpu.mjs"
LIMITS = Limits(memory_bytes=1 << 30, turn_cpu_ms=60_000)
REPEATS = 7

# Operation of cpu.mjs: title, calls per run.
OPERATIONS = {
    "parse": ("`JSON.parse` of 130 kB", 5),
    "stringify": ("`JSON.stringify` of the same", 5),
    "regularExpression": ("a regular expression over 1,000 lines", 5),
    "replace": ("`replace` with a function, 26,000 hits", 5),
    "sort": ("sorting 10,000 numbers with a function", 3),
    "sortText": ("sorting 1,000 strings", 10),
    "template": ("a page of 50 rows from a template", 50),
    "fibonacci": ("22,000 calls of a small function", 10),
}

_NODE = """
const { run } = await import(process.argv[1]);
const told = {};
for (const [name, count] of Object.entries(JSON.parse(process.argv[2]))) {
  let least = Infinity;
  for (let repeat = 0; repeat < 40; repeat++) {
    const start = performance.now();
    run(name, count);
    least = Math.min(least, (performance.now() - start) / count);
  }
  told[name] = least;
}
console.log(JSON.stringify(told));
"""


async def engine_ms() -> dict[str, float]:
    """Milliseconds of each operation in an isolate."""
    host = Host(asyncio.get_running_loop(), SystemClock(), Capabilities())
    Platform().create_isolate(host, limits=LIMITS)
    try:
        host.isolate.add_modules({NAME: Module(NAME, ModuleKind.ESM, SCRIPT.read_bytes())})
        run = host.isolate.export(host.isolate.evaluate(NAME), "run")
        return {
            name: best(lambda: host.isolate.call(run, name, count), REPEATS) / count * 1e3  # noqa: B023
            for name, (_, count) in OPERATIONS.items()
        }
    finally:
        host.close()
        host.isolate.close()


def v8_ms() -> tuple[str, dict[str, float]]:
    """V8's version, and the milliseconds of each operation; nothing where node is missing."""
    node = shutil.which("node")
    if node is None:
        return "", {}
    counts = json.dumps({name: count for name, (_, count) in OPERATIONS.items()})
    options = ("--input-type=module", "-e", _NODE, str(SCRIPT), counts)
    told = subprocess.run([node, *options], capture_output=True, text=True, check=True)
    version = subprocess.run(
        [node, "-p", "process.versions.v8"], capture_output=True, text=True, check=True
    )
    return version.stdout.split("-")[0].strip(), json.loads(told.stdout)


def table(ours: dict[str, float], version: str, theirs: dict[str, float]) -> str:
    """The figures in Markdown."""
    beside = f"V8 {version}, ms" if theirs else "V8: needs node"
    lines = [f"| | Holdfast, ms | {beside} | times as long |", "| --- | ---: | ---: | ---: |"]
    for name, (title, _) in OPERATIONS.items():
        other = [f"{theirs[name]:.3f}", f"{ours[name] / theirs[name]:.1f}"] if theirs else ["", ""]
        lines.append(f"| {title} | {ours[name]:.2f} | {' | '.join(other)} |")
    return "\n".join(lines)


def main(*, write: bool) -> None:
    """Measure, print, and keep the table in docs/performance.md if `write`."""
    text = table(asyncio.run(engine_ms()), *v8_ms())
    print(text)
    if write:
        write_between(PAGE, MARK, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in the documentation")
    main(write=parser.parse_args().write)
