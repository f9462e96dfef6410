"""The two runtimes, each serving one Worker in a folder of its own."""

import json
from pathlib import Path
from typing import Protocol

from tests.differential.workers import Worker
from tests.peers import start_workerd
from tests.serving import HoldfastProcess, free_ports

SCRIPT_NAME = "fixtures"

# https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .script),
    (name = "disk", disk = (path = "data", writable = true)),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);

const script :Workerd.Worker = (
  {script},
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  durableObjectNamespaces = [{namespaces}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [{bindings}],
);
"""

# A module's type by its file's name, after Wrangler's rules.
_MODULE_TYPES = {".txt": "text", ".html": "text", ".bin": "data", ".json": "json"}


class Side(Protocol):
    """A runtime that serves a Worker at a port of 127.0.0.1 until it is stopped."""

    port: int
    objects: Path

    def __init__(self, worker: Worker, folder: Path) -> None:
        """Serve the Worker, keeping everything in `folder`; blocks until it listens."""

    @staticmethod
    def objects_in(folder: Path) -> Path:
        """Where the objects of a runtime in this folder are, by unique key."""

    def kill(self) -> None:
        """End it at once, as a crash does."""


class HoldfastSide:
    """`holdfast run`."""

    processes = 1

    def __init__(self, worker: Worker, folder: Path) -> None:
        worker.write(folder)
        (self.port,) = free_ports(1)
        self.objects = self.objects_in(folder)
        arguments = ["run", str(folder / worker.main), "--name", SCRIPT_NAME]
        arguments += ["--port", str(self.port), "--data", str(folder / "data")]
        arguments += ["--allow-private-egress", "--workers", str(self.processes)]
        arguments += ["--compatibility-date", worker.compatibility_date]
        for flag in worker.compatibility_flags:
            arguments += ["--compatibility-flag", flag]
        for name, value in worker.variables:
            arguments += ["--var", f"{name}={value}"]
        self._process = HoldfastProcess(arguments, [self.port], folder)

    @staticmethod
    def objects_in(folder: Path) -> Path:
        """See Side."""
        return folder / "data" / "objects"

    def kill(self) -> None:
        """See Side."""
        self._process.kill()

    def stop(self) -> None:
        """End it in order."""
        assert self._process.stop() == 0


class ShardedSide(HoldfastSide):
    """The same with several processes: most objects live in another one than who calls them."""

    processes = 3


class WorkerdSide:
    """`workerd serve`, with the unique keys that `holdfast run` gives to classes."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        worker.write(folder)
        (self.port,) = free_ports(1)
        self.objects = self.objects_in(folder)
        self.objects.mkdir(exist_ok=True)
        (folder / "config.capnp").write_text(_config(worker, self.port))
        self._process = start_workerd(folder, self.port)

    @staticmethod
    def objects_in(folder: Path) -> Path:
        """See Side."""
        return folder / "data"

    def kill(self) -> None:
        """See Side."""
        self._process.kill()
        self._process.wait()


def _config(worker: Worker, port: int) -> str:
    quote = json.dumps
    namespaces = [
        f"(className = {quote(name)}, uniqueKey = {quote(_unique_key(name))}, enableSql = true)"
        for name in worker.classes
    ]
    bindings = [
        f"(name = {quote(name)}, durableObjectNamespace = {quote(name)})" for name in worker.classes
    ]
    bindings += [f"(name = {quote(n)}, text = {quote(v)})" for n, v in worker.variables]
    return _CONFIG.format(
        port=port,
        script=_script(worker),
        date=quote(worker.compatibility_date),
        flags=", ".join(map(quote, worker.compatibility_flags)),
        namespaces=", ".join(namespaces),
        bindings=", ".join(bindings),
    )


def _unique_key(class_name: str) -> str:
    return f"{SCRIPT_NAME}-{class_name}"


def _script(worker: Worker) -> str:
    if worker.is_service_worker:
        return f"serviceWorkerScript = embed {json.dumps(worker.main)}"
    names = [worker.main, *(name for name in worker.files if name != worker.main)]
    return f"modules = [{', '.join(map(_module, names))}]"


def _module(name: str) -> str:
    kind = _MODULE_TYPES.get(Path(name).suffix, "esModule")
    return f"(name = {json.dumps(name)}, {kind} = embed {json.dumps(name)})"
