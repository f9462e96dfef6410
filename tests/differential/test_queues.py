"""Queues, in Miniflare and in Holdfast: the same script, observation by observation."""

import json
from pathlib import Path

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.transcripts import transcript
from tests.differential.workers import SHARED, Ask, Fixture

FOLDER = Path(__file__).parent / "queues"
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


@pytest.mark.slow
def test_queues_behave_the_same(tmp_path: Path) -> None:
    sources = [SHARED, *FOLDER.iterdir()]
    told = (COMPATIBILITY_DATE, json.dumps(QUEUES))
    with miniflare(copied(sources, tmp_path / "miniflare"), *told) as port:
        theirs = transcript(FIXTURE, port)
    with holdfast(copied(sources, tmp_path / "holdfast"), PROJECT) as port:
        ours = transcript(FIXTURE, port)
    assert_alike(theirs, ours, WANTED | OTHER_WORDS)
