"""Cron triggers of projects, in tests: they run when the harness's clock says so."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.testing import Harness
from holdfast.testing.clock import VirtualClock

SOURCE = """
const seen = [];
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/never") await new Promise(() => {});
    if (pathname === "/later") await scheduler.wait(160_000);
    return Response.json(seen);
  },
  async scheduled({ cron, scheduledTime }) {
    seen.push([cron, scheduledTime, Date.now()]);
    if (cron === "0 * * * *") throw new RangeError("failed on the hour");
  },
};
"""
START = datetime(2026, 3, 1, 11, 58, 30, tzinfo=UTC)
MINUTELY, HOURLY = "* * * * *", "0 * * * *"


def ms(hour: int, minute: int) -> float:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC).timestamp() * 1000


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "main.mjs").write_text(SOURCE)
    triggers = {"crons": [MINUTELY, HOURLY]}
    config = {"name": "main", "main": "main.mjs", "triggers": triggers}
    (tmp_path / "wrangler.json").write_text(json.dumps(config))
    return tmp_path


def test_triggers_run_as_they_fall_due(holdfast: Harness, project: Path) -> None:
    holdfast.clock.set(START)
    worker = holdfast.worker(project)
    holdfast.clock.advance(29)
    assert worker.fetch("/").json() == []
    holdfast.clock.advance(1)
    assert worker.fetch("/").json() == [[MINUTELY, ms(11, 59), ms(11, 59)]]
    holdfast.clock.advance(timedelta(hours=1))
    told = worker.fetch("/").json()
    assert all(scheduled == now for _, scheduled, now in told)
    assert [scheduled for cron, scheduled, _ in told if cron == HOURLY] == [ms(12, 0)]
    assert len(told) == 1 + 60 + 1


def test_a_trigger_that_fails_is_in_the_log(holdfast: Harness, project: Path) -> None:
    holdfast.clock.set(START)
    worker = holdfast.worker(project)
    holdfast.clock.advance(120)
    [line] = [line for line in worker.logs if line.level == "error"]
    assert "(in the trigger 0 * * * *) RangeError: failed on the hour" in line.text


def test_time_jumps_past_them_but_not_for_their_sake(holdfast: Harness, project: Path) -> None:
    holdfast.clock.set(START)
    worker = holdfast.worker(project)
    holdfast.settle()
    assert holdfast.clock.now == START
    told = worker.fetch("/later").json()
    assert [scheduled for cron, scheduled, _ in told if cron == MINUTELY] == [
        *(ms(11, 59), ms(12, 0), ms(12, 1))
    ]


def test_what_is_endless_is_called_on_the_way_to_others() -> None:
    clock = VirtualClock(0.0)
    clock.call_later(60, lambda: None, endless=True)
    assert clock.next_due_ms() is None
    assert clock.next_due_ms(jumps=False) == 60_000
    clock.call_later(90, lambda: None)
    assert clock.next_due_ms() == 60_000


def test_what_the_calendar_skips_does_not_run(holdfast: Harness, project: Path) -> None:
    worker = holdfast.worker(project)
    for hour in (20, 3):
        holdfast.clock.set(datetime(2026, 3, 1, hour, 0, 30, tzinfo=UTC))
        holdfast.clock.advance(30)
    assert [entry[1] for entry in worker.fetch("/").json()] == [ms(20, 1), ms(3, 1)]


def test_triggers_go_on_after_a_crash(holdfast: Harness, project: Path) -> None:
    holdfast.clock.set(START)
    worker = holdfast.worker(project)
    holdfast.crash()
    holdfast.clock.advance(30)
    assert len(worker.fetch("/").json()) == 1
