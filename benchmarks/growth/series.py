"""Measured points, how steep they are, and growth.json, which keeps them."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PATH = Path(__file__).parent.parent / "growth.json"

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """What something costs, by how much there is of something else."""

    title: str
    unit: str
    points: tuple[Point, ...]

    def exponent(self) -> float:
        """How steep the last tenfold growth is: 0 costs nothing more, 1 is linear."""
        last_x, last_y = self.points[-1]
        earlier = [(x, y) for x, y in self.points if x * 10 <= last_x] or [self.points[0]]
        x, y = earlier[-1]
        return math.log(last_y / y) / math.log(last_x / x)


@dataclass(frozen=True)
class Axis:
    """What grows, and the series that were measured along it."""

    name: str
    title: str
    series: tuple[Series, ...]


def load() -> dict[str, Axis]:
    """What was measured so far, by the axis's name."""
    if not PATH.exists():
        return {}
    return {name: _axis(name, told) for name, told in json.loads(PATH.read_text()).items()}


def save(axes: Sequence[Axis]) -> None:
    """Keep these, in place of earlier ones of the same name."""
    kept = load() | {axis.name: axis for axis in axes}
    told = {name: _told(kept[name]) for name in sorted(kept)}
    PATH.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def rounded(value: float) -> float:
    """Three digits that count."""
    return float(f"{value:.3g}")


def _told(axis: Axis) -> dict[str, object]:
    series = [
        asdict(each) | {"points": [[x, rounded(y)] for x, y in each.points]} for each in axis.series
    ]
    return {"title": axis.title, "series": series}


def _axis(name: str, told: dict[str, list[dict[str, list[list[float]]]]]) -> Axis:
    series = [
        Series(
            title=str(each["title"]),
            unit=str(each["unit"]),
            points=tuple((x, y) for x, y in each["points"]),
        )
        for each in told["series"]
    ]
    return Axis(name, str(told["title"]), tuple(series))
