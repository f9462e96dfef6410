"""The same scripts on workerd and on Holdfast: what they observe is compared byte for byte."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.differential.origin import VARIABLE, Origin
from tests.differential.sides import HoldfastSide, ShardedSide, Side, WorkerdSide
from tests.differential.transcripts import transcript
from tests.differential.wanted import WANTED, Reason
from tests.differential.wording import OTHER_WORDS
from tests.differential.workers import Fixture, all_fixtures, all_workers

FIXTURES = all_fixtures()

# What is about objects runs on several processes as well.
SHARDED = {"objects", "rpc", "sockets"}

# What may be another there: what the fixture keeps in a module's variable, or hands to another
# isolate that must be the same, or decides by which of two events comes first.
OTHER_IN_SHARDS = {
    "objects/facets": {"a class that has been sent"},
    "objects/lifetime": {"a second call during abort"},
    "objects/turns": {"such as a call"},
    "sockets/hibernation": {"the object closes"},
    "rpc/disposal": {
        "object: a copy outlives its stub",
        "object: a promise that is disposed of",
        "object: a promise with its end",
        "object: a result that is disposed of",
        "object: an object that is disposed of",
        "object: results that are disposed of",
        "object: twice disposed of",
    },
}

Served = dict[type[Side], Side]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
    """Serves a Worker on both runtimes, and in shards; each is started once."""
    workers = all_workers()
    running: dict[str, Served] = {}
    origin = Origin()

    def started(name: str) -> Served:
        if name not in running:
            running[name] = sides = {}
            worker = workers[name].with_variable(VARIABLE, origin.url)
            kinds = [WorkerdSide, HoldfastSide, *([ShardedSide] if name in SHARDED else [])]
            for kind in kinds:
                sides[kind] = kind(worker, tmp_path_factory.mktemp(kind.__name__))
        return running[name]

    yield started
    for sides in running.values():
        for side in sides.values():
            side.kill()
    origin.close()


@pytest.mark.slow
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_both_runtimes_observe_the_same(fixture: Fixture, served: Callable[[str], Served]) -> None:
    sides = served(fixture.worker)
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda side: transcript(fixture, side.port), sides.values())
    seen = dict(zip(sides, found, strict=True))
    theirs, ours = seen[WorkerdSide], seen[HoldfastSide]
    sharded = seen.get(ShardedSide, ours)
    differing = {name for name in theirs | ours if theirs.get(name) != ours.get(name)}
    wanted = reasons_of(fixture)
    told = [
        f"{name}\n  workerd:  {theirs.get(name)}\n  holdfast: {ours.get(name)}"
        for name in sorted(differing - wanted.keys())
    ]
    assert not told, "\n".join(["they differ:", *told])
    gone = sorted(wanted.keys() - differing)
    assert not gone, f"strike from wanted.py or wording.py, they differ no more: {gone}"
    for name in OTHER_WORDS.get(fixture.name, ()):
        assert error_name(ours[name]) == error_name(theirs[name]), name
    may_differ = OTHER_IN_SHARDS.get(fixture.name, set())
    told = [
        f"{name}\n  in one process: {ours.get(name)}\n  in several:     {sharded.get(name)}"
        for name in (ours | sharded).keys() - may_differ
        if ours.get(name) != sharded.get(name)
    ]
    assert not told, "\n".join(["shards differ:", *told])


def reasons_of(fixture: Fixture) -> dict[str, Reason]:
    """Why which of the fixture's observations are to differ."""
    entries = WANTED.get(fixture.name, {})
    reasons = {name: reason for reason, names in entries.items() for name in names}
    return reasons | dict.fromkeys(OTHER_WORDS.get(fixture.name, ()), Reason.WORDING)


def error_name(observation: str) -> str:
    """`throws TypeError` of `throws TypeError: …`."""
    return observation.partition(":")[0]


def test_every_wanted_difference_is_of_a_fixture() -> None:
    assert {*WANTED, *OTHER_WORDS} <= {fixture.name for fixture in FIXTURES}


def test_every_reason_is_told_in_the_documentation_and_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
    assert [reason for reason in Reason if f"## {reason.value}\n" not in page] == []
    assert {reason for entries in WANTED.values() for reason in entries} == (
        set(Reason) - {Reason.WORDING}
    )
