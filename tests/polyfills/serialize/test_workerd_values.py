"""Values stored by the real workerd are read here, and the other way round."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from holdfast.engine import Limits, Module, ModuleKind
from holdfast.host.context import Capabilities, Host
from holdfast.host.platform import Platform
from holdfast.host.system import SystemClock
from tests.serving import free_ports

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent.parent
START_TIMEOUT_S = 20

CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "disk", disk = (path = "%(data)s", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:%(port)d", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "values.js", esModule = embed "values.js"),
  ],
  compatibilityDate = "%(date)s",
  durableObjectNamespaces = [(className = "Store", uniqueKey = "store", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "STORE", durableObjectNamespace = "Store")],
);
"""

WORKER = """
import { values, describe } from "./values.js";
export class Store {
  constructor(state) { this.storage = state.storage; }
  async fetch(request) {
    if (request.url.endsWith("/write")) {
      for (const key of Object.keys(values)) await this.storage.put(key, values[key]());
      return new Response("written");
    }
    const described = {};
    for (const key of Object.keys(values)) {
      try { described[key] = describe(await this.storage.get(key)); }
      catch (error) { described[key] = String(error); }
    }
    return Response.json(described);
  }
}
export default {
  fetch: (request, env) => env.STORE.get(env.STORE.idFromName("one")).fetch(request),
};
"""

# What workerd's way of writing errors with their properties loses: it writes an empty
# message for none, and does not read an error that its own cause refers to.
LOST_BY_ENHANCED = {"error_without_message", "error_cycle"}

OURS = """
import { serialize, deserialize } from "holdfast:serialize/index.js";
import { values, describe, bytesDiffer } from "./values.js";
export const names = () => JSON.stringify(Object.keys(values));
export const differing = () => JSON.stringify(bytesDiffer);
export const write = (name) => serialize(values[name]());
// What was an instance of some class comes back as a plain object.
export const expected = (name) => describe(values[name]()).replace("odd ", "");
export const read = (bytes) => describe(deserialize(bytes));
"""


def workerd() -> Path | None:
    """The binary: $WORKERD, the one that `npm install` put beside us, or on the path."""
    named = os.environ.get("WORKERD") or shutil.which("workerd")
    installed = REPOSITORY.glob("node_modules/@cloudflare/workerd-*/bin/workerd")
    return Path(named) if named else next(installed, None)


class Peer:
    """workerd with one Durable Object, whose storage lies in `folder`."""

    def __init__(self, binary: Path, folder: Path, compatibility_date: str) -> None:
        self.enhanced = compatibility_date >= "2026-04-21"
        self.data = folder / "data"
        self.data.mkdir()
        self._folder = folder
        self._binary = binary
        (self._port,) = free_ports(1)
        shutil.copy(HERE / "values.js", folder)
        (folder / "worker.js").write_text(WORKER)
        facts = {"data": self.data, "port": self._port, "date": compatibility_date}
        (folder / "config.capnp").write_text(CONFIG % facts)

    def ask(self, path: str) -> str:
        """Start workerd, send one request, stop it; the response's body."""
        process = subprocess.Popen(
            [self._binary, "serve", "config.capnp"], cwd=self._folder, stderr=subprocess.DEVNULL
        )
        try:
            self._wait(process)
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}") as response:
                body: bytes = response.read()
                return body.decode()
        finally:
            process.terminate()
            process.wait()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert process.poll() is None, "workerd ended by itself"
            assert time.monotonic() < deadline, "workerd does not listen"
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.02)  # another process's start has no event to wait for
            else:
                return

    def database(self) -> apsw.Connection:
        (path,) = (p for p in self.data.glob("store/*.sqlite") if p.stem != "metadata")
        return apsw.Connection(str(path))


class Ours:
    """The functions of OURS in an isolate."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._host = Host(self._loop, SystemClock(), Capabilities())
        Platform().create_isolate(self._host, limits=Limits())
        self._isolate = self._host.isolate
        sources = {"values.js": (HERE / "values.js").read_bytes(), "ours.js": OURS.encode()}
        names = {f"holdfast:test/{name}": source for name, source in sources.items()}
        self._isolate.add_modules({n: Module(n, ModuleKind.ESM, s) for n, s in names.items()})
        self._namespace = self._isolate.evaluate("holdfast:test/ours.js")

    def __call__(self, name: str, *arguments: str | bytes) -> str | bytes:
        result = self._isolate.call(self._isolate.export(self._namespace, name), *arguments)
        assert isinstance(result, str | bytes)
        return result

    def close(self) -> None:
        self._host.close()
        self._isolate.close()
        self._loop.close()


@pytest.fixture
def ours() -> Iterator[Ours]:
    isolate = Ours()
    yield isolate
    isolate.close()


def comparable(described: dict[str, str | bytes], *, enhanced: bool) -> dict[str, str | bytes]:
    left_out = LOST_BY_ENHANCED if enhanced else set()
    return {name: text for name, text in described.items() if name not in left_out}


@pytest.fixture(params=["2026-01-01", "2026-06-01"], ids=["plain errors", "enhanced errors"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Peer:
    binary = workerd()
    if binary is None:
        pytest.skip("workerd is not installed (npm install)")
    return Peer(binary, tmp_path, request.param)


@pytest.mark.slow
def test_values_that_workerd_stored_are_read(peer: Peer, ours: Ours) -> None:
    assert peer.ask("/write") == "written"
    stored = dict(peer.database().execute("SELECT key, value FROM _cf_KV"))
    names = json.loads(ours("names"))
    assert sorted(stored) == sorted(names)
    read = {name: ours("read", stored[name]) for name in names}
    expected = {name: ours("expected", name) for name in names}
    assert comparable(read, enhanced=peer.enhanced) == comparable(expected, enhanced=peer.enhanced)


@pytest.mark.slow
def test_values_are_written_byte_for_byte_as_workerd_does(peer: Peer, ours: Ours) -> None:
    assert peer.ask("/write") == "written"
    stored = dict(peer.database().execute("SELECT key, value FROM _cf_KV"))
    names = [n for n in json.loads(ours("names")) if n not in json.loads(ours("differing"))]
    written = {name: ours("write", name) for name in names}
    assert written == {name: stored[name] for name in names}


@pytest.mark.slow
def test_workerd_reads_the_values_that_we_stored(peer: Peer, ours: Ours) -> None:
    assert peer.ask("/write") == "written"
    names = json.loads(ours("names"))
    with peer.database() as database:
        for name in names:
            row = (ours("write", name), name)
            database.execute("UPDATE _cf_KV SET value = ? WHERE key = ?", row)
    database.close()
    read = json.loads(peer.ask("/read"))
    expected = {name: ours("expected", name) for name in names}
    assert comparable(read, enhanced=True) == comparable(expected, enhanced=True)
