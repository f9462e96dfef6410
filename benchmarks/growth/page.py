"""The plots, and a table of how steep they are, in docs/performance.md."""

from collections.abc import Iterable

from benchmarks.growth.plot import draw, short
from benchmarks.growth.series import Axis, load, rounded
from benchmarks.peers.base import REPOSITORY
from benchmarks.report import write_between

PAGE = REPOSITORY / "docs" / "performance.md"
FOLDER = REPOSITORY / "docs" / "growth"
MARK = "benchmarks.growth"


def write() -> None:
    """Draw what growth.json has."""
    axes = load().values()
    FOLDER.mkdir(exist_ok=True)
    for axis in axes:
        (FOLDER / f"{axis.name}.svg").write_text(draw(axis))
    write_between(PAGE, MARK, "\n".join(render(axes)))


def render(axes: Iterable[Axis]) -> Iterable[str]:
    """Images and the table, in Markdown."""
    rows = []
    for axis in axes:
        titles = ", ".join(series.title for series in axis.series)
        yield f"![{titles}, by {axis.title}](growth/{axis.name}.svg)\n"
        for series in axis.series:
            (first, least), (last, most) = series.points[0], series.points[-1]
            rows.append(
                f"| {axis.title}, {short(first)} to {short(last)} | {series.title}, {series.unit} "
                f"| {rounded(least):,g} | {rounded(most):,g} | {series.exponent():.2f} |"
            )
    yield "| what grows | what it costs | first | last | exponent |"
    yield "| --- | --- | ---: | ---: | ---: |"
    yield from rows
