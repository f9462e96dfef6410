"""Programs that nobody wrote do the same on workerd and on Holdfast."""

from collections.abc import Iterator

import pytest

from tests.differential.hunt import AREAS, Both, Difference, Program, smallest

SEEDS = dict.fromkeys(AREAS, 50) | {"gates": 15, "facets": 15}  # whose programs take their time


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Both runtimes, serving the programs."""
    both = Both(tmp_path_factory.mktemp("programs"))
    yield both
    both.kill()


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_programs_made_from_seeds_do_the_same_on_both(area: str, both: Both) -> None:
    found = [
        found for seed in range(SEEDS[area]) if (found := both.compare(area, seed)) is not None
    ]
    assert not found, "\n".join(str(both.smallest(area, difference)) for difference in found[:3])


def test_what_differs_is_cut_down_to_its_smallest_form() -> None:
    def compare(program: Program) -> Difference | None:
        differs = '["b"]' in str(program).replace("'", '"')
        return Difference(program, ["theirs"], ["ours"]) if differs else None

    program = {"steps": [["a"], {"on": "x", "steps": [["a"], ["b"]]}, ["c"]], "more": [["d"]]}
    found = compare(program)
    assert found is not None
    cut = {"steps": [{"on": "x", "steps": [["b"]]}], "more": []}
    assert smallest(found, compare).program == cut
    assert str(smallest(found, compare)).endswith("workerd:  theirs\n  holdfast: ours")
