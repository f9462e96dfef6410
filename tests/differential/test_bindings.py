"""Bindings between scripts, on workerd and on `holdfast serve`."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture
from tests.peers import start_workerd
from tests.serving import Platform, free_ports

FOLDER = Path(__file__).parent / "bindings"
FIXTURE = Fixture("bindings", "caller", "", (Ask(),))

CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "caller", worker = .caller),
    (name = "service", worker = .service),
    (name = "disk", disk = (path = "data", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "caller")],
);

const service :Workerd.Worker = (
  modules = [
    (name = "service.mjs", esModule = embed "service.mjs"),
    (name = "observe.mjs", esModule = embed "observe.mjs"),
  ],
  compatibilityDate = "{date}",
  durableObjectNamespaces = [(className = "Remote", uniqueKey = "remote", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
);

const caller :Workerd.Worker = (
  modules = [
    (name = "caller.mjs", esModule = embed "caller.mjs"),
    (name = "observe.mjs", esModule = embed "observe.mjs"),
  ],
  compatibilityDate = "{date}",
  bindings = [
    (name = "TEXT", text = "a text"),
    (name = "SECRET", text = "a secret"),
    (name = "OBJECT", json = "{{\\"a\\": [1, null]}}"),
    (name = "LIST", json = "[1, \\"two\\"]"),
    (name = "NUMBER", json = "5"),
    (name = "SERVICE", service = "service"),
    (name = "ENTRY", service = (name = "service", entrypoint = "Entry",
                                props = (json = "{{\\"tenant\\": \\"a\\"}}"))),
    (name = "PLAIN", service = (name = "service", entrypoint = "plain")),
    (name = "REMOTE", durableObjectNamespace = (className = "Remote", serviceName = "service")),
  ],
);
"""

BINDINGS = [
    {"type": "plain_text", "name": "TEXT", "text": "a text"},
    {"type": "secret_text", "name": "SECRET", "text": "a secret"},
    {"type": "json", "name": "OBJECT", "json": {"a": [1, None]}},
    {"type": "json", "name": "LIST", "json": [1, "two"]},
    {"type": "json", "name": "NUMBER", "json": 5},
    {"type": "service", "name": "SERVICE", "service": "service"},
    {
        "type": "service",
        "name": "ENTRY",
        "service": "service",
        "entrypoint": "Entry",
        "props": {"tenant": "a"},
    },
    {"type": "service", "name": "PLAIN", "service": "service", "entrypoint": "plain"},
    {
        "type": "durable_object_namespace",
        "name": "REMOTE",
        "class_name": "Remote",
        "script_name": "service",
    },
]

# What differs, and is wanted, in nothing but the words: see docs/compatibility.md.
OTHER_WORDS = {"object: no response", "service: no response"}


@contextmanager
def workerd(folder: Path) -> Iterator[int]:
    """The port of a workerd with both scripts."""
    for source in (SHARED, *FOLDER.iterdir()):
        shutil.copy(source, folder)
    (folder / "data").mkdir()
    (port,) = free_ports(1)
    (folder / "config.capnp").write_text(CONFIG.format(port=port, date=COMPATIBILITY_DATE))
    process = start_workerd(folder, port)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def upload(platform: Platform, name: str, bindings: list[dict[str, object]]) -> None:
    metadata = {
        "main_module": f"{name}.mjs",
        "bindings": bindings,
        "compatibility_date": COMPATIBILITY_DATE,
    }
    answer = platform.call_api(
        f"scripts/{name}",
        *("-X", "PUT", "-F", f"metadata={json.dumps(metadata)};type=application/json"),
        *("-F", f"{name}.mjs=@{FOLDER / name}.mjs;type=application/javascript+module"),
        *("-F", f"observe.mjs=@{SHARED};type=application/javascript+module"),
    )
    assert answer.status == 200, answer.text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_bindings_behave_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "workerd", tmp_path / "holdfast"]
    for folder in folders:
        folder.mkdir()
    with workerd(folders[0]) as port:
        theirs = transcript(FIXTURE, port)
    platform = Platform(folders[1])
    try:
        upload(platform, "service", [])
        upload(platform, "caller", BINDINGS)
        ours = transcript(FIXTURE, platform.port, host="caller.localhost")
    finally:
        platform.process.kill()
    differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
    told = [
        f"{name}\n  workerd:  {theirs.get(name)}\n  holdfast: {ours.get(name)}"
        for name in sorted(differing - OTHER_WORDS)
    ]
    assert not told, "\n".join(["they differ:", *told])
    assert differing >= OTHER_WORDS, "strike from OTHER_WORDS what differs no more"
