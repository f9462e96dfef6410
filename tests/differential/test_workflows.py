"""Workflows on Miniflare, whose engine is Cloudflare's own, and on Holdfast: one by one."""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.workers import COMPATIBILITY_DATE

FOLDER = Path(__file__).parent / "workflows"
PATIENCE_S = 60

# Where Miniflare is older than workflows_preserve_non_retryable_error_message, and where a stream
# breaks off, of which Holdfast says why.
OTHER_WORDS = {"final: end", "finalStep: end", "streamFails: end", "streamOfObjects: end"}

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


@pytest.mark.slow
def test_workflows_behave_the_same(tmp_path: Path) -> None:
    sources = [*FOLDER.iterdir()]
    data = tmp_path / "data"
    with miniflare(copied(sources, tmp_path / "miniflare"), COMPATIBILITY_DATE, data) as port:
        theirs = observed(port)
    for name, options in {"alone": (), "sharded": ("--workers", "3")}.items():
        with holdfast(copied(sources, tmp_path / name), PROJECT, *options) as port:
            ours = observed(port)
        assert_alike(theirs, ours, OTHER_WORDS)
