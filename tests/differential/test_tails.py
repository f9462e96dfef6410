"""Tail Workers, in Miniflare and in Holdfast: the same scripts, observation by observation."""

import json
from pathlib import Path

import pytest

from tests.differential.miniflare import assert_alike, copied, holdfast, miniflare
from tests.differential.transcripts import transcript
from tests.differential.workers import COMPATIBILITY_DATE, SHARED, Ask, Fixture

FOLDER = Path(__file__).parent / "tails"
FIXTURE = Fixture("tails", "main", "", (Ask(),))

THING = {"bindings": [{"name": "THING", "class_name": "Thing"}]}
QUEUE = {"queue": "q", "max_batch_size": 1, "max_batch_timeout": 0}
PROJECTS = {
    "main": {
        "services": [
            {"binding": "SUBJECT", "service": "subject"},
            {"binding": "ENTRY", "service": "subject", "entrypoint": "Entry"},
            {"binding": "CONSUMER", "service": "consumer"},
            {"binding": "LOOPED", "service": "looped"},
        ],
        "durable_objects": {
            "bindings": [{"name": "THING", "class_name": "Thing", "script_name": "subject"}]
        },
        "queues": {"producers": [{"binding": "Q", "queue": "q"}]},
    },
    "subject": {
        "tail_consumers": [{"service": "consumer"}],
        "durable_objects": THING,
        "queues": {"consumers": [QUEUE]},
    },
    "consumer": {},
    "looped": {"tail_consumers": [{"service": "looped"}]},
}

# A method's error is told where it was thrown, and not only where it was called.
WANTED = {"a method that fails", "a method of an object that fails"}
# Counters, tables and the like are told as texts.
WANTED |= {"other methods of the console"}
# The length of a body that comes from another Worker is known.
WANTED |= {"another method"}
# Miniflare's is told nothing; workerd's code says that it is.
WANTED |= {"a Worker that tails itself"}


def project(name: str) -> dict[str, object]:
    common = {"compatibility_date": COMPATIBILITY_DATE, "compatibility_flags": ["nodejs_compat"]}
    return {"name": name, "main": f"{name}.mjs", **common, **PROJECTS[name]}


@pytest.mark.slow
def test_tail_workers_are_told_the_same(tmp_path: Path) -> None:
    sources = [SHARED, *FOLDER.iterdir()]
    with miniflare(copied(sources, tmp_path / "miniflare"), COMPATIBILITY_DATE) as port:
        theirs = transcript(FIXTURE, port)
    folder, options = copied(sources, tmp_path / "holdfast"), []
    for name in [*PROJECTS][1:]:
        (folder / f"{name}.json").write_text(json.dumps(project(name)))
        options += ["--with", str(folder / f"{name}.json")]
    with holdfast(folder, project("main"), *options) as port:
        ours = transcript(FIXTURE, port)
    assert_alike(theirs, ours, WANTED)
