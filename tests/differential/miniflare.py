"""A Worker with Cloudflare's services, as Miniflare simulates them; and the same here."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.peers import workerd_binary
from tests.serving import REPOSITORY, HoldfastProcess, accepts, free_ports

START_TIMEOUT_S = 60


def copied(sources: Iterable[Path], folder: Path) -> Path:
    """A new folder with these files."""
    folder.mkdir()
    for source in sources:
        shutil.copy(source, folder)
    return folder


@contextmanager
def miniflare(folder: Path, *arguments: str | Path) -> Iterator[int]:
    """The port where `node serve.mjs PORT …` serves a folder. Skips without Miniflare."""
    binary = workerd_binary()
    modules = REPOSITORY / "node_modules"
    if shutil.which("node") is None or not (modules / "miniflare").is_dir():
        pytest.skip(f"there is no Miniflare in {modules}, or no Node.js: run `make peers`")
    (folder / "node_modules").symlink_to(modules)
    (port,) = free_ports(1)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "serve.mjs", str(port), *arguments],
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
def holdfast(folder: Path, project: Mapping[str, Any], *options: str) -> Iterator[int]:
    """The port of a `holdfast run` with what is in a folder, and this configuration."""
    (folder / "wrangler.jsonc").write_text(json.dumps(project))
    (port,) = free_ports(1)
    arguments = ["run", str(folder / "wrangler.jsonc"), "--port", str(port)]
    arguments += ["--data", str(folder / "data"), *options]
    process = HoldfastProcess(arguments, [port], folder)
    try:
        yield port
    finally:
        process.kill()


def assert_alike(
    theirs: Mapping[str, Any], ours: Mapping[str, Any], wanted: Collection[str]
) -> None:
    """Observations, by their names, are the same but for the wanted ones, which all differ."""
    differing = {name for name in {**theirs, **ours} if theirs.get(name) != ours.get(name)}
    told = [
        f"{name}\n  miniflare: {theirs.get(name)}\n  holdfast:  {ours.get(name)}"
        for name in sorted(differing.difference(wanted))
    ]
    assert not told, "\n".join(["they differ:", *told])
    assert differing.issuperset(wanted), "strike what differs no more"
