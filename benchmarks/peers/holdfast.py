"""Holdfast, from the environment that runs the benchmark."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.base import SCRIPT, Unavailable
from benchmarks.process import Server, free_port


class Holdfast:
    """`holdfast run`, as a user starts it; with `workers` processes."""

    def __init__(
        self,
        *,
        workers: int = 1,
        command: str = "run",
        script: Path = SCRIPT,
        options: Sequence[str] = (),
    ) -> None:
        self.name = "Holdfast" if workers == 1 else f"Holdfast, {workers} processes"
        self._run = (command, script)
        self._options = options if workers == 1 else (*options, "--workers", str(workers))

    def version(self) -> str:
        """The installed version. Raises Unavailable."""
        self._command()
        return version("holdfast")

    def start(self, folder: Path, *, prefix: Sequence[str] = (), path: str = "/hello") -> Server:
        """See Peer. Waits for the answer of `path`."""
        port = free_port()
        address = ("--host", "127.0.0.1", "--port", str(port))
        data = ("--data", str(folder / "data"))
        command: tuple[str | Path, ...] = (
            *prefix,
            self._command(),
            *self._run,
            *address,
            *data,
            *self._options,
        )
        return Server(command, port, folder / "log", path=path)

    def _command(self) -> Path:
        command = Path(sys.executable).parent / "holdfast"
        if not command.exists():
            raise Unavailable("Holdfast is not installed here; run it with: make bench")
        return command
