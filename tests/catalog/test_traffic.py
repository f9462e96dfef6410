"""Which version has which points, and keeps them."""

import pytest

from holdfast.catalog.traffic import Share, Traffic, point_of


def gradual(first: str, percentage: float, second: str) -> Traffic:
    return Traffic((Share(first, percentage), Share(second, 100 - percentage)))


def test_points_are_spread_evenly_and_the_same_everywhere() -> None:
    points = sorted(point_of(f"user-{number}") for number in range(2_000))
    assert points[0] >= 0 and points[-1] < 100
    assert all(abs(point - place / 20) < 4 for place, point in enumerate(points))
    assert point_of("foo") == pytest.approx(9.028433997)
    assert 0 <= point_of("\ud800") < 100


def test_a_version_takes_its_percentage_of_the_points() -> None:
    for percentage, versions in ((0, "BBBB"), (30, "ABBB"), (100, "AAAA")):
        traffic = gradual("A", percentage, "B")
        assert "".join(traffic.version_at(point) for point in (0, 30, 60, 99.999)) == versions
    assert Traffic.whole("A").version_at(99.999) == "A"


@pytest.mark.parametrize(
    ("before", "wanted", "order"),
    [
        (Traffic.whole("A"), gradual("B", 20, "A"), ("B", "A")),
        (gradual("B", 20, "A"), gradual("A", 50, "B"), ("B", "A")),
        (gradual("B", 20, "A"), gradual("B", 50, "A"), ("B", "A")),
        (gradual("B", 20, "A"), gradual("C", 50, "B"), ("B", "C")),
        (gradual("B", 20, "A"), gradual("A", 50, "C"), ("C", "A")),
        (gradual("B", 20, "A"), gradual("C", 50, "D"), ("C", "D")),
        (gradual("B", 20, "A"), Traffic.whole("A"), ("A",)),
    ],
)
def test_a_version_that_goes_on_keeps_its_end(
    before: Traffic, wanted: Traffic, order: tuple[str, ...]
) -> None:
    arranged = wanted.after(before)
    assert arranged.versions == order
    assert sorted(arranged.shares) == sorted(wanted.shares)
