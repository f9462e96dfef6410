"""The real workerd and Wrangler, for tests that compare with them or hand data to and fro.

`HOLDFAST_WORKERD` names workerd's binary; otherwise it is looked for where `make peers` puts it.
Tests that need it are skipped, with the reason, where there is none.
"""

import json
import os
import platform
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pytest

from tests.serving import REPOSITORY, accepts, free_ports

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15
REQUEST_TIMEOUT_S = 30

# npm names the package of each platform's binary after Node's words for it.
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "64", "AMD64": "64", "aarch64": "arm64", "arm64": "arm64"}

# https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .script),
    (name = "disk", disk = (path = {data}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);

const script :Workerd.Worker = (
  modules = [(name = "script.mjs", esModule = embed "script.mjs")],
  compatibilityDate = {date},
  durableObjectNamespaces = [{namespaces}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [{bindings}],
);
"""


def workerd_binary() -> Path:
    """The workerd to use; skips the test where there is none."""
    try:
        return find_workerd()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def start_workerd(folder: Path, port: int, *options: str) -> "subprocess.Popen[bytes]":
    """`workerd serve` of a folder's config.capnp, once it listens at this port.

    Skips the test where there is no workerd, and fails it where that does not start.
    """
    command: list[str | Path] = [workerd_binary(), "serve", *options, "config.capnp"]
    log = folder / "workerd.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not accepts(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            pytest.fail(f"workerd did not start:\n{log.read_text()}")
        time.sleep(0.01)
    return process


def find_workerd() -> Path:
    """The workerd to use. Raises FileNotFoundError where there is none."""
    package = f"workerd-{_SYSTEMS.get(platform.system())}-{_MACHINES.get(platform.machine())}"
    inside = Path("node_modules") / "@cloudflare" / package / "bin" / "workerd"
    chosen = os.environ.get("HOLDFAST_WORKERD")
    candidates = [Path(chosen)] if chosen else [REPOSITORY / inside, Path.cwd() / inside]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"there is no workerd at {candidates[0]}: run `make peers`")


def wrangler_binary() -> Path:
    """The Wrangler to use; skips the test where there is none."""
    candidate = REPOSITORY / "node_modules" / ".bin" / "wrangler"
    if not candidate.is_file():
        pytest.skip(f"there is no Wrangler at {candidate}: run `make peers`")
    return candidate


class Workerd:
    """`workerd serve` with one script, its objects' data in `folder/data`.

    `namespaces` maps the name of a Durable Object class, which is also its binding, to the
    unique key of its namespace. A context manager: serves inside the block.
    """

    def __init__(
        self,
        folder: Path,
        script: str,
        namespaces: Mapping[str, str],
        *,
        compatibility_date: str = "2026-01-01",
    ) -> None:
        workerd_binary()  # or the test is skipped before it has begun anything
        self._folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        (self.port,) = free_ports(1)
        (folder / "script.mjs").write_text(script)
        quote = json.dumps
        (folder / "config.capnp").write_text(
            _CONFIG.format(
                data=quote(str(self.data)),
                port=self.port,
                date=quote(compatibility_date),
                namespaces=", ".join(
                    f"(className = {quote(name)}, uniqueKey = {quote(key)}, enableSql = true)"
                    for name, key in namespaces.items()
                ),
                bindings=", ".join(
                    f"(name = {quote(name)}, durableObjectNamespace = {quote(name)})"
                    for name in namespaces
                ),
            )
        )

    def get(self, path: str = "/") -> str:
        """The body of a response. Raises urllib.error.HTTPError for a status from 400 on."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=REQUEST_TIMEOUT_S) as response:
            body: bytes = response.read()
            return body.decode()

    def __enter__(self) -> "Workerd":
        self._process = start_workerd(self._folder, self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def esbuild_folder() -> Path:
    """The `node_modules` that Wrangler's esbuild is in; skips the test where there is none."""
    folder = REPOSITORY / "node_modules"
    if not (folder / ".bin" / "esbuild").is_file():
        pytest.skip(f"there is no esbuild in {folder}: run `make peers`")
    return folder
