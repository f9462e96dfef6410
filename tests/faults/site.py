"""A `holdfast serve` that suffers, its uploads, and a client that counts what it is told."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from tests.serving import TOKEN, TOKEN_VARIABLE, HoldfastProcess, free_ports

DEADLINE_S = 30

# What a client meets when the server dies under it. aiohttp repeats a GET by itself after some
# of them, never a POST: so tests count POSTs.
CONNECTION_ERRORS = (aiohttp.ClientError, ConnectionError)


class Site:
    """A server on a data folder that outlives its processes; an async context manager."""

    def __init__(
        self, folder: Path, *options: str, data: Path | None = None, prefix: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self.port, self.api_port = free_ports(2)
        self._options, self._prefix = options, prefix
        self.process: HoldfastProcess
        self.session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.start()
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        self.process.kill()

    # ---- the process ---------------------------------------------------------------

    def start(self) -> None:
        """Start it, also after it has ended; returns once it listens."""
        # One process, whose memory and files are looked at, unless the options say otherwise.
        arguments = ["serve", "--data", str(self.data), "--workers", "1", *self._options]
        arguments += ["--port", str(self.port), "--api-port", str(self.api_port)]
        env = os.environ | {TOKEN_VARIABLE: TOKEN}
        ports = (self.port, self.api_port)
        self.process = HoldfastProcess(arguments, ports, self.folder, env=env, prefix=self._prefix)

    def crash(self) -> None:
        """`kill -9`."""
        self.process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, and leave the process to it."""
        os.kill(self.process.pid, number)

    async def ended(self, timeout_s: float = DEADLINE_S) -> int:
        """The exit code, once there is one; negative after a signal that killed it."""
        return await asyncio.to_thread(self.process.wait, timeout_s)

    def resident_mb(self) -> float:
        """The memory that the process has now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024

    def open_databases(self) -> list[str]:
        """The objects' files that the process has open; one that is open twice comes twice."""
        objects = str((self.data / "objects").resolve())
        targets = []
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it was closed just now
                targets.append(str(descriptor.readlink()))
        return [target for target in targets if target.startswith(objects) and ".sqlite" in target]

    async def until_evicted(self) -> None:
        """Return once no object's file is open any more."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while self.open_databases():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"still open: {self.open_databases()}\n{self.log[-2000:]}")

    async def until_told(self, text: str) -> None:
        """Return once the log has this."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while text not in self.log:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"{text!r} is not told\n{self.log[-2000:]}")

    @property
    def log(self) -> str:
        """What the process has printed so far."""
        return (self.folder / "holdfast.log").read_text(errors="replace")

    # ---- its users -----------------------------------------------------------------

    async def deploy(
        self,
        name: str,
        source: str,
        *objects: str,
        modules: Mapping[str, str] = {},
        metadata: Mapping[str, Any] = {},
    ) -> int:
        """Upload a module worker; each class in `objects` is bound under its name. The status."""
        bindings = [
            {"type": "durable_object_namespace", "name": name, "class_name": name}
            for name in objects
        ]
        form = aiohttp.FormData()
        metadata = {"main_module": "main.mjs", "bindings": bindings, **metadata}
        form.add_field("metadata", json.dumps(metadata), content_type="application/json")
        for file, text in {"main.mjs": source, **modules}.items():
            form.add_field(file, text, filename=file, content_type="application/javascript+module")
        url = f"http://127.0.0.1:{self.api_port}/client/v4/accounts/a/workers/scripts/{name}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.session.put(url, data=form, headers=headers) as response:
            await response.read()
            return response.status

    def request(self, script: str, path: str = "/", method: str = "GET", **options: Any) -> Any:
        """A request to a script, as an async context manager of aiohttp's."""
        headers = {"Host": f"{script}.localhost", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        return self.session.request(method, url, headers=headers, **options)

    async def fetch(self, script: str, path: str = "/", **options: Any) -> tuple[int, str]:
        """The status and text of an answer. Raises one of CONNECTION_ERRORS."""
        async with self.request(script, path, **options) as response:
            return response.status, await response.text()

    async def get(self, script: str, path: str = "/", **options: Any) -> str:
        """The text of an answer that has to be a 200."""
        status, text = await self.fetch(script, path, **options)
        assert status == 200, f"{status} {text}\n{self.log[-5000:]}"
        return text

    async def post(self, script: str, path: str = "/") -> str:
        """The text of the answer to a POST, which has to be a 200."""
        return await self.get(script, path, method="POST")
