"""workerd, Cloudflare's open-source runtime, from npm: `make peers`."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.base import REPOSITORY, SCRIPT, Unavailable, first_line
from benchmarks.process import Server, free_port

# npm names the package of each platform's binary after Node's words for it.
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "64", "AMD64": "64", "aarch64": "arm64", "arm64": "arm64"}

# https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .rows),
    (name = "disk", disk = (path = {data}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);

const rows :Workerd.Worker = (
  modules = [(name = "rows.mjs", esModule = embed {script})],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [
    (className = "Counter", uniqueKey = "rows-Counter", enableSql = true),
    (className = "Fresh", uniqueKey = "rows-Fresh", enableSql = true),
    (className = "Room", uniqueKey = "rows-Room", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "Counter", durableObjectNamespace = "Counter"),
    (name = "Fresh", durableObjectNamespace = "Fresh"),
    (name = "Room", durableObjectNamespace = "Room"),
  ],
);
"""


class Workerd:
    """`workerd serve` with objects on disk; it fsyncs each commit, as Holdfast does."""

    name = "workerd"

    def version(self) -> str:
        """What `workerd --version` prints. Raises Unavailable."""
        return first_line(self._binary(), "--version").removeprefix("workerd ")

    def start(self, folder: Path, *, prefix: Sequence[str] = ()) -> Server:
        """See Peer."""
        port = free_port()
        data = folder / "data"
        data.mkdir()
        script = folder / SCRIPT.name  # capnp embeds files by paths relative to the config
        script.write_bytes(SCRIPT.read_bytes())
        config = folder / "config.capnp"
        config.write_text(
            _CONFIG.format(data=json.dumps(str(data)), port=port, script=json.dumps(script.name))
        )
        return Server((*prefix, self._binary(), "serve", config), port, folder / "log")

    def _binary(self) -> Path:
        if chosen := os.environ.get("HOLDFAST_WORKERD"):
            binary = Path(chosen)
            advice = "HOLDFAST_WORKERD names no file"
        else:
            package = (
                f"workerd-{_SYSTEMS.get(platform.system())}-{_MACHINES.get(platform.machine())}"
            )
            binary = REPOSITORY / "node_modules" / "@cloudflare" / package / "bin" / "workerd"
            advice = "workerd is not installed: run `make peers`, or add --no-workerd"
        if not binary.is_file():
            raise Unavailable(f"{advice} ({binary})")
        return binary
