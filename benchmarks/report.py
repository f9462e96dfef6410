"""The result as RESULTS.md for people and results.json for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.compare import Settings, Side
from benchmarks.load import Run
from benchmarks.memory import Memory
from benchmarks.rows import MEMORY_AFTER, ROWS, Row

FOLDER = Path(__file__).parent
SHARE_WIDTH = 20

_TITLES = {row.name: row.title for row in ROWS}


def share(ours: float, theirs: float) -> str:
    """Our part of both together, as a bar whose middle means equal."""
    filled = round(SHARE_WIDTH * ours / (ours + theirs))
    return "█" * filled + "░" * (SHARE_WIDTH - filled)


def render(sides: Sequence[Side], rows: Sequence[Row]) -> str:
    """The tables in Markdown: throughput with latency, then memory and start-up."""
    return "\n".join([*_throughput(sides, rows), "", *_footprint(sides)])


def _throughput(sides: Sequence[Side], rows: Sequence[Row]) -> list[str]:
    compared = len(sides) == 2
    header = ["row"]
    for side in sides:
        header += [f"{side.name} req/s", "p50 ms", "p99 ms"]
    header += ["ratio", "bar", "Holdfast's share"] if compared else []
    lines = [_cells(header), _cells(["---", *["---:"] * (len(header) - 1)])]
    for row in rows:
        runs = [side.runs[row.name] for side in sides]
        lines.append(
            _cells([row.title, *_figures(runs), *(_verdict(runs, row) if compared else ())])
        )
    return lines


def _figures(runs: Sequence[Run]) -> list[str]:
    return [
        cell
        for run in runs
        for cell in (f"{run.requests_per_s:,.0f}", f"{run.p50_ms:.2f}", f"{run.p99_ms:.2f}")
    ]


def _verdict(runs: Sequence[Run], row: Row) -> list[str]:
    ours, theirs = (run.requests_per_s for run in runs)
    ratio = ours / theirs
    met = "✔" if ratio >= row.bar else "✘"
    return [f"{ratio:.2f}", f"≥ {row.bar:g} {met}", f"`{share(ours, theirs)}`"]


def _footprint(sides: Sequence[Side]) -> list[str]:
    lines = [
        _cells(["", *(side.name for side in sides)]),
        _cells(["---", *["---:"] * len(sides)]),
        _cells(["start-up to first answer, ms", *(f"{side.startup_ms:,.0f}" for side in sides)]),
    ]
    for after in MEMORY_AFTER:
        if all(after in side.memory for side in sides):
            cells = [_memory(side.memory[after]) for side in sides]
            lines.append(_cells([f"resident after “{_TITLES[after]}”, MB (PSS / RSS)", *cells]))
    return lines


def _memory(memory: Memory | None) -> str:
    return f"{memory.pss / 1e6:.0f} / {memory.rss / 1e6:.0f}" if memory else "not known here"


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_PAGE = """\
# Results

Written by `make bench` on {day}. The same script, `scripts/rows.mjs`, on both sides; wrk
{wrk} with {connections} connections; the best of {runs} runs of {seconds} s each, the sides
taking turns.

{tables}

The ratio is Holdfast's throughput to workerd's, and the bar is the ratio that the project
is content with. Memory is that of all processes of a side, after all rows up to the one
that is named.

## The same promise on both sides

Objects are kept on disk, and an increment is answered only when it is flushed. Counted by
strace:

{flushes}

## Where

{machine}
"""


def write(
    sides: Sequence[Side],
    settings: Settings,
    *,
    machine: Sequence[str],
    wrk: str,
    flushes: Sequence[str],
) -> None:
    """Replace benchmarks/RESULTS.md and benchmarks/results.json by a run of all rows."""
    versions = [f"{side.name}: {side.version}" for side in sides]
    page = _PAGE.format(
        day=datetime.now(UTC).date().isoformat(),
        wrk=wrk,
        tables=render(sides, ROWS),
        flushes=_list(flushes),
        machine=_list([*machine, *versions]),
        **asdict(settings),
    )
    (FOLDER / "RESULTS.md").write_text(page)
    told = {"settings": asdict(settings), "sides": [asdict(side) for side in sides]}
    (FOLDER / "results.json").write_text(json.dumps(told, indent=2) + "\n")


def write_section(title: str, text: str) -> None:
    """Put a section of its own into RESULTS.md, in place of the one with this title."""
    page = FOLDER / "RESULTS.md"
    sections = [
        section
        for section in page.read_text().split("\n## ")
        if not section.startswith(f"{title}\n")
    ]
    where = len(sections) - 1  # before the last, which tells of the machine
    sections.insert(where, f"{title}\n\n{text}\n")
    page.write_text("\n## ".join(sections))


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
