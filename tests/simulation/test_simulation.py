"""The simulation holds what Holdfast promises, and notices where a promise is broken."""

import os

import pytest

from tests.simulation.broken import BROKEN, Broken
from tests.simulation.history import History
from tests.simulation.programs import Request
from tests.simulation.world import simulate

# More of them by hand: `python -m tests.simulation --seeds 5000`.
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "40"))
# Those that have found something, in their time.
FOUND = (255, 1237, 1351, 1374, 11563, 1275)
SEEDS_TO_NOTICE = 40


@pytest.mark.slow
def test_what_is_promised_holds_whatever_happens() -> None:
    seeds = (*range(SEEDS), *FOUND)
    wrong = [outcome.report() for outcome in map(simulate, seeds) if outcome.history.wrong]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_a_seed_does_the_same_again() -> None:
    first, second, other = simulate(1), simulate(1), simulate(2)
    assert first.digest == second.digest != other.digest
    assert first.history.counts["power losses"] and first.history.counts["answered"]


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.what)
def test_it_is_noticed_that(broken: Broken) -> None:
    with broken.in_place() as platform:
        for seed in (broken.seed, *range(SEEDS_TO_NOTICE)):
            outcome = simulate(seed, platform=platform)
            if any(broken.told in line for line in outcome.history.wrong):
                assert f"--seed {seed} --trace" in outcome.report()
                return
    pytest.fail(f"{SEEDS_TO_NOTICE} seeds notice nothing")


def test_an_answer_is_held_to_what_was_known_when_it_was_asked_for() -> None:
    history, read = History(), Request("ann", "rpc", [["read"]], [], [])
    early = history.asks(read)
    added = Request("ann", "rpc", [], [("ann", "a", "ann-1")], [])
    history.answered(added, {"a": ["ann-1"]}, history.asks(added))
    history.answered(read, {}, early)
    assert not history.wrong
    history.answered(read, {}, history.asks(read))
    assert "has lost ['ann-1']" in history.wrong[0]
