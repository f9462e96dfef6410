"""What growth's points say, and how they are drawn."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.growth import series as kept
from benchmarks.growth.page import PAGE, render
from benchmarks.growth.plot import draw, short
from benchmarks.growth.series import Axis, Series, load, save

LINEAR = Series("linear", "ms", ((1, 2.0), (10, 20.0), (100, 200.0)))
FLAT = Series("flat", "ms", ((1, 9.0), (10, 8.0), (100, 8.0)))
AXIS = Axis("things", "things & more", (LINEAR, FLAT))
SVG = "{http://www.w3.org/2000/svg}"


def test_the_exponent_is_that_of_the_last_tenfold_growth() -> None:
    assert LINEAR.exponent() == pytest.approx(1)
    assert FLAT.exponent() == 0
    assert Series("late", "s", ((1, 1.0), (10, 1.0), (100, 100.0))).exponent() == pytest.approx(2)
    assert Series("few", "s", ((1, 1.0), (2, 2.0))).exponent() == pytest.approx(1)


def test_points_that_were_kept_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PATH", tmp_path / "growth.json")
    save([AXIS])
    save([Axis("another", "others", (FLAT,))])
    assert load() == {"another": Axis("another", "others", (FLAT,)), "things": AXIS}


def test_a_plot_is_the_same_for_the_same_points_and_has_every_one() -> None:
    assert draw(AXIS) == draw(AXIS)
    drawn = ET.fromstring(draw(AXIS))
    assert len(drawn.findall(f".//{SVG}circle")) == 6
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"linear", "flat", "ms", "things & more", "1", "10", "100"} <= {*texts}


def test_what_grows_linearly_lies_on_the_dashed_line() -> None:
    drawn = ET.fromstring(draw(AXIS))
    line = drawn.find(f".//{SVG}polyline[@class='line']")
    dashed = drawn.find(f".//{SVG}polyline[@class='linear']")
    ends = [
        [tuple(map(float, point.split(","))) for point in each.get("points").split()]
        for each in (line, dashed)
    ]
    (x0, y0), (x1, y1) = ends[0][0], ends[0][-1]
    (u0, v0), (u1, v1) = ends[1]
    assert (y1 - y0) / (x1 - x0) == pytest.approx((v1 - v0) / (u1 - u0), rel=0.01)


def test_ticks_are_short() -> None:
    assert [short(each) for each in (0.1, 10, 1e3, 1e6)] == ["0.1", "10", "1 k", "1 M"]


def test_every_kept_axis_has_its_plot_beside_the_page() -> None:
    axes = load()
    assert axes
    for axis in axes.values():
        assert (PAGE.parent / "growth" / f"{axis.name}.svg").read_text() == draw(axis)
    assert "\n".join(render(axes.values())) in PAGE.read_text()
