"""D1 bindings, on Miniflare's D1 and on Holdfast: the same script, observation by observation."""

from pathlib import Path

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture

FOLDER = Path(__file__).parent / "d1"
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


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "3")], ids=["alone", "sharded"])
def test_d1_behaves_the_same(tmp_path: Path, options: tuple[str, ...]) -> None:
    sources = [SHARED, *FOLDER.iterdir()]
    with miniflare(
        copied(sources, tmp_path / "miniflare"), COMPATIBILITY_DATE, tmp_path / "data"
    ) as port:
        theirs = transcript(FIXTURE, port)
    with holdfast(copied(sources, tmp_path / "holdfast"), PROJECT, *options) as port:
        ours = transcript(FIXTURE, port)
    assert_alike(theirs, ours, WANTED | OTHER_WORDS)
