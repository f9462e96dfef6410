"""What the web platform costs by itself: `python -m benchmarks.platform_micro`.

Prints a table: figures of single operations in an isolate, and of bodies that stream through
a server. `--write` puts it into RESULTS.md, where `make bench` puts it, too. A busy machine
slows one run and not the next, so the best of several counts.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.figures import Figure, best, table
from benchmarks.memory import memory_of
from benchmarks.peers.base import REPOSITORY
from benchmarks.process import Server, free_port
from benchmarks.report import write_section
from holdfast.engine import Handle, Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

SCRIPTS = REPOSITORY / "benchmarks" / "scripts"
NAME = "holdfast:benchmark/platform.mjs"
TITLE = "The web platform by itself"
LIMITS = Limits(memory_bytes=1 << 30, turn_cpu_ms=60_000)

BODY_BYTES = 100_000_000
BLOCK_BYTES = 1 << 18
ECHO_RUNS = 3


# Operation of platform.mjs: title, calls per run, bar, and the unit in seconds.
MICROSECONDS = {
    "canonicalUrl": ("`new URL`, canonical already", 10.0),
    "urlToParse": ("`new URL`, to be made canonical", 10.0),
    "relativeUrl": ("`new URL`, relative to a base", 10.0),
    "searchParams": ("`new URLSearchParams` of three", None),
    "response": ('`new Response("text")`', 4.0),
    "headers": ("`new Headers()`", 4.0),
    "headersOf2": ("`new Headers` of two", None),
    "request": ("`new Request(url)`", 8.0),
    "requestWithInit": ("`new Request(url, init)`", None),
    "structuredClone": ("`structuredClone` of ten members", None),
}
MILLISECONDS = {
    "encodeMixed": ("`TextEncoder`, 1 MB in many scripts", 5.0),
    "decodeMixed": ("`TextDecoder`, 1 MB in many scripts", 5.0),
    "encodeAscii": ("`TextEncoder`, 1 MB of ASCII", 5.0),
    "decodeAscii": ("`TextDecoder`, 1 MB of ASCII", 5.0),
}


async def operations() -> list[Figure]:
    """The figures of single operations, in an isolate of their own."""
    platform = Platform()
    loop = asyncio.get_running_loop()
    sizes: list[int] = []

    def make() -> Host:
        host = Host(loop, SystemClock(), Capabilities())
        platform.create_isolate(host, limits=LIMITS)
        return host

    def fresh() -> None:
        host = make()
        sizes.append(host.isolate.memory_used())
        host.isolate.close()

    figures = [Figure("a fresh isolate", best(fresh) * 1e3, "ms", 8.0)]
    figures.append(Figure("its heap", sizes[-1] / 1e6, "MB", 4.0))
    host = make()
    source = (SCRIPTS / "platform.mjs").read_bytes()
    host.isolate.add_modules({NAME: Module(NAME, ModuleKind.ESM, source)})
    run = host.isolate.export(host.isolate.evaluate(NAME), "run")
    for name, (title, bar) in MICROSECONDS.items():
        figures.append(Figure(title, _seconds(host, run, name, 2_000) * 1e6, "µs", bar))
    for name, (title, bar) in MILLISECONDS.items():
        figures.append(Figure(title, _seconds(host, run, name, 5) * 1e3, "ms", bar))
    host.close()
    host.isolate.close()
    return figures


def _seconds(host: Host, run: Handle, name: str, count: int) -> float:
    return best(lambda: host.isolate.call(run, name, count)) / count


async def echoes() -> list[Figure]:
    """How fast a body of 100 MB comes back from a Worker, and what it occupies meanwhile."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-echo-") as folder:
        port = free_port()
        command = (
            *(Path(sys.executable).parent / "holdfast", "run", SCRIPTS / "echo.mjs"),
            *("--host", "127.0.0.1", "--port", str(port), "--data", Path(folder) / "data"),
        )
        with Server([str(part) for part in command], port, Path(folder) / "log") as server:
            for path, way in (("/untouched", "untouched"), ("/piped", "piped"), ("/read", "read")):
                idle = memory_of(server.pid)
                runs = [await echo(server, path, BODY_BYTES) for _ in range(ECHO_RUNS)]
                speed = BODY_BYTES / 1e6 / min(seconds for seconds, _ in runs)
                figures.append(Figure(f"echo of 100 MB, {way} by the script", speed, "MB/s", 200.0))
                if idle is not None:
                    above = max(peak for _, peak in runs) - idle.rss
                    figures.append(Figure("its memory above idle", above / 1e6, "MB", 32.0))
    return figures


async def echo(server: Server, path: str, size: int) -> tuple[float, int]:
    """Seconds for the whole body to come back, and the most memory that was seen meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
    peak = 0

    async def send() -> None:
        block = bytes(BLOCK_BYTES)
        for start in range(0, size, BLOCK_BYTES):
            writer.write(block[: size - start])
            await writer.drain()

    async def watch() -> None:
        nonlocal peak
        while memory := memory_of(server.pid):
            peak = max(peak, memory.rss)
            await asyncio.sleep(0.02)

    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n"
    started = time.perf_counter()
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    tasks = [asyncio.create_task(send()), asyncio.create_task(watch())]
    received = 0
    while chunk := await reader.read(1 << 20):
        received += len(chunk)
    seconds = time.perf_counter() - started
    tasks[1].cancel()
    await tasks[0]
    writer.close()
    assert received >= size, f"{path} gave {received} bytes back"
    return seconds, peak


async def measure() -> str:
    """Everything, as a table in Markdown."""
    return table([*await operations(), *await echoes()])


def main(*, write: bool) -> None:
    """Measure, print, and keep the table in RESULTS.md if `write`."""
    text = uvloop.run(measure())
    print(text)
    if write:
        write_section(TITLE, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in RESULTS.md")
    main(write=parser.parse_args().write)
