"""Series as an SVG: a panel for each, both axes logarithmic, with a line that is linear.

The same series give the same bytes. Colours follow the reader's dark or light surroundings.
"""

import math
from collections.abc import Iterable
from html import escape

from benchmarks.growth.series import Axis, Point, Series

PANEL, HEIGHT = 300, 250
COLUMNS = 3
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 40, 48
_WIDE, _HIGH = PANEL - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

_STYLE = """\
text { font: 11px system-ui, sans-serif; fill: #444 }
.title { font-weight: 600; fill: #222 }
.grid { stroke: #ddd }
.linear { stroke: #888; stroke-dasharray: 4 3; fill: none }
.line { stroke: #0b62c4; stroke-width: 2; fill: none }
.point { fill: #0b62c4 }
@media (prefers-color-scheme: dark) {
  text { fill: #bbb } .title { fill: #eee } .grid { stroke: #444 } .linear { stroke: #999 }
  .line { stroke: #6cb2ff } .point { fill: #6cb2ff }
}"""

_LARGE = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def draw(axis: Axis) -> str:
    """The SVG's text."""
    width = PANEL * min(len(axis.series), COLUMNS)
    height = HEIGHT * math.ceil(len(axis.series) / COLUMNS)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(_description(axis))}</title>",
        f"<style>{_STYLE}</style>",
    ]
    for number, series in enumerate(axis.series):
        row, column = divmod(number, COLUMNS)
        lines.append(f'<g transform="translate({column * PANEL} {row * HEIGHT})">')
        lines += _panel(series, axis.title)
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _description(axis: Axis) -> str:
    return f"{', '.join(series.title for series in axis.series)}, by {axis.title}"


def _panel(series: Series, x_title: str) -> Iterable[str]:
    xs = _Scale((x for x, _ in series.points), is_fitted=True)
    ys = _Scale(y for _, y in series.points)

    def place(point: Point) -> str:
        x, y = xs.share(point[0]) * _WIDE, (1 - ys.share(point[1])) * _HIGH
        return f"{LEFT + x:.1f},{TOP + y:.1f}"

    yield f'<text class="title" x="{LEFT}" y="16">{escape(series.title)}</text>'
    yield f'<text x="{LEFT}" y="31">{escape(series.unit)}</text>'
    yield f'<text x="{LEFT + _WIDE}" y="{HEIGHT - 8}" text-anchor="end">{escape(x_title)}</text>'
    for tick in ys.ticks:
        y = f"{TOP + _HIGH - ys.share(tick) * _HIGH:.1f}"
        yield f'<line class="grid" x1="{LEFT}" x2="{LEFT + _WIDE}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end">{short(tick)}</text>'
    for tick in xs.ticks:
        x = f"{LEFT + xs.share(tick) * _WIDE:.1f}"
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{TOP + _HIGH}"/>'
        yield f'<text x="{x}" y="{TOP + _HIGH + 16}" text-anchor="middle">{short(tick)}</text>'
    yield f'<text x="{LEFT + _WIDE}" y="31" text-anchor="end">- - linear</text>'
    yield f'<polyline class="linear" points="{" ".join(map(place, _linear(series, xs, ys)))}"/>'
    yield f'<polyline class="line" points="{" ".join(map(place, series.points))}"/>'
    for point in series.points:
        x, y = place(point).split(",")
        yield f'<circle class="point" cx="{x}" cy="{y}" r="3"/>'


class _Scale:
    """A logarithmic axis: from one power of ten to another, or just around a few values."""

    def __init__(self, values: Iterable[float], *, is_fitted: bool = False) -> None:
        found = sorted(set(values))
        if is_fitted and found[-1] < found[0] * 10:
            self.ticks = found
        else:
            low = math.floor(math.log10(found[0]))
            high = max(math.ceil(math.log10(found[-1])), low + 1)
            self.ticks = [float(f"1e{power}") for power in range(low, high + 1)]
        self.low, self.high = math.log10(self.ticks[0]), math.log10(self.ticks[-1])

    def share(self, value: float) -> float:
        """Where a value lies between both ends, from 0 to 1."""
        return (math.log10(value) - self.low) / (self.high - self.low)


def _linear(series: Series, xs: _Scale, ys: _Scale) -> tuple[Point, Point]:
    """A line through the last point, as long as the panel has room: all that is linear runs so."""
    last_x, last_y = series.points[-1]
    down = min(math.log10(last_x) - xs.low, math.log10(last_y) - ys.low)
    up = min(xs.high - math.log10(last_x), ys.high - math.log10(last_y))
    return (last_x / 10**down, last_y / 10**down), (last_x * 10**up, last_y * 10**up)


def short(value: float) -> str:
    """A number as a tick tells it: 0.01, 10, 1 k, 100 M."""
    for size, letter in _LARGE:
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
