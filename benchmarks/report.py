"""The result as RESULTS.md for people and results.json for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.compare import Settings, Side
from benchmarks.figures import at_least, at_most
from benchmarks.load import Run
from benchmarks.memory import Memory
from benchmarks.rows import MEMORY_BARS, P99_BAR, ROWS, Row

FOLDER = Path(__file__).parent
SHARE_WIDTH = 20

_TITLES = {row.name: row.title for row in ROWS}


def share(ours: float, theirs: float) -> str:
    """Our part of both together, as a bar whose middle means equal."""
    filled = round(SHARE_WIDTH * ours / (ours + theirs))
    return "█" * filled + "░" * (SHARE_WIDTH - filled)


def render(sides: Sequence[Side], rows: Sequence[Row], *, workers: int | None) -> str:
    """The tables in Markdown: throughput with latency, CPU time, then memory and start-up.

    `workers` chooses the bars by which the first of two sides is judged; None judges nothing.
    """
    tables = (_throughput(sides, rows, workers), _cpu(sides, rows), _footprint(sides, workers))
    return "\n\n".join("\n".join(table) for table in tables if table)


def _throughput(sides: Sequence[Side], rows: Sequence[Row], workers: int | None) -> list[str]:
    header = ["row"]
    for side in sides:
        header += [f"{side.name}, req/s", "p50 ms", "p99 ms"]
    header += ["ratio", "bar", "of p99", "bar", "first's share"] if len(sides) == 2 else []
    lines = [_cells(header), _cells(["---", *["---:"] * (len(header) - 1)])]
    for row in rows:
        runs = [side.runs[row.name] for side in sides]
        cells = [row.title, *(cell for run in runs for cell in _figures(run, row))]
        if len(runs) == 2:
            cells += _ratios(runs[0], runs[1], row, workers)
        lines.append(_cells(cells))
    return lines


def _figures(run: Run, row: Row) -> list[str]:
    return [row.throughput(run.requests_per_s), f"{run.p50_ms:.2f}", f"{run.p99_ms:.2f}"]


def _ratios(ours: Run, theirs: Run, row: Row, workers: int | None) -> list[str]:
    speed, p99 = ours.requests_per_s / theirs.requests_per_s, ours.p99_ms / theirs.p99_ms
    p99_bar = P99_BAR if row.has_p99_bar and workers else None
    return [
        *(f"{speed:.2f}", at_least(speed, row.bar.of(workers))),
        *(f"{p99:.2f}", at_most(p99, p99_bar)),
        f"`{share(ours.requests_per_s, theirs.requests_per_s)}`",
    ]


def _cpu(sides: Sequence[Side], rows: Sequence[Row]) -> list[str]:
    """What a busy machine changes least; nothing where it is not known."""
    lines = [
        _cells(["CPU time of a request, µs", *(side.name for side in sides)]),
        _cells(["---", *["---:"] * len(sides)]),
    ]
    known = [row for row in rows if all(row.name in side.cpu_us for side in sides)]
    lines += (
        _cells([row.title, *(f"{side.cpu_us[row.name]:,.0f}" for side in sides)]) for row in known
    )
    return lines if known else []


def _footprint(sides: Sequence[Side], workers: int | None) -> list[str]:
    header = ["", *(side.name for side in sides)]
    header += ["ratio", "bar"] if len(sides) == 2 else []
    lines = [
        _cells(header),
        _cells(["---", *["---:"] * (len(header) - 1)]),
        _cells(["start-up to first answer, ms", *(f"{side.startup_ms:,.0f}" for side in sides)]),
    ]
    for after, bar in MEMORY_BARS.items():
        read = [side.memory[after] for side in sides if after in side.memory]
        if not read:
            continue
        cells = [f"resident after “{_TITLES[after]}”, MB (PSS / RSS)", *map(_memory, read)]
        if len(read) == 2 and read[0] and read[1]:
            ratio = read[0].pss / read[1].pss
            cells += [f"{ratio:.2f}", at_most(ratio, bar.of(workers))]
        lines.append(_cells(cells))
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

The ratios are Holdfast's figures to workerd's, and a bar is the ratio that the project is
content with. CPU time is that of all processes of a side, and that of a message or a broadcast
for WebSockets. Memory is that of all processes, too, after all rows up to the one that is named.

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
    """Write a run of all rows to RESULTS.md, whose other sections stay, and results.json."""
    versions = [f"{side.name}: {side.version}" for side in sides]
    page = _PAGE.format(
        day=datetime.now(UTC).date().isoformat(),
        wrk=wrk,
        tables=render(sides, ROWS, workers=1),
        flushes=_list(flushes),
        machine=_list([*machine, *versions]),
        **asdict(settings),
    )
    path = FOLDER / "RESULTS.md"
    others = _sections(path.read_text()) if path.exists() else {}
    path.write_text(page)
    for title, text in others.items():
        if title not in _sections(page):
            write_section(title, text)
    told = {"settings": asdict(settings), "sides": [asdict(side) for side in sides]}
    (FOLDER / "results.json").write_text(json.dumps(told, indent=2) + "\n")


def write_section(title: str, text: str) -> None:
    """Put a section of its own into RESULTS.md, in place of the one with this title."""
    path = FOLDER / "RESULTS.md"
    page = path.read_text()
    sections = _sections(page)
    last = sections.popitem() if title not in sections else None
    sections[title] = text
    if last:  # it tells of the machine, and stays the last
        sections[last[0]] = last[1]
    head = page.partition("\n## ")[0]
    path.write_text(head + "".join(f"\n## {each}\n\n{sections[each]}\n" for each in sections))


def write_between(path: Path, mark: str, text: str) -> None:
    """Replace what stands between two comments of a page, `<!-- mark -->` and `<!-- /mark -->`."""
    page = path.read_text()
    before, opening, rest = page.partition(f"<!-- {mark} -->\n")
    _, closing, after = rest.partition(f"<!-- /{mark} -->")
    assert opening and closing, f"{path} has no place for {mark}"
    path.write_text(f"{before}{opening}\n{text}\n\n{closing}{after}")


def _sections(page: str) -> dict[str, str]:
    """The text of each section by its title, in the page's order."""
    split = [section.partition("\n") for section in page.split("\n## ")[1:]]
    return {title: text.strip("\n") for title, _, text in split}


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
