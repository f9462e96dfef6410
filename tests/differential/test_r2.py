"""R2 buckets here, and on workerd with Miniflare's simulator of R2."""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.workers import COMPATIBILITY_DATE

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


PROJECT = {
    "name": "r2",
    "main": "worker.mjs",
    "compatibility_date": COMPATIBILITY_DATE,
    "r2_buckets": [{"binding": "BUCKET", "bucket_name": "bucket"}],
}


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
    sources = [*FOLDER.iterdir()]
    data = tmp_path / "data"
    with miniflare(copied(sources, tmp_path / "miniflare"), COMPATIBILITY_DATE, data) as port:
        theirs = told(port)
    with holdfast(copied(sources, tmp_path / "holdfast"), PROJECT) as port:
        ours = told(port)
    assert len(theirs) > 800
    assert_alike(theirs, ours, WANTED.keys())
