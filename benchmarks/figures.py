"""Figures that are judged by a bar, and their table."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

REPEATS = 9


@dataclass(frozen=True)
class Figure:
    """One measured figure and the bar that it is to keep: below it, or above it for speeds."""

    title: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def verdict(self) -> str:
        """The bar, and whether it is kept; empty where there is none."""
        judge = at_least if self.unit.endswith("/s") else at_most
        return judge(self.value, self.bar)


def at_least(value: float, bar: float | None) -> str:
    """The bar, and whether the value keeps it; empty where there is none."""
    return "" if bar is None else f"≥ {bar:,g} {'✔' if value >= bar else '✘'}"


def at_most(value: float, bar: float | None) -> str:
    """The bar, and whether the value keeps it; empty where there is none."""
    return "" if bar is None else f"≤ {bar:,g} {'✔' if value <= bar else '✘'}"


def table(figures: Sequence[Figure]) -> str:
    """The figures in Markdown."""
    lines = ["| what | figure | bar |", "| --- | ---: | ---: |"]
    lines += [f"| {f.title} | {f.value:,.2f} {f.unit} | {f.verdict} |" for f in figures]
    return "\n".join(lines)


def best(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds that one call takes, of the best of some."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
