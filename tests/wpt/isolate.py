"""One test in an isolate of its own: what is loaded, in which order, and what comes out.

The order is that of the wrapper which WPT's own server makes for a dedicated worker:
testharness.js, the scripts that the test's META lines name, the test, `done()`.
"""

import asyncio
import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp.abc import AbstractResolver, ResolveResult

from holdfast.engine import Handle, IsolateTerminated, JSError, Limits, Module, ModuleKind
from holdfast.host.bodies import BodyTable
from holdfast.host.context import Capabilities, Host
from holdfast.host.egress import allow_all
from holdfast.host.fetch import FetchClient
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock

ENVIRONMENT = "holdfast:wpt/environment.js"
MEMORY_BYTES = 1 << 30
GRACE_SECONDS = 2.0  # for what the harness does after its time is over

SUBTEST_STATUSES = ("PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED")
HARNESS_STATUSES = ("OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED")


@dataclass(slots=True)
class Outcome:
    """What came of a test: the harness's status, and each subtest's with its message."""

    status: str = "CRASH"
    message: str = ""
    subtests: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: float = 0.0
    log: list[str] = field(default_factory=list)


class TestIsolate:
    """An isolate for one test; use it once."""

    __test__ = False

    def __init__(self, platform: Platform, client: FetchClient, seconds: float) -> None:
        self.outcome = Outcome(status="")
        self._woken = asyncio.Event()
        self._seconds = seconds
        bodies = BodyTable()
        capabilities = Capabilities(console=self._on_line, bodies=bodies, fetch=client)
        self.host = Host(asyncio.get_running_loop(), SystemClock(), capabilities)
        self.host.on_idle = self._on_idle
        self.host.on_terminated = self._on_terminated
        self._idle = False
        limits = Limits(memory_bytes=MEMORY_BYTES, turn_cpu_ms=int(1000 * seconds))
        platform.create_isolate(self.host, limits=limits, on_rejection=self._on_rejection)
        source = Path(__file__).with_name("environment.js").read_bytes()
        self.host.isolate.add_modules({ENVIRONMENT: Module(ENVIRONMENT, ModuleKind.ESM, source)})
        self._environment = self.host.isolate.evaluate(ENVIRONMENT)

    async def run(self, address: str, scripts: list[tuple[str, bytes]]) -> Outcome:
        """Run testharness.js and `scripts`, until the harness says that it is done."""
        started = time.monotonic()
        self._enter("prepare", address)
        harness, *others = scripts
        if self._load(*harness):
            self._enter("listen")
            for script in others:
                if not self._load(*script):
                    break
            self._enter("finish")
            await self._until_done(self._seconds)
            if not self.outcome.status:
                self._enter("timeOut")
                await self._until_done(GRACE_SECONDS)
        self.outcome.status = self.outcome.status or "TIMEOUT"
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    def _enter(self, name: str, *arguments: str) -> None:
        isolate = self.host.isolate
        if not isolate.terminated:
            self._idle = False
            function: Handle = isolate.export(self._environment, name)
            self.host.enter(function, *arguments)

    def _load(self, name: str, source: bytes) -> bool:
        """Run a classic script; False where it threw, which the harness has been told."""
        if self.host.isolate.terminated:
            return False
        try:
            self.host.isolate.run_script(name, source)
        except JSError as error:
            self._enter("fail", f"{name}: {error}")
            return False
        except IsolateTerminated as error:
            self._on_terminated(error)
            return False
        return True

    async def _until_done(self, seconds: float) -> None:
        """Wait for the harness, as long as anything can still happen."""
        deadline = time.monotonic() + seconds
        while not self.outcome.status and not self._idle:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), remaining)
            except TimeoutError:
                return

    def _on_idle(self) -> None:
        self._idle = True
        self._woken.set()

    def _on_terminated(self, error: Exception) -> None:
        self.outcome.status, self.outcome.message = "TIMEOUT", str(error)
        self._woken.set()

    def _on_rejection(self, error: JSError) -> None:
        self.outcome.log.append(f"unhandled rejection: {error}")

    def _on_line(self, level: str, text: str) -> None:
        if level == "wpt result":
            result = json.loads(text)
            status = SUBTEST_STATUSES[result["status"]]
            self.outcome.subtests.append(
                (_printable(result["name"]), status, _printable(result["message"]))
            )
        elif level == "wpt complete":
            result = json.loads(text)
            self.outcome.status = HARNESS_STATUSES[result["status"]]
            self.outcome.message = _printable(result["message"])
            self._woken.set()
        else:
            self.outcome.log.append(f"{level}: {text}")

    def close(self) -> None:
        """End the isolate and whatever the test left under way."""
        self.host.close()
        bodies: BodyTable = self.host.capabilities.bodies
        bodies.close()
        self.host.isolate.close()


def _printable(text: str | None) -> str:
    """Text that UTF-8 can hold: lone surrogates are shown by their numbers."""
    return (text or "").encode("utf-8", "backslashreplace").decode()


class Loopback(AbstractResolver):
    """Every name is this machine's: tests have many hosts, and the server has one address."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """127.0.0.1."""
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def run_test(
    platform: Platform, address: str, scripts: list[tuple[str, bytes]], seconds: float
) -> Outcome:
    """One test from its first script to the end of its isolate."""
    client = FetchClient(egress=allow_all, resolver=Loopback())
    isolate = TestIsolate(platform, client, seconds)
    try:
        return await isolate.run(address, scripts)
    finally:
        isolate.close()
        await client.close()
