"""The same scripts on workerd and on Holdfast: what they observe is compared byte for byte."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.differential.origin import VARIABLE, Origin
from tests.differential.sides import HoldfastSide, Side, WorkerdSide
from tests.differential.transcripts import transcript
from tests.differential.wanted import WANTED, Reason
from tests.differential.wording import OTHER_WORDS
from tests.differential.workers import Fixture, all_fixtures, all_workers

FIXTURES = all_fixtures()

Pair = tuple[Side, Side]


@pytest.fixture(scope="session")
def pair_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Pair]]:
    """Serves a Worker on both runtimes; each is started once."""
    workers = all_workers()
    pairs: dict[str, Pair] = {}
    origin = Origin()

    def started(name: str) -> Pair:
        if name not in pairs:
            worker = workers[name].with_variable(VARIABLE, origin.url)
            peer = WorkerdSide(worker, tmp_path_factory.mktemp("workerd"))
            try:
                ours = HoldfastSide(worker, tmp_path_factory.mktemp("holdfast"))
            except BaseException:
                peer.kill()
                raise
            pairs[name] = (peer, ours)
        return pairs[name]

    yield started
    for pair in pairs.values():
        for side in pair:
            side.kill()
    origin.close()


@pytest.mark.slow
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_both_runtimes_observe_the_same(fixture: Fixture, pair_of: Callable[[str], Pair]) -> None:
    pair = pair_of(fixture.worker)
    with ThreadPoolExecutor() as pool:
        theirs, ours = pool.map(lambda side: transcript(fixture, side.port), pair)
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
