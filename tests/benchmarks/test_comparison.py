"""The benchmark's own logic: what it reads from wrk, how it judges, which rows it runs.

The measuring itself is left to `make bench`.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare import Settings, Side
from benchmarks.figures import Figure
from benchmarks.load import LoadFailed, Run, parse_result, request_body
from benchmarks.memory import Memory, descendants, memory_of
from benchmarks.peers import Unavailable, Workerd
from benchmarks.process import Server, ServerFailed, free_port
from benchmarks.report import render, share, write, write_between, write_section
from benchmarks.rows import MEMORY_BARS, ROWS, Row, rows_named

WRK_OUTPUT = """\
Running 5s test @ http://127.0.0.1:1/hello
  1 threads and 32 connections
Requests/sec:   2000.00
{"requests": 10000, "duration_us": 5000000, "p50_us": 1500, "p99_us": 9000, "errors": %d}
"""


def side(name: str, requests_per_s: float) -> Side:
    measured = Side(name, "1")
    measured.runs = {row.name: Run(1, requests_per_s, 1.0, 2.0) for row in ROWS}
    measured.cpu_us = {"hello": 1_234.5}
    return measured


def test_a_run_is_read_from_the_last_line_of_wrk() -> None:
    assert parse_result(WRK_OUTPUT % 0) == Run(10_000, 2_000.0, 1.5, 9.0)


def test_a_run_with_failed_requests_counts_for_nothing() -> None:
    with pytest.raises(LoadFailed, match="3 of 10000"):
        parse_result(WRK_OUTPUT % 3)


def test_rows_run_in_the_order_of_the_report() -> None:
    assert [row.name for row in rows_named("read, hello")] == ["hello", "read"]


def test_an_unknown_row_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no such row: helo .*hello, read"):
        rows_named("helo")


def test_equal_sides_share_the_bar() -> None:
    assert share(5, 5) == "█" * 10 + "░" * 10


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("ours", [40.0, 90.0, 150.0, 250.0, 700.0])
def test_each_row_is_judged_by_its_bar(ours: float, workers: int) -> None:
    table = render([side("Holdfast", ours), side("workerd", 100.0)], ROWS, workers=workers)
    for row in ROWS:
        bar = row.bar.of(workers)
        verdict = "" if bar is None else f"≥ {bar:g} {'✔' if ours / 100 >= bar else '✘'}"
        p99 = "≤ 0.2 ✘" if row.has_p99_bar else ""
        assert re.search(
            rf"{row.title} .*\| {ours / 100:.2f} \| {verdict} \| 1.00 \| {p99} \|", table
        )


def test_memory_is_judged_by_its_bars() -> None:
    sides = [side("Holdfast", 1.0), side("workerd", 1.0)]
    for each, bytes_ in zip(sides, (20_000_000, 100_000_000), strict=True):
        each.memory = dict.fromkeys(MEMORY_BARS, Memory(rss=bytes_, pss=bytes_))
    one, two = (render(sides, ROWS, workers=workers) for workers in (1, 2))
    assert "| 20 / 20 | 100 / 100 | 0.20 | ≤ 0.3 ✔ |" in one
    assert "| 20 / 20 | 100 / 100 | 0.20 | ≤ 0.15 ✘ |" in one
    assert "| 20 / 20 | 100 / 100 | 0.20 | ≤ 0.25 ✔ |" in two


def test_cpu_time_is_told_of_the_rows_where_it_is_known() -> None:
    table = render([side("Holdfast", 1.0), side("workerd", 1.0)], ROWS, workers=1)
    assert "| hello world | 1,234 | 1,234 |\n\n" in table


def test_a_side_alone_is_reported_without_a_ratio() -> None:
    assert "ratio" not in render([side("workerd", 100.0)], ROWS, workers=None)


def test_two_sides_of_holdfast_are_not_judged() -> None:
    table = render([side("two", 100.0), side("one", 100.0)], ROWS, workers=None)
    assert "1.00" in table
    assert not {*"✔✘"} & {*table}


@pytest.mark.parametrize("row", rows_named("body, json"), ids=lambda row: row.name)
def test_a_body_is_as_large_as_its_row_says(row: Row) -> None:
    body = request_body(row)
    assert len(body) == row.megabytes * 1_000_000
    if row.body == "json":
        assert len(json.loads(body)) > 1_000


def test_a_missing_workerd_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_WORKERD", "/nowhere/workerd")
    with pytest.raises(Unavailable, match="HOLDFAST_WORKERD names no file"):
        Workerd().version()


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such script'); raise SystemExit(3)"]
    with pytest.raises(ServerFailed, match=r"ended with code 3:\nno such script"):
        Server(command, free_port(), tmp_path / "log")


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
def test_memory_counts_the_children_of_a_process() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    with subprocess.Popen(
        [shell, "-c", "exec 3<&0; cat <&3 & echo started; wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdout.readline()
        children = descendants(parent.pid)
        together, alone = memory_of(parent.pid), memory_of(children[0])
        parent.stdin.close()  # ends cat, and with it the shell
    assert len(children) == 1
    assert together is not None
    assert alone is not None
    assert together.rss > alone.rss > 0


def test_a_section_of_its_own_is_put_in_before_the_last_and_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text("# Results\n\ntext\n\n## Where\n\n- here\n")
    monkeypatch.setattr("benchmarks.report.FOLDER", tmp_path)
    for text in ("old", "new"):
        write_section("Own", text)
    assert page.read_text() == "# Results\n\ntext\n\n## Own\n\nnew\n\n## Where\n\n- here\n"


def test_a_figure_is_judged_by_its_bar() -> None:
    assert Figure("t", 4, "ms", 5).verdict == "≤ 5 ✔"
    assert Figure("t", 400, "MB/s", 500).verdict == "≥ 500 ✘"
    assert Figure("t", 3_001, "/s", 3_000).verdict == "≥ 3,000 ✔"
    assert Figure("t", 4, "ms").verdict == ""


def test_what_stands_between_two_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- here -->\nold\n<!-- /here -->\nafter\n")
    write_between(page, "here", "new")
    assert page.read_text() == "before\n<!-- here -->\n\nnew\n\n<!-- /here -->\nafter\n"


def test_a_complete_run_keeps_sections_that_others_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.report.FOLDER", tmp_path)
    sides = [side("Holdfast", 2.0), side("workerd", 1.0)]
    for _ in range(2):
        write(sides, Settings(), machine=["here"], wrk="4", flushes=["as often"])
        write_section("Own", "text")
    page = (tmp_path / "RESULTS.md").read_text()
    assert re.findall("^## (.*)$", page, re.MULTILINE) == [
        "The same promise on both sides",
        "Own",
        "Where",
    ]
