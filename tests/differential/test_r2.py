"""R2 buckets here, and on workerd with Miniflare's simulator of R2."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.peers import workerd_binary
from tests.serving import REPOSITORY, HoldfastProcess, free_ports

FOLDER = Path(__file__).parent / "r2"
TIMEOUT_S = 60

# What differs and is wanted, by case and observation, with the reason: see docs/compatibility.md.
_NO_BYTES = "Miniflare fails by itself where a range of numbers has no byte"
WANTED = {
    "keys: symbol": "the engine's words",
    "ranges: {length 3} empty": _NO_BYTES,
    "ranges: {length 10} empty": _NO_BYTES,
    "ranges: {length 11} empty": _NO_BYTES,
    "ranges: {offset 10 length 1}": _NO_BYTES,
    "values: lone": "lone surrogates become U+FFFD",
}


@contextmanager
def miniflare(folder: Path) -> Iterator[int]:
    """The port of Miniflare with the Worker."""
    module = REPOSITORY / "node_modules" / "miniflare" / "dist" / "src" / "index.js"
    node = shutil.which("node")
    if node is None or not module.is_file():
        pytest.skip("there is no Node.js, or no Miniflare: run `make peers`")
    (port,) = free_ports(1)
    env = {
        "PATH": os.environ["PATH"],
        "MINIFLARE": str(module),
        "MINIFLARE_WORKERD_PATH": str(workerd_binary()),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [node, FOLDER / "miniflare.mjs", str(port), folder / "data"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        assert told == b"ready\n", (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def holdfast(folder: Path) -> Iterator[int]:
    """The port of `holdfast run` with the same."""
    for source in FOLDER.glob("*.mjs"):
        shutil.copy(source, folder)
    configuration = {
        "name": "r2",
        "main": "worker.mjs",
        "compatibility_date": "2026-07-01",
        "r2_buckets": [{"binding": "BUCKET", "bucket_name": "bucket"}],
    }
    (folder / "wrangler.json").write_text(json.dumps(configuration))
    (port,) = free_ports(1)
    arguments = ["run", str(folder / "wrangler.json"), "--port", str(port)]
    arguments += ["--data", str(folder / "data"), "--workers", "1"]
    process = HoldfastProcess(arguments, [port], folder)
    try:
        yield port
    finally:
        process.kill()


def told(port: int) -> dict[str, str]:
    """Every observation by its name."""
    seen = {}
    for case in ask(port, ""):
        answer = ask(port, case)
        assert isinstance(answer, dict), answer
        for name, value in answer.items():
            seen[f"{case}: {name}"] = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return seen


def ask(port: int, path: str) -> Any:
    deadline = time.monotonic() + TIMEOUT_S
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=TIMEOUT_S) as answer:
        assert time.monotonic() < deadline
        return json.loads(answer.read())


@pytest.mark.slow
def test_buckets_behave_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "miniflare", tmp_path / "holdfast"]
    for folder in folders:
        folder.mkdir()
    with miniflare(folders[0]) as port:
        theirs = told(port)
    with holdfast(folders[1]) as port:
        ours = told(port)
    assert len(theirs) > 800
    differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
    lines = [
        f"{name}\n  workerd:  {theirs.get(name)}\n  holdfast: {ours.get(name)}"
        for name in sorted(differing - WANTED.keys())
    ]
    assert not lines, "\n".join(["they differ:", *lines])
    assert differing >= WANTED.keys(), "strike from WANTED what differs no more"
