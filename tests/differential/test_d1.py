"""D1 bindings, on Miniflare's D1 and on Holdfast: the same script, observation by observation."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture
from tests.peers import workerd_binary
from tests.serving import REPOSITORY, HoldfastProcess, accepts, free_ports

FOLDER = Path(__file__).parent / "d1"
START_TIMEOUT_S = 60
FIXTURE = Fixture("d1", "main", "", (Ask(),))

# What differs and is wanted: see "SQL's counts and extras" in docs/compatibility.md.
WANTED = {
    "shapes: rows counted",  # an index that is made, and what is deleted, is not read
}
# The engine's own words.
OTHER_WORDS = {"types: symbol"}

PROJECT = {
    "name": "d1",
    "main": "main.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "d1_databases": [{"binding": "DB"}],
    "durable_objects": {"bindings": [{"name": "OBJECTS", "class_name": "Objects"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Objects"]}],
}


def write(folder: Path) -> None:
    for source in (SHARED, *FOLDER.iterdir()):
        shutil.copy(source, folder)


@contextmanager
def miniflare(folder: Path) -> Iterator[int]:
    """The port of a Miniflare with the script."""
    binary = workerd_binary()
    modules = REPOSITORY / "node_modules"
    if shutil.which("node") is None or not (modules / "miniflare").is_dir():
        pytest.skip(f"there is no Miniflare in {modules}, or no Node.js: run `make peers`")
    write(folder)
    (folder / "node_modules").symlink_to(modules)
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "serve.mjs", str(port), COMPATIBILITY_DATE, str(folder / "data")],
            cwd=folder,
            env={**os.environ, "MINIFLARE_WORKERD_PATH": str(binary)},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not accepts(port):
            ended = process.poll() is not None or time.monotonic() > deadline
            assert not ended, (folder / "log").read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()  # which lets it end its workerd
        process.wait()


@contextmanager
def holdfast(folder: Path, *options: str) -> Iterator[int]:
    """The port of a `holdfast run` with the script."""
    write(folder)
    (folder / "wrangler.jsonc").write_text(json.dumps(PROJECT))
    (port,) = free_ports(1)
    arguments = ["run", str(folder / "wrangler.jsonc"), "--port", str(port)]
    arguments += ["--data", str(folder / "data"), *options]
    process = HoldfastProcess(arguments, [port], folder)
    try:
        yield port
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "3")], ids=["alone", "sharded"])
def test_d1_behaves_the_same(tmp_path: Path, options: tuple[str, ...]) -> None:
    folders = [tmp_path / "miniflare", tmp_path / "holdfast"]
    for folder in folders:
        folder.mkdir()
    with miniflare(folders[0]) as port:
        theirs = transcript(FIXTURE, port)
    with holdfast(folders[1], *options) as port:
        ours = transcript(FIXTURE, port)
    differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
    told = [
        f"{name}\n  miniflare: {theirs.get(name)}\n  holdfast:  {ours.get(name)}"
        for name in sorted(differing - WANTED - OTHER_WORDS)
    ]
    assert not told, "\n".join(["they differ:", *told])
    assert differing >= WANTED | OTHER_WORDS, "strike what differs no more"
