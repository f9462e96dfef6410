"""Queues, in Miniflare and in Holdfast: the same script, observation by observation."""

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
from tests.differential.workers import SHARED, Ask, Fixture
from tests.peers import workerd_binary
from tests.serving import REPOSITORY, HoldfastProcess, accepts, free_ports

FOLDER = Path(__file__).parent / "queues"
START_TIMEOUT_S = 60
FIXTURE = Fixture("queues", "main", "", (Ask(),))
# Later, workerd tells the codes of errors, of which Miniflare has none but one.
COMPATIBILITY_DATE = "2026-03-01"

SETTINGS = {"max_batch_size": 5, "max_batch_timeout": 0.05, "max_retries": 2, "retry_delay": 0}
QUEUES = {
    "producers": [
        {"binding": "Q", "queue": "q"},
        {"binding": "RETRY", "queue": "retry"},
        {"binding": "LATE", "queue": "late", "delivery_delay": 1},
    ],
    "consumers": [
        {"queue": "q", **SETTINGS},
        {"queue": "retry", **SETTINGS, "dead_letter_queue": "dead"},
        {"queue": "dead", **SETTINGS},
        {"queue": "late", **SETTINGS},
    ],
}
PROJECT = {
    "name": "queues",
    "main": "main.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "queues": QUEUES,
}

# Miniflare gives an ArrayBuffer where workerd, as its types say, makes a Uint8Array.
WANTED = {"types: bytes", "types: bytes in a batch"}
# The engine's own words.
OTHER_WORDS = {"sending: no JSON"}


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
            ["node", "serve.mjs", str(port), COMPATIBILITY_DATE, json.dumps(QUEUES)],
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
def holdfast(folder: Path) -> Iterator[int]:
    """The port of a `holdfast run` with the script."""
    write(folder)
    (folder / "wrangler.jsonc").write_text(json.dumps(PROJECT))
    (port,) = free_ports(1)
    arguments = ["run", str(folder / "wrangler.jsonc"), "--port", str(port)]
    process = HoldfastProcess([*arguments, "--data", str(folder / "data")], [port], folder)
    try:
        yield port
    finally:
        process.kill()


@pytest.mark.slow
def test_queues_behave_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "miniflare", tmp_path / "holdfast"]
    for folder in folders:
        folder.mkdir()
    with miniflare(folders[0]) as port:
        theirs = transcript(FIXTURE, port)
    with holdfast(folders[1]) as port:
        ours = transcript(FIXTURE, port)
    differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
    told = [
        f"{name}\n  miniflare: {theirs.get(name)}\n  holdfast:  {ours.get(name)}"
        for name in sorted(differing - WANTED - OTHER_WORDS)
    ]
    assert not told, "\n".join(["they differ:", *told])
    assert differing >= WANTED | OTHER_WORDS, "strike what differs no more"
