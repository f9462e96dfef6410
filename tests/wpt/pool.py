"""Runs tests in worker processes, as many as there are cores, each test on its own.

A worker that ends without an answer crashed, and one that gives none in time hangs; either
counts as the test's failure, and the next test gets a new process.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.wpt.discovery import Test
from tests.wpt.isolate import Outcome
from tests.wpt.server import Address

REPOSITORY = Path(__file__).parent.parent.parent
KILL_AFTER_SECONDS = 15.0  # past the test's own time: for starting, and a loaded machine
MAX_LINE_BYTES = 256 << 20
SHOWN_ERROR_BYTES = 2_000


class Pool:
    """Workers for one checkout."""

    def __init__(self, checkout: Path, address: Address, size: int | None = None) -> None:
        self._checkout = checkout
        self._address = address
        self._size = size or os.cpu_count() or 1

    async def run(self, tests: Iterable[Test], on_outcome: Callable[[Test, Outcome], None]) -> None:
        """Run every test; `on_outcome` is called as each ends."""
        # What takes long begins first, so that no core waits for another's last test.
        waiting = sorted(tests, key=lambda test: test.seconds)

        async def work() -> None:
            worker = Worker(self._checkout, self._address)
            try:
                while waiting:
                    test = waiting.pop()
                    on_outcome(test, await worker.run(test))
            finally:
                await worker.stop()

        await asyncio.gather(*(work() for _ in range(self._size)))


class Worker:
    """One worker process, begun again whenever it ended."""

    def __init__(self, checkout: Path, address: Address) -> None:
        self._checkout = checkout
        self._address = address
        self._process: Process | None = None

    async def run(self, test: Test) -> Outcome:
        """What comes of a test; never raises on its account."""
        process = self._process or await self._start()
        assert process.stdin is not None and process.stdout is not None
        told = {
            "file": test.file,
            "variant": test.variant,
            "scripts": test.metadata.scripts,
            "seconds": test.seconds,
        }
        try:
            process.stdin.write(json.dumps(told).encode() + b"\n")
            line = await asyncio.wait_for(
                process.stdout.readline(), test.seconds + KILL_AFTER_SECONDS
            )
        except TimeoutError:
            await self.stop()
            return Outcome("TIMEOUT", "the worker process had to be killed")
        except ConnectionError:
            line = b""
        if not line:
            return await self._crashed(process)
        answer = json.loads(line)
        answer["subtests"] = [tuple(subtest) for subtest in answer["subtests"]]
        return Outcome(**answer)

    async def _start(self) -> Process:
        ports = [str(port) for port in self._address.ports]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.wpt.worker", str(self._checkout), *ports),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=MAX_LINE_BYTES,
            cwd=REPOSITORY,
        )
        return self._process

    async def _crashed(self, process: Process) -> Outcome:
        self._process = None
        _, error = await process.communicate()
        shown = error[-SHOWN_ERROR_BYTES:].decode("utf-8", "replace")
        return Outcome("CRASH", f"the worker process ended with {process.returncode}: {shown}")

    async def stop(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.communicate()
