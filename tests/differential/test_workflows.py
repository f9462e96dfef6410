"""Workflows on Miniflare, whose engine is Cloudflare's own, and on Holdfast: one by one."""

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

from tests.differential.workers import COMPATIBILITY_DATE
from tests.peers import workerd_binary
from tests.serving import REPOSITORY, HoldfastProcess, accepts, free_ports

FOLDER = Path(__file__).parent / "workflows"
START_TIMEOUT_S = 60
PATIENCE_S = 60

# Where Miniflare is older than workflows_preserve_non_retryable_error_message.
OLDER_WORDS = {"final: end", "finalStep: end"}

PROJECT = {
    "name": "flows",
    "main": "main.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "workflows": [{"name": "flow", "binding": "FLOW", "class_name": "Flow"}],
}


def ask(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return json.load(answer)


def observed(port: int) -> dict[str, Any]:
    """How all instances have ended, and what is said of mistakes, each under a name of its own."""
    begun = ask(port, "/begin")
    deadline = time.monotonic() + PATIENCE_S
    mistakes: Any = None
    while time.monotonic() < deadline:
        told = ask(port, "/look")
        if mistakes is None and told["silent"]["status"] == "complete":
            mistakes = ask(port, "/go")
        if all(one["status"] in ("complete", "errored") for one in told.values()):
            break
    flat: dict[str, Any] = {"begun": sorted(begun), **_flat("mistaken", mistakes)}
    for kind, one in told.items():
        output = one.pop("output")
        flat |= {f"{kind}: end": one, **_flat(kind, output)}
    return flat


def _flat(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    return {f"{name}.{key}": each for key, each in value.items()}


@contextmanager
def miniflare(folder: Path) -> Iterator[int]:
    binary = workerd_binary()
    modules = REPOSITORY / "node_modules"
    if shutil.which("node") is None or not (modules / "miniflare").is_dir():
        pytest.skip(f"there is no Miniflare in {modules}, or no Node.js: run `make peers`")
    shutil.copytree(FOLDER, folder)
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
    shutil.copytree(FOLDER, folder)
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
def test_workflows_behave_the_same(tmp_path: Path) -> None:
    with miniflare(tmp_path / "miniflare") as port:
        theirs = observed(port)
    for name, options in {"alone": (), "sharded": ("--workers", "3")}.items():
        with holdfast(tmp_path / name, *options) as port:
            ours = observed(port)
        differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
        told = [
            f"{name}\n  miniflare: {theirs.get(name)}\n  holdfast:  {ours.get(name)}"
            for name in sorted(differing - OLDER_WORDS)
        ]
        assert not told, "\n".join(["they differ:", *told])
