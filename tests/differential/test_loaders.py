"""Workers that a Worker loads, on workerd and on Holdfast, observation by observation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast
from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture
from tests.peers import start_workerd
from tests.serving import free_ports

FOLDER = Path(__file__).parent / "loaders"
FIXTURE = Fixture("loaders", "main", "", (Ask(),))
CLASSES = ("Counter", "Supervisor", "Inner")

CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .script),
    (name = "disk", disk = (path = "data", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);

const script :Workerd.Worker = (
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    (name = "observe.mjs", esModule = embed "observe.mjs"),
  ],
  compatibilityDate = "{date}",
  durableObjectNamespaces = [{namespaces}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [
    (name = "LOADER", workerLoader = ()),
    (name = "SELF", service = "main"),
    (name = "COUNTER", durableObjectNamespace = "Counter"),
  ],
);
"""


@contextmanager
def workerd(folder: Path) -> Iterator[int]:
    """The port of a workerd with the script."""
    (folder / "data").mkdir()
    (port,) = free_ports(1)
    namespaces = ", ".join(
        f'(className = "{name}", uniqueKey = "{name}", enableSql = true)' for name in CLASSES
    )
    text = CONFIG.format(port=port, date=COMPATIBILITY_DATE, namespaces=namespaces)
    (folder / "config.capnp").write_text(text)
    process = start_workerd(folder, port, "--experimental")
    try:
        yield port
    finally:
        process.kill()
        process.wait()


PROJECT = {
    "name": "main",
    "main": "main.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "worker_loaders": [{"binding": "LOADER"}],
    "services": [{"binding": "SELF", "service": "main"}],
    "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": "Counter"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": list(CLASSES)}],
}

# What differs in nothing but the words: the engine's, or what workerd has none for.
WANTED = {
    "a main module that is not there",
    "a mistake of syntax",
    "a stream in env",
    "an entrypoint as a result",
    "an import of nothing",
    "json that is none",
    "no default entrypoint",
    "no exports",
}
# Flags and dates are taken as those of uploads are.
WANTED |= {"a date to come", "an experimental flag"}
# It is told by an event.
WANTED |= {"no network, a WebSocket"}
# A method's error is told where it was thrown, and not only where it was called.
WANTED |= {"tails of an RPC"}


@pytest.mark.slow
def test_workers_that_are_loaded_behave_the_same(tmp_path: Path) -> None:
    sources = [SHARED, *FOLDER.iterdir()]
    with workerd(copied(sources, tmp_path / "workerd")) as port:
        theirs = transcript(FIXTURE, port)
    with holdfast(copied(sources, tmp_path / "holdfast"), PROJECT) as port:
        ours = transcript(FIXTURE, port)
    assert_alike(theirs, ours, WANTED)
